"""Small programs for the bare core: assembled, loaded, run."""

import subprocess
import sys
from pathlib import Path

import pytest

from dvfs_kernel.boards.emulator.machine import Machine, MachineOptions
from dvfs_kernel.boards.emulator.repl import PlatformDescription

PLATFORM = Path(__file__).parents[4] / "renode_platform"
RESULTS = 0x20000000
STACK_TOP = 0x20010000

LINK_SCRIPT = """
ENTRY(reset)
SECTIONS {
  . = 0x08000000;
  .text : { KEEP(*(.vectors)) *(.text*) }
  /DISCARD/ : { *(.ARM*) }
}
"""

HANDLERS = [
    "nmi", "hard_fault", "mem_manage", "bus_fault", "usage_fault", None, None, None, None,
    "svcall", "debug_monitor", None, "pend_sv", "systick", *(f"irq{i}" for i in range(32)),
]  # fmt: skip

PROLOGUE = """
.syntax unified
.thumb
.equ RESULTS, 0x20000000
.equ SCS, 0xE000E000
.macro put register, index
  ldr r12, =RESULTS + 4 * \\index
  str \\register, [r12]
.endm
.macro poke address, value
  ldr r12, =\\address
  ldr r11, =\\value
  str r11, [r12]
.endm
.macro fpu_on
  poke 0xE000ED88, 0x00F00000
  dsb
  isb
.endm
.macro caches_on
  poke 0xE000ED14, 0x00070200
  dsb
  isb
.endm
.section .vectors, "a"
.word 0x20010000
.word reset
"""


def vector_table():
    lines = []
    for name in HANDLERS:
        if name is None:
            lines.append(".word 0")
        else:
            lines += [f".weak {name}", f".word {name}"]
    return "\n".join(lines)


class Program:
    """A machine with a small program in flash."""

    def __init__(self, elf, description, options):
        self.machine = Machine(description, options)
        self.machine.load_elf(elf)
        self.machine.reset()

    def run(self, seconds=1e-3, **limits):
        return self.machine.run(for_s=seconds, **limits)

    def words(self, count, address=RESULTS):
        data = self.machine.read_memory(address, 4 * count)
        return [int.from_bytes(data[i : i + 4], "little") for i in range(0, 4 * count, 4)]


@pytest.fixture(scope="session")
def description():
    return PlatformDescription.load(PLATFORM / "nucleo_f767zi.repl")


@pytest.fixture(scope="session")
def assemble(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    (folder / "link.ld").write_text(LINK_SCRIPT)
    known = {}

    def build(source):
        if source not in known:
            text = f"{PROLOGUE}{vector_table()}\n.text\n.thumb_func\n{source}\n"
            path = folder / f"program{len(known)}.S"
            path.write_text(text)
            elf = path.with_suffix(".elf")
            command = [
                sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf",
                "-mcpu=cortex_m7+fp_armv8d16", "-nostdlib", "-Wl,-T,link.ld", "-Wl,-e,reset",
                path.name, "-o", elf.name,
            ]  # fmt: skip
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            known[source] = elf.read_bytes()
        return known[source]

    return build


@pytest.fixture
def program(assemble, description):
    def make(source, **options):
        return Program(assemble(source), description, MachineOptions(**options))

    return make
