"""Code for depthwise convolution, shared by a layer's channels.

A plane holds one channel of the padded input as *row pairs*: a word is the pixels (row 2i, column
x) and (row 2i + 1, column x) as int16 lanes. So a dual multiply-accumulate (SMLAD) takes two taps
of one kernel column, and each pair serves the outputs of all kernel columns:

    output rows of even beginning   (w0 w1) (w2 w3) … and the last tap alone
    output rows of odd beginning    the first tap alone, (w1 w2) (w3 w4) …

A tap that stands alone is multiplied by a lane of a word that is loaded anyway (SMLABT, SMLATB).
A block is R rows × C columns of outputs; `firmware/kernels/depthwise_code.c` makes the planes and
calls the pieces for each channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.code_writer import CodeWriter
from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.scheduling import schedule
from dvfs_kernel.image.code.thumb import SP, Form
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Planes", "depthwise_code", "turn_of", "words_of"]

_PLANE, _WEIGHTS, _OUTPUT = 0, 1, 2
_FREE = (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14)
_SAVED = 0x5FFF  # r0 … r12 and LR
_RESTORED = 0x9FFF
# On the stack, by the order of the registers that are saved; r12 is, to make room.
_SLOT_ROW_END, _SLOT_PLANE_END, _SLOT_PLANE, _SLOT_LIMITS, _SLOT_OUTPUT = 0, 4, 8, 12, 48
# In what the last argument points to: ``limits_t`` in depthwise_code.c.
_PLANE_BYTES, _RECORDS_END, _BAND_BYTES = 0, 12, 16
_WORD = 4
# Blocks of a row up to which it is written out instead of looped over.
_STRAIGHT_BLOCKS = 2
# Words of a kernel column that stay in registers for all columns of a block.
_WORDS_KEPT = 2
# One way of giving out registers is tried where the cost alone is asked for.
_QUICK = (1,)
# Columns of a block that are tried; more need more registers than there are.
_COLUMNS = (1, 2, 3)


@dataclass(frozen=True)
class Planes:
    """The shape of a channel's convolution.

    Parameters
    ----------
    kernel
        Height and width.
    stride
        Down, 1 or 2, and to the right.
    height, width
        Of the output.
    pitch
        Words from one row pair to the next: padded columns.
    step, row_step
        Bytes from one output to the next in its row, and in its column.
    low, high
        The clamp of stored outputs.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    height: int
    width: int
    pitch: int
    step: int
    row_step: int
    low: int = -128
    high: int = 127

    @property
    def record_bytes(self) -> int:
        """Bytes of a channel's weights and numbers."""
        return _WORD * (4 + self.kernel[1] * len(words_of(self.kernel[0], self.stride[0])))

    @property
    def is_whole(self) -> bool:
        """Whether a channel's outputs are few enough to be made in one turn."""
        return self.height // 2 <= turn_of(self.width)


