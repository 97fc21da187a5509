"""The firmware's own report of a fault, decoded for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import ProtocolError
from dvfs_kernel.link import abi
from dvfs_kernel.link.fault_status import exception_name, fault_causes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FaultReport"]

_REGISTERS = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")


@dataclass(frozen=True)
class FaultReport:
    """What the fault handler saw.

    Parameters
    ----------
    kind
        Exception number; 0 means that there was no fault.
    cfsr, hfsr, mmfar, bfar
        The fault status and address registers.
    registers
        The stacked r0, r1, r2, r3, r12, lr, pc, xpsr.
    sp, exc_return
        Stack pointer and EXC_RETURN at entry to the handler.
    layer
        The layer that ran, or None.
    """

    kind: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    registers: tuple[int, ...]
    sp: int
    exc_return: int
    layer: int | None

    @classmethod
    def from_bytes(cls, payload: bytes) -> FaultReport:
        """Decode an ``abi.FAULT_REPORT``.

        Raises
        ------
        ProtocolError
            The payload is not as long as a report.
        """
        if len(payload) != abi.FAULT_REPORT.itemsize:
            raise ProtocolError(
                f"a fault report has {abi.FAULT_REPORT.itemsize} bytes; {len(payload)} came"
            )
        record = np.frombuffer(payload, abi.FAULT_REPORT, count=1)[0]
        layer = int(record["layer"])
        return cls(
            kind=int(record["kind"]),
            cfsr=int(record["cfsr"]),
            hfsr=int(record["hfsr"]),
            mmfar=int(record["mmfar"]),
            bfar=int(record["bfar"]),
            registers=tuple(int(value) for value in record["registers"]),
            sp=int(record["sp"]),
            exc_return=int(record["exc_return"]),
            layer=None if layer == abi.LAYER_NONE else layer,
        )

    @property
    def pc(self) -> int:
        """Address of the instruction that faulted."""
        return self.registers[_REGISTERS.index("pc")]

    @property
    def causes(self) -> list[str]:
        """The status bits that are set, spelt out."""
        return fault_causes(self.cfsr, self.hfsr, self.bfar, self.mmfar)

    def describe(self, function_at: Callable[[int], str | None]) -> str:
        """Write the report as text, with function names where the ELF has them."""
        kind = exception_name(self.kind)
        where = "" if self.layer is None else f" in layer {self.layer}"
        lines = [f"the firmware ended in a {kind}{where} at {_place(self.pc, function_at)}"]
        lines += [f"  {cause}" for cause in self.causes]
        values = dict(zip(_REGISTERS, self.registers, strict=True))
        lines.append(f"  called from {_place(values['lr'], function_at)}")
        words = {**values, "sp": self.sp, "exc": self.exc_return}
        words |= {"cfsr": self.cfsr, "hfsr": self.hfsr}
        cells = [f"{name:>4} {value:08x}" for name, value in words.items()]
        lines += ["  " + "  ".join(cells[start : start + 4]) for start in range(0, len(cells), 4)]
        return "\n".join(lines)


def _place(address: int, function_at: Callable[[int], str | None]) -> str:
    name = function_at(address & ~1)
    return f"0x{address:08x}" + (f" ({name})" if name else "")
