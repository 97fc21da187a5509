"""Code for the access segments: int8 values become int16 lanes where the products want them.

Both pieces are called as ``piece(target, source, ...)`` and serve what lies inside of the input;
the firmware itself does what touches the padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.code_writer import CodeWriter
from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.scheduling import schedule
from dvfs_kernel.image.code.thumb import SP, Form

__all__ = ["Run", "pairing_code", "widening_code"]

_TARGET, _SOURCE, _OTHER = 0, 1, 2
_SAVED = 0x4FFF  # r0 … r11 and LR
_RESTORED = 0x8FFF
_FREE = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14)
_WORD = 4
_REACH_BYTES = 4095
# Of pixels that one turn of a pairing loop takes.
_TURN = 4
_STRAIGHT_TURNS = 3
_PLANES = (_TARGET, 3, 4, 5)
_PAIR_FREE = (6, 7, 8, 9, 10, 11, 12, 14)
# On the stack, by the order of the registers that are saved.
_SLOT_TURNS, _SLOT_BLOCKS_END, _SLOT_LIMITS = 0, 8, 12
# In what the last argument points to: ``limits_t`` in depthwise_code.c.
_PLANE_BYTES, _FOUR_PLANES_BYTES, _TARGET_END = 0, 4, 8


@dataclass(frozen=True)
class Run:
    """What a column is made of: rows of values that lie side by side in the input.

    Parameters
    ----------
    rows, values
        Rows (kernel rows) and the values of each.
    row_step
        Bytes from one row to the next.
    columns
        Where the values of each column that is widened at a time begin, in bytes from the source.
    block_columns
        Columns of a block; with fewer at a time the first one's place is the target's.
    next_block, next_source
        Bytes from a block, and from its first column's values, to the next ones; 0: one call widens
        one block.
    """

    rows: int
    values: int
    row_step: int
    columns: tuple[int, ...]
    block_columns: int
    next_block: int = 0
    next_source: int = 0


@lru_cache(maxsize=256)
def widening_code(run: Run) -> bytes:
    """Make the piece ``(target, source, end)`` that widens columns into blocks.

    Returns
    -------
    Code. Words of four values come first, row by row; the up to three values that are left of each
    row follow, four to a word, zeros at the end. Where the run has a next block the piece goes on
    with that until the target has reached the end.
    """
    segments: list[list[Operation]] = [[Operation(Form.PUSH, number=_SAVED)]]
    writer = CodeWriter()
    target = _Cursor(writer, _TARGET)
    source = _Cursor(writer, _SOURCE)
    whole, left = divmod(run.values, 4)
    count = 0
    for row in range(run.rows):
        for word in range(whole):
            for column, start in enumerate(run.columns):
                register, offset = source.at(row * run.row_step + start + 4 * word)
                value = writer.load(register, offset)
                _widen(writer, target, run, count, column, value)
            count += 1
    places = [row * run.row_step + 4 * whole + i for row in range(run.rows) for i in range(left)]
    for first in range(0, len(places), 4):
        for column, start in enumerate(run.columns):
            value = _gathered(
                writer, source, [start + place for place in places[first : first + 4]]
            )
            _widen(writer, target, run, count, column, value)
        count += 1
    if run.next_block:
        target.move(run.next_block)
        source.move(run.next_source)
        writer.loop(_TARGET, _SLOT_BLOCKS_END, 1)
    ordered, _ = schedule(writer.taken(), _FREE)
    segments += [ordered, [Operation(Form.POP, number=_RESTORED)]]
    return assemble(segments)


class _Cursor:
    """A register that moves on where offsets would go beyond an instruction's reach."""

    def __init__(self, writer: CodeWriter, register: int) -> None:
        self._writer = writer
        self._register = register
        self._base = 0

    def move(self, place: int) -> None:
        """Move the register to a place."""
        self._writer.advance(self._register, place - self._base)

    def at(self, place: int) -> tuple[int, int]:
        """Return a register and an offset for a place."""
        if not 0 <= place - self._base <= _REACH_BYTES:
            self._writer.advance(self._register, place - self._base)
            self._base = place
        return self._register, place - self._base


