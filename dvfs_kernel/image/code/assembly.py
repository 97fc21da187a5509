"""Operations in order, as bytes: labels become distances, literals become pools between code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.thumb import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["assemble"]

# A literal lies at most 4095 bytes behind the instruction that loads it, and the pool has a length.
_REACH_BYTES = 2600
_WORD_BYTES = 4
_RELATIVE = {Form.BNE, Form.B, Form.LDR_LITERAL}


@dataclass
class _Pool:
    """Literals that lie between code."""

    words: dict[int, int] = field(default_factory=dict)  # word -> place among them
    address: int = 0

    @property
    def end(self) -> int:
        return self.address + _WORD_BYTES * len(self.words)

    def place(self, word: int) -> int:
        """Return the address of a word."""
        return self.address + _WORD_BYTES * self.words[word]


@dataclass
class _Line:
    """An instruction, and the pool that it loads from, goes around or is followed by."""

    operation: Operation
    segment: int
    pool: _Pool
    is_detour: bool = False
    size: int = 0
    address: int = 0


def _lines(segments: Sequence[Sequence[Operation]]) -> list[_Line]:
    """Give every literal a pool that its instruction reaches."""
    lines: list[_Line] = []
    pool = _Pool()
    since = 0
    for number, segment in enumerate(segments):
        for operation in segment:
            if pool.words and since > _REACH_BYTES:
                lines.append(_Line(Operation(Form.B), number, pool, is_detour=True))
                pool, since = _Pool(), 0
            if operation.form is Form.LDR_LITERAL:
                pool.words.setdefault(operation.number, len(pool.words))
            lines.append(_Line(operation, number, pool))
            if pool.words:
                since += _WORD_BYTES  # an instruction, at most
    for line in lines:
        line.size = 2 if line.operation.form in _RELATIVE else len(line.operation.encode())
    return lines


def _lay_out(lines: list[_Line]) -> int:
    """Give every line and pool its address; return the end."""
    address = 0
    for line in lines:
        line.address = address
        address += line.size
        if line.is_detour:
            line.pool.address = -(-address // _WORD_BYTES) * _WORD_BYTES
            address = line.pool.end
    last = lines[-1].pool
    last.address = -(-address // _WORD_BYTES) * _WORD_BYTES
    return last.end


def _encode(line: _Line, starts: Sequence[int]) -> bytes:
    """Return a line's bytes, given the addresses at which segments begin."""
    form, number = line.operation.form, line.operation.number
    pc = line.address + 4
    if form is Form.BNE:
        number = starts[number] - pc
    elif form is Form.B:
        number = line.pool.end - pc
    elif form is Form.LDR_LITERAL:
        number = line.pool.place(number) - pc // _WORD_BYTES * _WORD_BYTES
    return line.operation.encode(number)


def assemble(segments: Sequence[Sequence[Operation]]) -> bytes:
    """Return the bytes of a function.

    Parameters
    ----------
    segments
        Operations in order with real registers, at least one in each segment. The number of a
        `Form.BNE` is the index of the segment to go to, that of a `Form.LDR_LITERAL` the word to
        load; `Form.B` is only what goes around pools.

    Returns
    -------
    Position-independent code, to be placed at a multiple of 4 bytes; as long as one.
    """
    lines = _lines(segments)
    grown = True
    while grown:
        # Short encodings grow where their distance does not fit, which never shortens another.
        end = _lay_out(lines)
        starts = _starts(lines, len(segments))
        grown = False
        for line in lines:
            if line.size == 2 and len(_encode(line, starts)) > line.size:
                line.size = 4
                grown = True
    code = bytearray(end)
    for line in lines:
        content = _encode(line, starts)
        code[line.address : line.address + len(content)] = content
    for pool in {id(line.pool): line.pool for line in lines}.values():
        words = b"".join(word.to_bytes(_WORD_BYTES, "little") for word in pool.words)
        code[pool.address : pool.end] = words
    return bytes(code)


def _starts(lines: list[_Line], count: int) -> list[int]:
    starts = [-1] * count
    for line in lines:
        if starts[line.segment] < 0:
            # A pool ahead of a segment's first instruction is part of the one before.
            starts[line.segment] = line.address
    return starts
