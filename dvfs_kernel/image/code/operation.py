"""An operation of a layer's code, and what the issue stage has to know of its form."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.instruction import LoadedWord
from dvfs_kernel.boards.emulator.instructions import decode
from dvfs_kernel.image.code.thumb import Form, encode

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.instruction import Instruction

__all__ = ["VIRTUAL", "Operation", "instruction_of"]

#: Registers from this number on are virtual: the scheduler finds a place for them.
VIRTUAL = 16

_CACHED = 1 << 16
# Forms that are the same to the issue rules whatever their number is.
# Where they load from decides whether two of them meet in a bank.
_LOADS = {Form.LDR, Form.LDRB}
_PLAIN_NUMBERS = {
    Form.LDRB, Form.STR, Form.STRB, Form.MOVW, Form.MOVT, Form.ADD_IMMEDIATE, Form.BNE, Form.B,
    Form.LDR_LITERAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One instruction whose registers may still be virtual.

    Parameters
    ----------
    form
        What it does.
    target
        Register that it writes, -1 for none.
    sources
        Registers that it reads, in the order of the form.
    number
        Its immediate operand. For `Form.LDR_LITERAL` the literal itself.
    """

    form: Form
    target: int = -1
    sources: tuple[int, ...] = ()
    number: int = 0

    def encode(self, number: int | None = None) -> bytes:
        """Return its bytes, with another number where one is given."""
        return encode(
            self.form, max(self.target, 0), self.sources, self.number if number is None else number
        )


@lru_cache(maxsize=_CACHED)
def _prototype(form: Form, target: int, sources: tuple[int, ...], number: int) -> Instruction:
    (item,) = decode(Operation(form, target, sources, number).encode(), 0)
    if form is Form.LDR_LITERAL:
        item.place = None  # where its pool lies is not known yet
    return item


@lru_cache(maxsize=_CACHED)
def _placed(form: Form, target: int, sources: tuple[int, ...], number: int) -> Instruction:
    item = _prototype(form, target, sources, 0)
    moved = copy(item)
    if item.place is not None:
        moved.place = LoadedWord(item.place.base, number)
    return moved


def instruction_of(operation: Operation) -> Instruction:
    """Return what the issue rules see of an operation whose registers are real.

    Notes
    -----
    It is what the pipeline model decodes of the operation's own bytes, so that both see the same.
    Numbers that change nothing for the rules are left out, so that most operations share one.
    """
    form, target, sources = operation.form, operation.target, operation.sources
    if form in _LOADS:
        return _placed(form, target, sources, operation.number)
    number = 0 if form in _PLAIN_NUMBERS else operation.number
    return _prototype(form, target, sources, number)
