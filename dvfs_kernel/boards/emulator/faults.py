"""Readable reports of how a firmware ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dvfs_kernel.errors import FirmwareFaultError
from dvfs_kernel.link.fault_status import exception_name, fault_causes
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.core_registers import Integers
    from dvfs_kernel.boards.emulator.elf import SymbolTable

__all__ = ["CoreFaultError", "FaultReport", "FaultStatus"]


class FaultStatus(NamedTuple):
    """What the core tells of its last fault."""

    cfsr: int
    hfsr: int
    bfar: int


@dataclass(frozen=True, eq=False)
class FaultReport(ByContent):
    """The core at the moment of a fault.

    Attributes
    ----------
    summary : str
        What happened, in a sentence.
    time_ps, cycles : int
    registers : dict
        ``r0`` .. ``r12``, ``sp``, ``lr``, ``pc``, ``xpsr`` at the instruction to blame.
    cfsr, hfsr, bfar : int
        Fault status registers.
    symbols : SymbolTable or None
        Of the firmware.
    """

    summary: str
    time_ps: int
    cycles: int
    registers: dict[str, int]
    cfsr: int
    hfsr: int
    bfar: int
    symbols: SymbolTable | None = None

    @classmethod
    def capture(
        cls,
        summary: str,
        registers: Integers,
        *,
        time_ps: int,
        cycles: int,
        status: FaultStatus,
        symbols: SymbolTable | None,
    ) -> FaultReport:
        """Make a report of the core's registers and what it tells of the fault."""
        return cls(
            summary,
            time_ps,
            cycles,
            registers._asdict(),
            status.cfsr,
            status.hfsr,
            status.bfar,
            symbols,
        )

    def causes(self) -> list[str]:
        """Return what the fault status registers say, in words."""
        return fault_causes(self.cfsr, self.hfsr, self.bfar)

    def place(self, register: str) -> str:
        """Return a code address with its function's name where that is known."""
        address = self.registers[register] & ~1
        name = self.symbols.function_at(address) if self.symbols else None
        return f"0x{address:08X}" + (f" ({name})" if name else "")

    def __str__(self) -> str:
        lines = [self.summary]
        lines += [f"  {cause}" for cause in self.causes()]
        mode = exception_name(self.registers["xpsr"] & 0x1FF)
        lines.append(
            f"  at pc {self.place('pc')}, called from lr {self.place('lr')}, in {mode},"
            f" {self.time_ps / 1e6:.3f} us, cycle {self.cycles}"
        )
        names = [name for name in self.registers if name not in {"pc", "lr"}]
        words = [f"{name:>5} {self.registers[name]:08X}" for name in names]
        lines += [" " + "".join(words[i : i + 5]) for i in range(0, len(words), 5)]
        return "\n".join(lines)


class CoreFaultError(FirmwareFaultError):
    """A fault of the core that the firmware did not survive; `report` has the details.

    Attributes
    ----------
    report : FaultReport
    rule : str or None
        Of illegal programming the rule that it broke.
    """

    def __init__(self, report: FaultReport, rule: str | None = None) -> None:
        super().__init__(str(report))
        self.report = report
        self.rule = rule

    def __reduce__(self) -> tuple[type[CoreFaultError], tuple[FaultReport, str | None]]:
        return type(self), (self.report, self.rule)
