"""CoreMark and Dhrystone, from sources that the user has."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dvfs_kernel
from dvfs_kernel.errors import BoardError, FileFormatError
from dvfs_kernel.evidence.validation.figure import Figure
from dvfs_kernel.evidence.validation.program import CACHES_OFF, CACHES_ON, Program, Setup, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["WHERE_FROM", "measure_coremark", "measure_dhrystone", "sources_of"]

_COREMARK_FILES = (
    "core_list_join.c", "core_main.c", "core_matrix.c", "core_state.c", "core_util.c",
)  # fmt: skip
_DHRYSTONE_FILES = ("dhry_1.c", "dhry_2.c", "dhry.h")
_FILES = {"CoreMark": _COREMARK_FILES, "Dhrystone": _DHRYSTONE_FILES}

#: Where the sources are published.
WHERE_FROM = {
    "CoreMark": "github.com/eembc/coremark: core_main.c and its neighbours",
    "Dhrystone": "version 2.1 in C, such as github.com/Keith-S-Thompson/dhrystone, folder v2.1",
}

_COREMARK_RUNS = 10
_DHRYSTONE_RUNS = 200
_DHRYSTONE_RUNS_UNCACHED = 50
# A VAX 11/780 makes 1757 Dhrystones a second: 1 DMIPS.
_DHRYSTONES_PER_DMIPS = 1757
# Published DMIPS on an STM32F723 with caches on and off: blog.stratifylabs.dev, 2019-05-25. Its
# flash is 128 bits wide, as that of the F767 with two banks.
_STRATIFY = "blog.stratifylabs.dev, 2019-05-25, STM32F723"
_STRATIFY_DMIPS = {"flash": (245, 49), "SRAM": (245, 69), "TCM": (239, 217)}
_FLASH, _ITCM, _DTCM = 0x08000000, 0x00000000, 0x20000000
_SRAM1, _SRAM1_DATA = 0x20020000, 0x20040000
# Dhrystone is C of 1988.
_OLD_C = (
    "-w", "-std=gnu99", "-Wno-implicit-int", "-Wno-implicit-function-declaration",
    "-Wno-return-type", "-Wno-int-conversion", "-Wno-incompatible-pointer-types",
)  # fmt: skip


class _Builder:
    """Builds programs with the project's own build, into a folder that does not stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = _build_module()

    def build(
        self, name: str, sources: list[Path], options: tuple[str, ...], code: int, data: int
    ) -> Path:
        """Compile and link; return the ELF."""
        build = self._build
        script = (build.FIRMWARE / "benchmarks" / "link.ld").read_text(encoding="utf-8")
        script = script.replace(f"ORIGIN = {_FLASH:#010x}", f"ORIGIN = {code:#010x}")
        script = script.replace(f"ORIGIN = {_DTCM:#010x}", f"ORIGIN = {data:#010x}")
        placed = self._folder / f"{name}.ld"
        placed.write_text(script, encoding="utf-8")
        output = self._folder / f"{name}.elf"
        try:
            build.compile_elf(
                [*sources, *build.harness_sources()],
                output,
                link_script=placed,
                options=("-Ibenchmarks", *options),
            )
        except build.BuildError as error:
            raise BoardError(f"{name} cannot be built: {error}") from error
        return output


def _build_module() -> Any:
    path = Path(dvfs_kernel.__file__).parents[1] / "firmware" / "build.py"
    if not path.is_file():
        raise BoardError(
            "CoreMark and Dhrystone are built with the firmware's own sources, which an installed "
            "package does not carry: run dvfs from a checkout of the project"
        )
    spec = importlib.util.spec_from_file_location("firmware_build", path)
    if spec is None or spec.loader is None:
        raise BoardError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources_of(name: str, folder: Path) -> list[Path]:
    """Return the C files of a program.

    Raises
    ------
    FileFormatError
        Some are missing.
    """
    files = _FILES[name]
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise FileFormatError(
            f"{folder}: no sources of {name}, {', '.join(missing)} not found; "
            f"they come from {WHERE_FROM[name]}"
        )
    return [(folder / file).resolve() for file in files if file.endswith(".c")]