def turn_of(width: int) -> int:
    """Return how many pairs of output rows are made of each channel before the next one's turn."""
    return max(1, abi.DEPTHWISE_TURN_OUTPUTS // 2 // width)


def words_of(kernel_height: int, stride_height: int) -> list[tuple[int, int]]:
    """Return the tap rows (lower lane, upper lane) of a kernel column's words; -1 for none.

    First those of windows that begin with an even row, then, where there are such windows, those
    of windows that begin with an odd one.
    """
    even = [(tap, tap + 1) for tap in range(0, kernel_height - 1, 2)]
    if stride_height == 2:
        return [*even, (kernel_height - 1, -1)] if kernel_height % 2 else even
    odd = [(tap, tap + 1) for tap in range(1, kernel_height - 1, 2)]
    if kernel_height % 2:
        return [*even, *odd] if kernel_height > 1 else [(0, -1)]
    return [*even, *odd, (kernel_height - 1, 0)]


def _products(planes: Planes, row: int) -> Iterator[tuple[int, Form, int]]:
    """Yield (row pair, form, word) for an output row of a block; the block begins at a pair."""
    height, stride = planes.kernel[0], planes.stride[0]
    words = words_of(height, stride)
    begin = row * stride
    tap = 0
    while tap < height:
        pair, lane = divmod(begin + tap, 2)
        if lane == 0 and tap + 1 < height:
            yield pair, Form.SMLAD, words.index((tap, tap + 1))
            tap += 2
            continue
        for index, (lower, upper) in enumerate(words):
            if tap in (lower, upper):
                yield pair, _LANES[lane, int(tap == upper)], index
                break
        tap += 1


#: Lane of the inputs (0 lower), lane of the weights: the product of the two alone.
_LANES = {
    (0, 0): Form.SMLABB,
    (0, 1): Form.SMLABT,
    (1, 0): Form.SMLATB,
    (1, 1): Form.SMLATT,
}


def _block(writer: CodeWriter, planes: Planes, rows: int, columns: int) -> None:
    """R × C outputs, with their pointers moved on by C columns."""
    count = len(words_of(planes.kernel[0], planes.stride[0]))
    bias = writer.load(_WEIGHTS, 0)
    totals: dict[tuple[int, int], int] = {}
    per_row = [list(_products(planes, row)) for row in range(rows)]
    pairs = sorted({pair for products in per_row for pair, _, _ in products})
    for tap in range(planes.kernel[1]):
        words: dict[int, int] = {}
        for column in range(columns):
            if count > _WORDS_KEPT:
                words = {}
            place = _WORD * (column * planes.stride[1] + tap)
            for pair in pairs:
                inputs = writer.load(_PLANE, place + _WORD * planes.pitch * pair)
                for row in range(rows):
                    for other, form, index in per_row[row]:
                        if other != pair:
                            continue
                        if index not in words:
                            words[index] = writer.load(_WEIGHTS, _WORD * (1 + tap * count + index))
                        key = row, column
                        addend = totals.get(key, bias)
                        total = totals.setdefault(key, writer.register())
                        writer.write(form, total, (inputs, words[index], addend))
    after = _WORD * (1 + planes.kernel[1] * count)
    multiplier = writer.load(_WEIGHTS, after)
    offset = writer.load(_WEIGHTS, after + 4)
    scaled: dict[tuple[int, int], int] = {}
    keys = [(row, column) for row in range(rows) for column in range(columns)]
    for key in keys:
        addend = writer.write(Form.ADD_SIGN, writer.register(), (offset, totals[key]))
        scaled[key] = writer.write(
            Form.SMMLAR, writer.register(), (totals[key], multiplier, addend)
        )
    shift = writer.load(_WEIGHTS, after + 8)
    outputs = [_OUTPUT]
    for _ in range(1, rows):
        outputs.append(writer.moved(outputs[-1], planes.row_step))
    for row, column in keys:
        value = writer.write(Form.ASR_REGISTER, writer.register(), (scaled[row, column], shift))
        value = writer.write(Form.SSAT, value, (value,))
        writer.clamp(value, planes.low, planes.high)
        writer.write(Form.STRB, -1, (value, outputs[row]), column * planes.step)
    writer.advance(_PLANE, _WORD * columns * planes.stride[1])
    writer.advance(_OUTPUT, columns * planes.step)


def _rows(planes: Planes, rows: int, columns: int, first_segment: int) -> list[list[Operation]]:
    """Return the segments of R whole rows, and of moving on to the next ones."""
    blocks, rest = divmod(planes.width, columns)
    segments: list[list[Operation]] = []
    writer = CodeWriter()
    if blocks > _STRAIGHT_BLOCKS:
        end = writer.constant(_WORD * columns * planes.stride[1] * blocks)
        writer.write(Form.ADD, end, (end, _PLANE))
        writer.write(Form.STR, -1, (end, SP), _SLOT_ROW_END)
        segments.append(_scheduled(writer))
        _block(writer, planes, rows, columns)
        writer.loop(_PLANE, _SLOT_ROW_END, first_segment + 1)
        segments.append(_scheduled(writer))
    else:
        for _ in range(blocks):
            _block(writer, planes, rows, columns)
    if rest:
        _block(writer, planes, rows, rest)
    writer.advance(
        _PLANE,
        _WORD * (planes.pitch * rows * planes.stride[0] // 2 - planes.width * planes.stride[1]),
    )
    writer.advance(_OUTPUT, rows * planes.row_step - planes.width * planes.step)
    segments.append(_scheduled(writer))
    return segments


def _scheduled(writer: CodeWriter) -> list[Operation]:
    ordered, _ = schedule(writer.taken(), _FREE)
    return ordered


def _piece(planes: Planes, columns: int, rows: Sequence[int], *, is_band: bool) -> bytes:
    """Return code for a group of channels: pairs of rows, of a band or all, and a last row."""
    segments: list[list[Operation]] = [[Operation(Form.PUSH, number=_SAVED)]]
    writer = CodeWriter()
    writer.write(Form.STR, -1, (_PLANE, SP), _SLOT_PLANE)
    writer.write(Form.STR, -1, (_OUTPUT, SP), _SLOT_OUTPUT)
    pairs = planes.height // 2
    loops = 2 in rows and (is_band or pairs > 1)
    if loops:
        if is_band:
            count = writer.load(writer.load(SP, _SLOT_LIMITS), _BAND_BYTES)
        else:
            count = writer.constant(_WORD * planes.pitch * planes.stride[0] * pairs)
        end = writer.write(Form.ADD, count, (count, _PLANE))
        writer.write(Form.STR, -1, (end, SP), _SLOT_PLANE_END)
    segments.append(_scheduled(writer))
    if 2 in rows:
        top = len(segments)
        segments += _rows(planes, 2, columns, top)
        if loops:
            writer.loop(_PLANE, _SLOT_PLANE_END, top)
            segments.append(_scheduled(writer))
    if 1 in rows:
        segments += _rows(planes, 1, columns, len(segments))
    writer.write(Form.LDR, _PLANE, (SP,), _SLOT_PLANE)
    writer.write(Form.LDR, _OUTPUT, (SP,), _SLOT_OUTPUT)
    limits = writer.load(SP, _SLOT_LIMITS)
    writer.write(Form.ADD, _PLANE, (_PLANE, writer.load(limits, _PLANE_BYTES)))
    writer.advance(_OUTPUT, 1)
    writer.advance(_WEIGHTS, planes.record_bytes)
    last = writer.load(limits, _RECORDS_END)
    writer.write(Form.CMP, -1, (_WEIGHTS, last))
    writer.write(Form.BNE, -1, (), 1)
    segments += [_scheduled(writer), [Operation(Form.POP, number=_RESTORED)]]
    return assemble(segments)


def _cycles(planes: Planes, columns: int) -> float:
    """Estimate what a channel takes with blocks of so many columns."""
    writer = CodeWriter()
    total = 0.0
    pairs, last = divmod(planes.height, 2)
    blocks, rest = divmod(planes.width, columns)
    for rows, times in ((2, pairs), (1, last)):
        for width, count in ((columns, blocks), (rest, 1)):
            if times and width and count:
                _block(writer, planes, rows, width)
                total += times * count * schedule(writer.taken(), _FREE, _QUICK)[1] / 2
    return total


@lru_cache(maxsize=256)
def depthwise_code(planes: Planes) -> tuple[bytes, ...]:
    """Make the pieces that convolve a group of channels.

    Parameters
    ----------
    planes
        The shape of a channel.

    Returns
    -------
    One piece for all rows, where `Planes.is_whole`; else one for bands of pairs of output rows,
    and one for the last row if their number is odd. The weights are int32: the bias; for each
    kernel column the words of `words_of`, doubled; multiplier, offset and shift.
    """
    columns = min(
        (count for count in _COLUMNS if count <= planes.width),
        key=lambda count: (_cycles(planes, count), count),
    )
    rows = ([2] if planes.height > 1 else []) + ([1] if planes.height % 2 else [])
    if planes.is_whole:
        return (_piece(planes, columns, rows, is_band=False),)
    return tuple(_piece(planes, columns, [count], is_band=count == 2) for count in rows)
