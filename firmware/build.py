"""Builds the firmware: ``python firmware/build.py`` writes ``dvfs_kernel/image/firmware.elf``.

The same source gives the same bytes on every machine: the default compiler is the pinned
``ziglang`` wheel, no path, date or debug information goes into the ELF, and everything that C needs
to know of the byte layout, the registers and the memory map is generated from the files that the
Python side reads. Only the standard library is used, so that it runs in pip's isolated build
environment.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent
ROOT = FIRMWARE.parent
sys.path[:0] = [str(FIRMWARE), str(ROOT)]

from abi_header import abi_header  # noqa: E402  (the path has to be set first)
from datasheet_header import datasheet_header  # noqa: E402
from registers_header import registers_header  # noqa: E402

from dvfs_kernel.link.abi_layout import load_layout  # noqa: E402

OUTPUT = ROOT / "dvfs_kernel" / "image" / "firmware.elf"
BENCHMARKS = ROOT / "dvfs_kernel" / "evidence" / "validation" / "benchmarks.elf"
HEADERS = ROOT / "build" / "firmware"
LINK_SCRIPT = Path("link.ld")
TOOLCHAINS = ("zig", "gcc")

_ZIG = [
    *(sys.executable, "-m", "ziglang", "cc"),
    *("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7+fp_armv8d16"),
    "-fno-sanitize=all",
]
_GCC = [
    "arm-none-eabi-gcc",
    *("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
]
_COMPILE = [
    *("-std=c11", "-O2", "-g0", "-ffreestanding", "-fno-math-errno", "-fno-ident"),
    *("-ffunction-sections", "-fdata-sections", "-fno-common", "-fomit-frame-pointer"),
    *("-fno-stack-protector", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"),
    *("-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wundef", "-Wvla", "-Wstrict-prototypes"),
    *("-Wmissing-prototypes", "-Wpointer-arith", "-Wcast-align", "-Wwrite-strings"),
    *("-Wconversion", "-Wsign-conversion", "-Wcast-qual", "-Wimplicit-fallthrough"),
]
_INCLUDE = ["-Isrc", "-I."]  # "clocks/lptim.h", "kernels/matrix.h": an include names the folder
_LINK = [
    "-nostdlib",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,-e,Reset_Handler",
    "-Wl,-z,max-page-size=32",
]


class BuildError(RuntimeError):
    """The firmware could not be built; the message says what to do about it."""


def generated_headers() -> dict[str, str]:
    """Return the text of each generated header by its name."""
    return {
        "abi.h": abi_header(load_layout()),
        "datasheet.h": datasheet_header(),
        "registers.h": registers_header(ROOT / "renode_platform"),
    }


def write_headers(directory: Path) -> None:
    """Write the generated headers that C includes into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in generated_headers().items():
        (directory / name).write_text(text, encoding="utf-8")


def _place_headers() -> Path:
    """Put the headers where their content says, so that the compiler's cache knows them again."""
    digest = hashlib.sha256(repr(generated_headers()).encode()).hexdigest()[:16]
    place = HEADERS / digest
    if not place.is_dir():
        HEADERS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HEADERS) as folder:
            staged = Path(folder) / digest
            write_headers(staged)
            with suppress(OSError):  # another build was first
                staged.rename(place)
    return Path("..") / place.relative_to(ROOT)


def firmware_sources() -> list[Path]:
    """Return the firmware's C files relative to `FIRMWARE`, in the order in which they are linked.

    That goes by their names, not by their folders: it decides where code lies, and so what shares
    a line of the cache. A file that moves to another folder moves nothing in the image.
    """
    order = {"core.c": "startup.c: core_reset"}  # which lies behind start-up's own code
    return [
        source.relative_to(FIRMWARE)
        for pattern in ("src/*/*.c", "kernels/*.c")
        for source in sorted(
            FIRMWARE.glob(pattern), key=lambda source: order.get(source.name, source.name)
        )
    ]


def compile_elf(
    sources: list[Path],
    output: Path,
    *,
    toolchain: str = "zig",
    link_script: Path = LINK_SCRIPT,
    options: tuple[str, ...] = (),
) -> None:
    """Compile and link C files for the STM32F767.

    Parameters
    ----------
    sources
        C files; a relative path counts from `FIRMWARE`, and is the form that leaves no trace of
        this machine in the ELF.
    output
        The ELF; replaced as a whole, so that nobody reads half of one.
    toolchain
        ``zig`` or ``gcc``.
    link_script
        As for `sources`.
    options
        Further options for the compiler.

    Raises
    ------
    BuildError
        The compiler is missing, or it found an error.
    """
    compiler = _compiler(toolchain)
    output.parent.mkdir(parents=True, exist_ok=True)
    staged = output.with_name(f".{output.name}.{os.getpid()}").absolute()
    command = [*compiler, *_COMPILE, *options, *_INCLUDE, f"-I{_place_headers().as_posix()}"]
    command += [*_LINK, f"-Wl,-T,{link_script.as_posix()}"]
    command += [source.as_posix() for source in sources]
    command += ["-o", str(staged), *(["-lgcc"] if toolchain == "gcc" else [])]
    try:
        done = subprocess.run(command, cwd=FIRMWARE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"the firmware does not compile with {toolchain}:\n{done.stderr}")
        staged.replace(output)
    finally:
        staged.unlink(missing_ok=True)


def build(output: Path = OUTPUT, toolchain: str = "zig") -> None:
    """Build the firmware; errors are those of `compile_elf`."""
    compile_elf(firmware_sources(), output, toolchain=toolchain)


def harness_sources() -> list[Path]:
    """Return what runs one benchmark, whichever it is."""
    shared = (Path("src/core") / name for name in ("cache.c", "memory.c", "memory_eabi.c"))
    return [Path("benchmarks/harness.c"), *shared]


def build_benchmarks(output: Path = BENCHMARKS, toolchain: str = "zig") -> None:
    """Build the programs of ``dvfs validate``; errors are those of `compile_elf`."""
    names = ("fft.c", "micro.S", "pins.c", "timings.c")
    compile_elf(
        [*(Path("benchmarks") / name for name in names), *harness_sources()],
        output,
        toolchain=toolchain,
        link_script=Path("benchmarks/link.ld"),
        options=("-Ibenchmarks", "-O2"),
    )


def _compiler(toolchain: str) -> list[str]:
    if toolchain not in TOOLCHAINS:
        raise BuildError(f"toolchain {toolchain!r} is unknown: {' or '.join(TOOLCHAINS)} is needed")
    if toolchain == "zig":
        if find_spec("ziglang") is None:
            raise BuildError(
                f"the compiler is missing: {sys.executable} has no package ziglang; "
                "install the one that pyproject.toml pins, or use --toolchain gcc"
            )
        return _ZIG
    if shutil.which(_GCC[0]) is None:
        raise BuildError(f"the compiler is missing: {_GCC[0]} is not on the PATH")
    return _GCC


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Build the firmware.")
    parser.add_argument("--toolchain", choices=TOOLCHAINS, default=TOOLCHAINS[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the ELF to write")
    parser.add_argument(
        "--headers", type=Path, metavar="DIRECTORY", help="write the generated headers there, only"
    )
    arguments = parser.parse_args()
    if arguments.headers:
        write_headers(arguments.headers)
        return
    try:
        build(arguments.output.absolute(), arguments.toolchain)
        if arguments.output == OUTPUT:
            build_benchmarks(toolchain=arguments.toolchain)
    except BuildError as error:
        sys.exit(f"error: {error}")
    print(f"{arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