def _widen(
    writer: CodeWriter, target: _Cursor, run: Run, word: int, column: int, value: int
) -> None:
    for half in range(2):
        place = _WORD * ((2 * word + half) * run.block_columns + column)
        lanes = writer.write(Form.SXTB16, writer.register(), (value,), 8 * half)
        register, offset = target.at(place)
        writer.write(Form.STR, -1, (lanes, register), offset)


def _gathered(writer: CodeWriter, source: _Cursor, places: list[int]) -> int:
    """Put up to four bytes into a word."""
    value = -1
    for number, place in enumerate(places):
        register, offset = source.at(place)
        byte = writer.write(Form.LDRB, writer.register(), (register,), offset)
        if value < 0:
            value = byte
            continue
        value = writer.write(Form.ORR_SHIFTED, writer.register(), (value, byte), 8 * number)
    return value


@lru_cache(maxsize=256)
def pairing_code(columns: int, step: int) -> bytes:
    """Make the piece ``(target, upper, lower, limits)`` that pairs two rows of channels.

    Parameters
    ----------
    columns
        Pixels of a row.
    step
        Bytes from pixel to pixel.

    Returns
    -------
    Code that takes four channels at a time, until the target has reached its end.
    """
    segments: list[list[Operation]] = [[Operation(Form.PUSH, number=_SAVED)]]
    turn = _TURN if (_TURN - 1) * step <= _REACH_BYTES else 1
    turns, rest = divmod(columns, turn)
    writer = CodeWriter()
    before = _TARGET
    step_bytes = writer.load(writer.load(SP, _SLOT_LIMITS), _PLANE_BYTES)
    for plane in _PLANES[1:]:
        before = writer.write(Form.ADD, plane, (step_bytes, before))
    loops = turns > _STRAIGHT_TURNS
    if loops:
        end = writer.constant(_WORD * turn * turns)
        writer.write(Form.ADD, end, (end, _TARGET))
        writer.write(Form.STR, -1, (end, SP), _SLOT_TURNS)
    segments.append(schedule(writer.taken(), _PAIR_FREE)[0])
    if loops:
        _pair(writer, turn, step)
        writer.loop(_TARGET, _SLOT_TURNS, 2)
        segments.append(schedule(writer.taken(), _PAIR_FREE)[0])
    else:
        rest = columns
    while rest:
        _pair(writer, min(rest, turn), step)
        rest -= min(rest, turn)
    limits = writer.load(SP, _SLOT_LIMITS)
    writer.write(Form.ADD, _TARGET, (_TARGET, writer.load(limits, _FOUR_PLANES_BYTES)))
    writer.advance(_TARGET, -_WORD * columns)
    writer.advance(_SOURCE, 4 - columns * step)
    writer.advance(_OTHER, 4 - columns * step)
    end = writer.load(limits, _TARGET_END)
    writer.write(Form.CMP, -1, (_TARGET, end))
    writer.write(Form.BNE, -1, (), 1)
    segments.append(schedule(writer.taken(), _PAIR_FREE)[0])
    segments.append([Operation(Form.POP, number=_RESTORED)])
    return assemble(segments)


def _pair(writer: CodeWriter, columns: int, step: int) -> None:
    """Pair some pixels and move on behind them."""
    for column in range(columns):
        upper = writer.load(_SOURCE, column * step)
        lower = writer.load(_OTHER, column * step)
        # Bytes u0 u1 l0 l1, then u2 u3 l2 l3: each second byte is a lane.
        for first, form, sources in (
            (0, Form.PKHBT, (upper, lower)),
            (2, Form.PKHTB, (lower, upper)),
        ):
            packed = writer.write(form, writer.register(), sources)
            for half in range(2):
                lanes = writer.write(Form.SXTB16, writer.register(), (packed,), 8 * half)
                writer.write(Form.STR, -1, (lanes, _PLANES[first + half]), _WORD * column)
    for plane in _PLANES:
        writer.advance(plane, _WORD * columns)
    writer.advance(_SOURCE, columns * step)
    writer.advance(_OTHER, columns * step)
