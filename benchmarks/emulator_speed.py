"""Guest instructions a second: the embedded engine beside the peers that are installed.

``python benchmarks/emulator_speed.py`` assembles one loop of the kind that kernels are made of
(two loads, two multiply-accumulates, counting, and a store for every sixteen of them), runs it
everywhere and prints a table. Peers: ``qemu-system-arm`` (machine mps2-an500, a Cortex-M7) and
``renode``, where they are on the path; both without any timing model. Time is the processor's,
not the wall's, so that a busy machine disturbs less; each figure is the best of three. Figures of
one run are ratios of one machine: compare them with each other, not with those of another day.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dvfs_kernel.boards.emulator.machine import Machine, MachineOptions
from dvfs_kernel.boards.emulator.repl import PlatformDescription

ROOT = Path(__file__).resolve().parents[1]
BOARD = ROOT / "renode_platform" / "nucleo_f767zi.repl"
COMPILER = [
    sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf",
    "-mcpu=cortex_m7+fp_armv8d16", "-nostdlib", "-Wl,-e,reset",
]  # fmt: skip
REPEATS = 3
INNER = 16
OUTER = 64
# Instructions of one pass over the data: the inner loop, and what is around it.
PASS_INSTRUCTIONS = OUTER * (INNER * 6 + 4) + 5

SOURCE = """
.syntax unified
.thumb
.section .vectors, "a"
.word {stack}
.word reset
.space 13 * 4
.word tick_stub
.text
.thumb_func
tick_stub: bx lr
.thumb_func
.global reset
reset:
  {setup}
  ldr r8, ={passes}
pass:
  ldr r0, ={data}
  ldr r1, ={data} + 0x4000
  ldr r2, ={data} + 0x8000
  movs r7, #{outer}
outer:
  movs r3, #0
  movs r6, #{inner}
inner:
  ldr r4, [r0], #4
  ldr r5, [r1], #4
  smlad r3, r4, r5, r3
  smladx r3, r4, r5, r3
  subs r6, #1
  bne inner
  str r3, [r2], #4
  subs r7, #1
  bne outer
  subs r8, #1
  bne pass
  {end}
"""
LINK = "SECTIONS {{ . = {code}; .text : {{ KEEP(*(.vectors)) *(.text*) }} }}"
CACHES_ON = "ldr r0, =0xE000ED14\n ldr r1, =0x00070200\n str r1, [r0]\n dsb\n isb"
SYSTICK = "\n ldr r0, =0xE000E010\n ldr r1, =15999\n str r1, [r0, #4]\n movs r1, #7\n str r1, [r0]"
SEMIHOSTING_EXIT = "movs r0, #0x18\n ldr r1, =0x20026\n bkpt #0xAB\n b ."


def assemble(folder: Path, name: str, passes: int, **where: str) -> Path:
    """Assemble the loop for a memory map."""
    fields = {"inner": INNER, "outer": OUTER, "passes": passes, **where}
    (folder / f"{name}.S").write_text(SOURCE.format(**fields))
    (folder / f"{name}.ld").write_text(LINK.format(**fields))
    elf = folder / f"{name}.elf"
    subprocess.run(
        [*COMPILER, f"-Wl,-T,{name}.ld", f"{name}.S", "-o", elf.name], cwd=folder, check=True
    )
    return elf


def ours(folder: Path, seconds: float, *, caches: bool, everything: bool) -> float:
    """Return MIPS of the embedded engine."""
    setup = (CACHES_ON if caches else "nop") + (SYSTICK if everything else "")
    elf = assemble(
        folder, f"ours{caches}{everything}", 0x7FFFFFFF, code="0x08000000", stack="0x20010000",
        data="0x20020000", setup=setup, end="b .",
    )  # fmt: skip
    machine = Machine(PlatformDescription.load(BOARD), MachineOptions(caches=caches))
    machine.load_elf(elf)
    machine.reset()
    machine.run(for_s=0.05)  # translation and the costs of the blocks
    best = 0.0
    for _ in range(REPEATS):
        before = machine.counters.instructions
        started = time.process_time()
        while time.process_time() - started < seconds / REPEATS:
            machine.run(for_s=0.1)
        done = machine.counters.instructions - before
        best = max(best, done / (time.process_time() - started) / 1e6)
    return best


def timed(command: list[str], folder: Path) -> float:
    """Return the processor seconds that a command takes."""
    started = _children_s()
    environment = {**os.environ, "TERM": "dumb"}
    subprocess.run(
        command, cwd=folder, check=False, capture_output=True, stdin=subprocess.DEVNULL,
        timeout=600, env=environment,
    )  # fmt: skip
    return _children_s() - started


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def qemu(folder: Path, seconds: float) -> float | None:
    """Return MIPS of QEMU; the time of an almost empty run is taken off."""
    program = shutil.which("qemu-system-arm")
    if program is None:
        return None

    def run(passes: int) -> float:
        elf = assemble(
            folder, f"qemu{passes}", passes, code="0", stack="0x20010000", data="0x20020000",
            setup="nop", end=SEMIHOSTING_EXIT,
        )  # fmt: skip
        return timed(
            [program, "-M", "mps2-an500", "-nographic", "-semihosting", "-kernel", elf.name], folder
        )

    few = 10
    passes = max(int(seconds * 400e6 / PASS_INSTRUCTIONS), 100)
    shortest = min(run(few) for _ in range(REPEATS))
    longest = min(run(passes) for _ in range(REPEATS))
    return (passes - few) * PASS_INSTRUCTIONS / (longest - shortest) / 1e6


def renode(folder: Path, seconds: float) -> float | None:
    """Return MIPS of Renode; the time of a short run is taken off."""
    program = shutil.which("renode")
    if program is None:
        return None
    elf = assemble(
        folder, "renode", 0x7FFFFFFF, code="0x08000000", stack="0x20010000", data="0x20020000",
        setup="nop", end="b .",
    )  # fmt: skip

    def run(virtual_s: float) -> float:
        script = folder / "run.resc"
        script.write_text(
            "mach create\n"
            f"machine LoadPlatformDescription @{BOARD}\n"
            "cpu PerformanceInMips 100\n"
            f"sysbus LoadELF @{elf}\n"
            "cpu VectorTableOffset 0x08000000\n"
            f'emulation RunFor "{virtual_s:.3f}"\n'
            "quit\n"
        )
        return timed([program, "--disable-xwt", "--console", "-e", f"i @{script}; quit"], folder)

    # Its start alone takes seconds of the processor: only a long run says something.
    short, seconds = 0.01, 5 * seconds
    shortest = min(run(short) for _ in range(REPEATS))
    longest = min(run(seconds) for _ in range(REPEATS))
    return (seconds - short) * 100e6 / (longest - shortest) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="per figure, about")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emulator-speed-") as name:
        folder = Path(name)
        rows: list[tuple[str, float | None]] = [
            ("embedded engine, no caches", ours(folder, arguments.seconds, caches=False,
                                                everything=False)),
            ("embedded engine, caches", ours(folder, arguments.seconds, caches=True,
                                             everything=False)),
            ("embedded engine, everything", ours(folder, arguments.seconds, caches=True,
                                                 everything=True)),
            ("qemu-system-arm, no timing", qemu(folder, arguments.seconds)),
            ("renode, no timing", renode(folder, arguments.seconds)),
        ]  # fmt: skip
    print(f"{'':32}{'MIPS':>8}")
    for label, mips in rows:
        print(f"{label:32}{mips:8.1f}" if mips is not None else f"{label:32}{'absent':>8}")


if __name__ == "__main__":
    main()
