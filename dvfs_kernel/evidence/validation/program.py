"""Runs one benchmark program on a virtual board of its own."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.machine import Machine, MachineOptions
from dvfs_kernel.boards.emulator.repl import PlatformDescription
from dvfs_kernel.boards.virtual import NUCLEO_F767ZI
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["BENCHMARKS", "CACHES_OFF", "CACHES_ON", "Program", "Setup", "benchmarks"]

#: The programs that the package carries; ``firmware/build.py`` makes them.
BENCHMARKS = Path(__file__).with_name("benchmarks.elf")

# struct benchmark_request of firmware/benchmarks/benchmark.h.
_REQUEST = struct.Struct("<8I")
_CYCLES, _DONE = 6, 7
_DONE_OFFSET = 28
_DONE_MARK = 0xD0D0D0D0
_LIMIT_S = 20.0

#: Cache bits of SCB_CCR.
CACHES_ON, CACHES_OFF = 0x30000, 0


@dataclass(frozen=True)
class Setup:
    """How memories are set up for a run.

    Parameters
    ----------
    flash_acr
        FLASH_ACR: wait states, accelerator (bit 9), prefetch (bit 8).
    caches
        The cache bits of SCB_CCR.
    """

    flash_acr: int = 7
    caches: int = CACHES_ON


class Program:
    """An executable whose benchmarks are called by name.

    Parameters
    ----------
    elf
        The file.
    timing
        Parameters of the timing model.

    Raises
    ------
    BoardError
        The file is not there.
    """

    def __init__(self, elf: Path, timing: TimingParameters) -> None:
        if not elf.is_file():
            raise BoardError(
                f"the benchmark programs {elf} are not built; "
                "build them with python firmware/build.py"
            )
        self.timing = timing
        self._elf = elf.read_bytes()

    def machine(self, boot_address: int | None = None) -> Machine:
        """Return a new machine with the program in its memory."""
        options = MachineOptions(timing=self.timing, strict=False)
        if boot_address is not None:
            options = MachineOptions(timing=self.timing, strict=False, boot_address=boot_address)
        machine = Machine(_description(), options)
        machine.load_elf(self._elf)
        return machine

    def run(
        self,
        function: str | int,
        repeats: int = 1,
        setup: Setup | None = None,
        *,
        data: int = 0x20008000,
        constants: int = 0,
        contents: Iterable[tuple[int, bytes]] = (),
        boot_address: int | None = None,
        prepare: Callable[[Machine], None] | None = None,
    ) -> tuple[int, Machine]:
        """Call a benchmark; return its cycles, and the machine after it.

        Parameters
        ----------
        function
            Its name, or the address through which it is to be fetched.
        data, constants
            What it works on.
        contents
            Memory to be written before: pairs of address and bytes.
        prepare
            Called with the machine before it starts.

        Raises
        ------
        BoardError
            The program did not come to its end.
        """
        machine = self.machine(boot_address)
        self.request(machine, function, repeats, setup or Setup(), data, constants)
        for address, content in contents:
            machine.write_memory(address, content)
        if prepare is not None:
            prepare(machine)
        request = machine.symbols.addresses["benchmark_request"]
        machine.reset()
        done = _DONE_MARK.to_bytes(4, "little")
        machine.run(_LIMIT_S, lambda: machine.read_memory(request + _DONE_OFFSET, 4) == done)
        words = _REQUEST.unpack(machine.read_memory(request, _REQUEST.size))
        if words[_DONE] != _DONE_MARK:
            raise BoardError(f"the benchmark {function} did not end: {machine.whereabouts()}")
        return words[_CYCLES], machine

    @staticmethod
    def request(
        machine: Machine, function: str | int, repeats: int, setup: Setup, data: int, constants: int
    ) -> None:
        """Write what the program is asked for."""
        addresses = machine.symbols.addresses
        entry = addresses[function] if isinstance(function, str) else function
        words = (entry | 1, repeats, data, constants, setup.flash_acr, setup.caches, 0, 0)
        machine.write_memory(addresses["benchmark_request"], _REQUEST.pack(*words))


def benchmarks(timing: TimingParameters) -> Program:
    """Return the programs that the package carries."""
    return Program(BENCHMARKS, timing)


def word(machine: Machine, where: str | int) -> int:
    """Read a word of memory by its symbol or address."""
    address = machine.symbols.addresses[where] if isinstance(where, str) else where
    return int.from_bytes(machine.read_memory(address, 4), "little")


@lru_cache(maxsize=1)
def _description() -> PlatformDescription:
    return PlatformDescription.load(NUCLEO_F767ZI)
