"""The firmware's checks and kernels compiled for the host, under sanitizers.

``host/`` stands in for the board: memories where the board has them, with guards around, a line,
and models of the code that images bring. Inline assembly is translated by `inline_assembly`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import firmware_board
import firmware_build
from inline_assembly import translate

from dvfs_kernel.image.forms import possible_forms, with_forms
from dvfs_kernel.link.abi_layout import SCALAR_BYTES, load_layout
from dvfs_kernel.networks.layers.weighted import FORMS, PACKED

build = firmware_build.load()

__all__ = [
    "ANSWERS",
    "CHANNEL_NUMBERS",
    "HostFirmware",
    "compile_fuzzer",
    "compile_library",
    "fields_header",
    "missing_compiler",
    "valid_images",
]

HOST = Path(__file__).with_name("host")
FIRMWARE = firmware_build.FIRMWARE
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_TRANSLATED = (
    *("network/image.c", "network/schedule.c", "link/frame.c", "link/crc32.c"),
    *("commands/commands.c", "commands/data_commands.c", "clocks/clock_plan.c"),
    *("run/inference.c", "run/window.c", "sensor/current.c"),
)
# What layers are run by: the guard of board.c goes ahead of it.
_RENAMED = {"kernels.c": ("-Dkernel_run=firmware_kernel_run",)}
# What the firmware gives; all other records of abi.toml are what it is given.
ANSWERS = frozenset({
    "error_reply", "hello_reply", "run_reply", "profile_record", "clock_probe_reply",
    "ina219_reply", "current_reply", "current_sample", "fault_report",
})  # fmt: skip
# The numbers of a channel, which layers find by their offsets.
CHANNEL_NUMBERS = ("bias", "multiplier", "shift")


def missing_compiler() -> str:
    """Tell why the host cannot compile with sanitizers; empty where it can."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return "needs gcc, a C compiler for the host"
    with tempfile.TemporaryDirectory(prefix="firmware-") as folder:
        source, program = Path(folder) / "t.c", Path(folder) / "t"
        source.write_text("int main(void) { return 0; }\n", encoding="utf-8")
        command = [compiler, *SANITIZE, str(source), "-o", str(program)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return "needs a gcc with address and undefined-behaviour sanitizers"
        if os.uname().machine != "x86_64" or subprocess.run([program], check=False).returncode:
            return "needs a host where the sanitizers leave the board's addresses free: x86-64"
    return ""


@dataclass(frozen=True)
class HostFirmware:
    """A program of ``host/``, compiled."""

    program: Path

    def fuzz(self, seed: int, first: int, count: int, images: tuple[Path, ...]) -> list[str]:
        """Return the command that tries images by their numbers; see ``host/fuzz.c``."""
        return [str(self.program), str(seed), str(first), str(count), *map(str, images)]

    def sweep(self, seed: int, images: int) -> list[str]:
        """Return the command that tries every member of every record; see ``host/sweep.h``."""
        return [str(self.program), "members", str(seed), str(images)]

    def infer(self, image: Path, data: Path) -> bytes:
        """Run an image with an input; return the bytes of its first output."""
        command = [self.program, "infer", str(image), str(data)]
        return subprocess.run(command, capture_output=True, check=True).stdout


def compile_fuzzer(folder: Path) -> HostFirmware:
    """Compile the firmware with the fuzzer into a folder.

    Raises
    ------
    RuntimeError
        The compiler found an error; the message is its own.
    """
    include = _includes(folder)
    sources = [
        *sorted((FIRMWARE / "kernels").glob("*.c")),
        *(FIRMWARE / "src" / name for name in _TRANSLATED),
    ]
    objects = []
    for source in sources:
        translated = _translated(source, folder, include)
        objects.append(_compile(translated, ["-include", str(HOST / "operands.h")]))
    objects += [
        _compile(source, include, folder / f"{source.stem}.host.o")
        for source in sorted(HOST.glob("*.c"))
    ]
    program = folder / "fuzz"
    _run(["gcc", *SANITIZE, *map(str, objects), "-o", str(program)])
    return HostFirmware(program)


def compile_library(source: Path, folder: Path) -> Path:
    """Compile one file of the firmware for functions of it that call nothing of other files."""
    translated, library = _translated(source, folder, _includes(folder)), folder / "library.so"
    options = ["-std=gnu11", "-O0", "-w", "-shared", "-fPIC", "-Wl,-z,lazy"]
    _run(
        ["gcc", *options, "-include", str(HOST / "operands.h"), str(translated), "-o", str(library)]
    )
    return library


def _includes(folder: Path) -> list[str]:
    """Write the generated headers to a folder; return where the compiler finds all of them."""
    headers = folder / "headers"
    build.write_headers(headers)
    (headers / "fields.h").write_text(fields_header(), encoding="utf-8")
    return [f"-I{HOST}", f"-I{FIRMWARE / 'src'}", f"-I{FIRMWARE}", f"-I{headers}"]


def _translated(source: Path, folder: Path, include: list[str]) -> Path:
    """Return a copy of a file whose inline assembly is C."""
    renamed = _RENAMED.get(source.name, ())
    options = ["-std=gnu11", "-E", "-include", str(HOST / "assembly.h"), *renamed, *include]
    translated = folder / f"{source.stem}.translated.c"
    translated.write_text(translate(_run(["gcc", *options, str(source)])), encoding="utf-8")
    return translated


def valid_images(folder: Path) -> tuple[Path, ...]:
    """Write images of the small network to a folder, in every form that its layers can have."""
    network = firmware_board.small_network()
    found = []
    for form in FORMS:
        forms = {
            number: form if form in allowed else PACKED
            for number, layer in enumerate(network.layers)
            if (allowed := possible_forms(layer, network.tensors))
        }
        path = folder / f"{form}.bin"
        path.write_bytes(firmware_board.image_of(with_forms(network, forms)).data)
        found.append(path)
    return tuple(found)


def _compile(source: Path, options: list[str], output: Path | None = None) -> Path:
    output = output or source.with_suffix(".o")
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-pointer-to-int-cast"]
    plain = ["-std=gnu11", "-O1", "-g", "-fno-omit-frame-pointer", *SANITIZE, *warnings]
    _run(["gcc", *plain, *options, "-c", str(source), "-o", str(output)])
    return output


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _members(struct: str, start: int = 0, name: str = "") -> list[tuple[str, int, int]]:
    """Return name, place and bytes of each scalar in a record of ``abi.toml``."""
    structs = load_layout().structs
    found = []
    for field in structs[struct].fields:
        size = SCALAR_BYTES.get(field.base) or structs[field.base].size
        for number in range(field.count or 1):
            at = start + field.offset + number * size
            full = f"{name or struct}.{field.name}" + (f"[{number}]" if field.count else "")
            nested = field.base in structs
            found += _members(field.base, at, full) if nested else [(full, at, size)]
    return found


def fields_header() -> str:
    """Tables of members, by record, from ``abi.toml``."""
    records = {name: _members(name) for name in load_layout().structs if name not in ANSWERS} | {
        "number": [(f"number.{name}", 0, 4) for name in CHANNEL_NUMBERS]
    }
    lines = ["#ifndef FIELDS_H", "#define FIELDS_H", '#include "draw.h"']
    lines.append("#define FIELD_COUNT(fields) ((uint32_t)(sizeof(fields) / sizeof(fields)[0]))")
    number = 0
    for record, found in records.items():
        lines.append(f"static const field_t {record}_fields[] __attribute__((unused)) = {{")
        for name, at, size in found:
            lines.append(f'{{"{name}", {number}, {at}, {size}}},')
            number += 1
        lines.append("};")
    lines.append(f"#define FIELDS_TOTAL {number}")
    tables = ", ".join(f"{{{name}_fields, FIELD_COUNT({name}_fields)}}" for name in records)
    lines.append("static const struct { const field_t *fields; uint32_t count; }")
    lines.append(f"all_fields[] __attribute__((unused)) = {{{tables}}};")
    return "\n".join([*lines, "#endif", ""])
