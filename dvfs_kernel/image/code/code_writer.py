"""Collects a function's operations: virtual registers, constants, clamps, loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.image.code.operation import VIRTUAL, Operation
from dvfs_kernel.image.code.thumb import SP, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CodeWriter"]

_ADDEND_MAX = 4092


class CodeWriter:
    """Collects operations and hands out virtual registers."""

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._last = VIRTUAL

    def register(self) -> int:
        """Return a virtual register that nobody has."""
        self._last += 1
        return self._last

    def write(
        self, form: Form, target: int = -1, sources: Sequence[int] = (), number: int = 0
    ) -> int:
        """Add an operation; return its target."""
        self._operations.append(Operation(form, target, tuple(sources), number))
        return target

    def load(self, base: int, offset: int) -> int:
        """Load a word into a new register."""
        return self.write(Form.LDR, self.register(), (base,), offset)

    def constant(self, value: int, target: int | None = None) -> int:
        """Put a 32-bit constant into a register, a new one where none is named."""
        register = self.register() if target is None else target
        word = value & 0xFFFFFFFF
        form = Form.MOVW if word <= 0xFFFF else Form.LDR_LITERAL
        return self.write(form, register, (), word)

    def moved(self, register: int, count: int) -> int:
        """Return a new register that is so many bytes farther on than another."""
        for part in _parts(count):
            register = self.write(Form.ADD_IMMEDIATE, self.register(), (register,), part)
        return register

    def advance(self, register: int, count: int) -> None:
        """Move a register on by so many bytes."""
        for part in _parts(count):
            self.write(Form.ADD_IMMEDIATE, register, (register,), part)

    def clamp(self, register: int, low: int, high: int) -> None:
        """Clamp an int8 value to a range within int8; branches would cost more than this."""
        if low > -128:  # max(x, low) = low + (d & ~(d >> 31)), d = x − low
            self.write(Form.ADD_IMMEDIATE, register, (register,), -low)
            self.write(Form.BIC_SIGN, register, (register, register))
            self.write(Form.ADD_IMMEDIATE, register, (register,), low)
        if high < 127:  # min(x, high) = high − (d & ~(d >> 31)), d = high − x
            self._subtract_from(high, register)
            self.write(Form.BIC_SIGN, register, (register, register))
            self._subtract_from(high, register)

    def _subtract_from(self, value: int, register: int) -> None:
        self.write(Form.RSB, register, (register,), max(value, 0))
        if value < 0:
            self.write(Form.ADD_IMMEDIATE, register, (register,), value)

    def keep_largest(self, values: Sequence[int]) -> None:
        """Put the largest of values into the first one's register, pair by pair.

        The difference of any two of them fits 32 bits.
        """
        while len(values) > 1:
            for first, second in zip(values[::2], values[1::2], strict=False):
                # max(a, b) = b + (d & ~(d >> 31)), d = a − b
                self.write(Form.SUB, first, (first, second))
                self.write(Form.BIC_SIGN, first, (first, first))
                self.write(Form.ADD, first, (first, second))
            values = values[::2]

    def loop(self, register: int, slot: int, segment: int) -> None:
        """Go on with a segment unless a register has reached what a slot of the stack holds."""
        end = self.load(SP, slot)
        self.write(Form.CMP, -1, (register, end))
        self.write(Form.BNE, -1, (), segment)

    def taken(self) -> list[Operation]:
        """Return what was collected; the collection begins anew."""
        operations, self._operations = self._operations, []
        return operations


def _parts(count: int) -> list[int]:
    """Cut a distance into addends that an instruction takes."""
    sign = -1 if count < 0 else 1
    whole, rest = divmod(abs(count), _ADDEND_MAX)
    return [sign * _ADDEND_MAX] * whole + ([sign * rest] if rest else [])