def measure_coremark(folder: Path, timing: TimingParameters) -> Iterator[Figure]:
    """Build and run CoreMark; yield its score.

    Raises
    ------
    FileFormatError
        The sources are not there, or CoreMark finds its own results wrong.
    BoardError
        There is no compiler, or it cannot compile them.
    """
    sources = sources_of("CoreMark", folder)
    with tempfile.TemporaryDirectory() as made:
        options = ("-w", "-Ibenchmarks/coremark", f"-I{folder.resolve()}",
                   "-Dmain=coremark_main", "-O3", "-mllvm", "-enable-dfa-jump-thread")  # fmt: skip
        port = Path("benchmarks/coremark/core_portme.c")
        elf = _Builder(Path(made)).build("CoreMark", [*sources, port], options, _FLASH, _DTCM)
        _, machine = Program(elf, timing).run("benchmark_run", _COREMARK_RUNS)
    if word(machine, "coremark_errors"):
        raise FileFormatError(f"{folder}: CoreMark finds its own results wrong; are these EEMBC's?")
    yield Figure(
        "cycles",
        "CoreMark",
        5.01,
        1e6 * _COREMARK_RUNS / word(machine, "coremark_cycles"),
        "/MHz",
        "ST AN4667 Rev 4: 1082 at 216 MHz",
        "fitted",
    )


def measure_dhrystone(folder: Path, timing: TimingParameters) -> Iterator[Figure]:
    """Build and run Dhrystone; yield its score, and what it loses without caches.

    Raises
    ------
    FileFormatError
        The sources are not there.
    BoardError
        There is no compiler, or it cannot compile them.
    """
    sources = sources_of("Dhrystone", folder)
    sources.append(Path("benchmarks/dhrystone/library.c"))
    options = (*_OLD_C, "-Ibenchmarks/dhrystone", f"-I{folder.resolve()}",
               "-Dmain=dhrystone_main", "-DTIME", "-fno-inline")  # fmt: skip
    with tempfile.TemporaryDirectory() as made:
        builder = _Builder(Path(made))
        elf = builder.build("Dhrystone", sources, (*options, "-O3"), _FLASH, _DTCM)
        cycles = _dhrystone_cycles(Program(elf, timing), _DHRYSTONE_RUNS, CACHES_ON)
        yield Figure(
            "cycles",
            "Dhrystone 2.1",
            2.14,
            1e6 / cycles / _DHRYSTONES_PER_DMIPS,
            "DMIPS/MHz",
            "ST DS11532 Rev 7: 462 DMIPS at 216 MHz",
            "fitted",
        )
        # A small library, as the published figures' one.
        bytewise = (*options, "-O2", "-DBYTEWISE")
        places = {
            "flash": (_FLASH, _SRAM1_DATA),
            "SRAM": (_SRAM1, _SRAM1_DATA),
            "TCM": (_ITCM, _DTCM),
        }
        dual = replace(timing, flash_dual_bank=1)
        for index, (name, (code, data)) in enumerate(places.items()):
            elf = builder.build(f"Dhrystone-{index}", sources, bytewise, code, data)
            program = Program(elf, dual)
            boot = None if code == _FLASH else code
            off, on = (
                _dhrystone_cycles(program, _DHRYSTONE_RUNS_UNCACHED, caches, boot)
                for caches in (CACHES_OFF, CACHES_ON)
            )
            with_caches, without = _STRATIFY_DMIPS[name]
            yield Figure(
                "cycles",
                f"Dhrystone, code in {name}, caches off over on",
                with_caches / without,
                off / on,
                "ratio",
                _STRATIFY,
                "predicted" if name == "TCM" else "fitted",
            )


def _dhrystone_cycles(
    program: Program, runs: int, caches: int, boot_address: int | None = None
) -> float:
    _, machine = program.run(
        "benchmark_run", runs, Setup(7, caches), data=0, boot_address=boot_address
    )
    return (word(machine, "End_Time") - word(machine, "Begin_Time")) / runs
