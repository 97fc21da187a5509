"""Code for convolutions of 3 × 3 by Winograd's minimal filtering, in exact whole numbers.

Four outputs, two by two, take 36 products of each input channel when computed one by one, and 16 by
F(2×2, 3×3) (A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
arXiv 1509.09308): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A of a kernel g and a tile d of 4 × 4 inputs, with

    Bᵀ = 1  0 −1  0      G = 1   0   0      Aᵀ = 1  1  1  0
         0  1  1  0          ½   ½   ½           0  1 −1 −1
         0 −1  1  0          ½  −½   ½
         0  1  0 −1          0   0   1

With 2 G in place of G everything is a whole number, and Y comes out four times as large: nothing is
rounded, so the outputs are those of the convolution. int8 inputs become at most 4 · 128 and weights
at most 9 · 127 in size, which int16 lanes hold.

Four tiles are a block: for each of the 16 places of a tile, and for each pair of channels, a word
of each tile. A piece computes two output channels of all tiles: 16 matrix products, whose sums go
to the stack, then the outputs of each tile.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.code_writer import CodeWriter
from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.registers import (
    ACCUMULATORS,
    BLOCKS,
    RESTORED,
    SAVED,
    SLOT_CHANNEL,
    SLOT_END,
    SLOT_WEIGHTS,
    TEMPORARIES,
    WEIGHTS,
)
from dvfs_kernel.image.code.scheduling import schedule
from dvfs_kernel.image.code.thumb import SP, Form

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["TILES", "transformed_weights", "winograd_code"]

#: Tiles of a block.
TILES = 4
_PLACES = 16
_SIDE = 4
_WORD = 4
# Pairs of one turn of the loop over places, at least: what ends one place runs beside the next.
_TURN_PAIRS = 64
# On the stack, below what was saved: the sums of a block, then two words.
_SUMS_BYTES = _PLACES * TILES * 2 * _WORD
_SLOT_WEIGHTS_END, _SLOT_SUMS = _SUMS_BYTES, _SUMS_BYTES + _WORD
_FRAME_BYTES = _SUMS_BYTES + 2 * _WORD
_FREE = (*TEMPORARIES, *ACCUMULATORS)
_DOUBLED_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], np.int16)


def transformed_weights(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int16]:
    """Return 2G g (2G)ᵀ of each kernel.

    Parameters
    ----------
    weights
        (output channels, 3, 3, input channels).

    Returns
    -------
    (output channels, 16, input channels).
    """
    wide = weights.astype(np.int16)
    both = np.einsum("ik,okld,jl->oijd", _DOUBLED_G, wide, _DOUBLED_G)
    return np.ascontiguousarray(both.reshape(len(weights), _PLACES, -1).astype(np.int16))


@lru_cache(maxsize=256)
def winograd_code(pairs: int, channels: int, low: int, high: int, *, pools: bool) -> bytes:
    """Make a piece.

    Parameters
    ----------
    pairs
        Pairs of input channels.
    channels
        That the piece computes: 1 or 2.
    low, high
        The clamp of stored outputs.
    pools
        Whether of each tile the largest output is stored alone.

    Returns
    -------
    Code. Its weights are int32: for each place and pair of inputs a word of two lanes for each
    channel; then for each channel its doubled bias, multiplier, offset and shift. Behind a block
    stand the addresses of its outputs: one a tile where it pools, else four, row by row.
    """
    segments: list[list[Operation]] = [[Operation(Form.PUSH, number=SAVED)]]
    writer = CodeWriter()
    end = writer.constant(_PLACES * pairs * channels * _WORD)
    writer.write(Form.ADD, end, (end, WEIGHTS))
    writer.advance(SP, -_FRAME_BYTES)
    writer.write(Form.STR, -1, (end, SP), _SLOT_WEIGHTS_END)
    segments.append(schedule(writer.taken(), _FREE)[0])

    block = len(segments)
    sums = writer.write(Form.MOV, writer.register(), (SP,))
    writer.write(Form.STR, -1, (sums, SP), _SLOT_SUMS)
    segments.append(schedule(writer.taken(), _FREE)[0])

    unrolled = max(n for n in (1, 2, 4) if n == 1 or n * pairs <= _TURN_PAIRS)
    _multiply(writer, unrolled, pairs, channels)
    writer.loop(WEIGHTS, _SLOT_WEIGHTS_END, len(segments))
    used = TILES * channels
    segments.append(schedule(writer.taken(), (*TEMPORARIES, *ACCUMULATORS[used:]))[0])

    for channel in range(channels):
        for tile in range(TILES):
            outputs = _outputs(writer, channel, channels, tile)
            _store(writer, outputs, channel, tile, (low, high), pools=pools)
    writer.advance(BLOCKS, _WORD * TILES * (1 if pools else 4))
    writer.write(Form.LDR, WEIGHTS, (SP,), _FRAME_BYTES + SLOT_WEIGHTS)
    writer.loop(BLOCKS, _FRAME_BYTES + SLOT_END, block)
    segments.append(schedule(writer.taken(), _FREE)[0])
    writer.advance(SP, _FRAME_BYTES)
    segments.append([*writer.taken(), Operation(Form.POP, number=RESTORED)])
    return assemble(segments)


def _multiply(writer: CodeWriter, places: int, pairs: int, channels: int) -> None:
    """Make the sums of some places, put them away and move on behind them."""
    count = TILES * channels
    for number in range(places * pairs):
        place, pair = divmod(number, pairs)
        words: list[int] = []
        for tile in range(TILES):
            value = -1
            for channel in range(channels):
                if not tile:
                    word = writer.load(WEIGHTS, _WORD * (number * channels + channel))
                    words.append(word)
                if not channel:
                    value = writer.load(BLOCKS, _WORD * (number * TILES + tile))
                total = ACCUMULATORS[tile * channels + channel]
                sources = (value, words[channel], total) if pair else (value, words[channel])
                writer.write(Form.SMLAD, total, sources)
        if pair == pairs - 1:
            # Loaded late, as there are four registers for everything beside the sums.
            pointer = writer.load(SP, _SLOT_SUMS)
            for index in range(count):
                where = _WORD * (place * count + index)
                writer.write(Form.STR, -1, (ACCUMULATORS[index], pointer), where)
    moved = writer.moved(pointer, _WORD * places * count)
    writer.write(Form.STR, -1, (moved, SP), _SLOT_SUMS)
    writer.advance(BLOCKS, _WORD * places * pairs * TILES)
    writer.advance(WEIGHTS, _WORD * places * pairs * channels)


def _outputs(writer: CodeWriter, channel: int, channels: int, tile: int) -> list[int]:
    """Return registers with four times the sums of a tile's outputs, row by row: Aᵀ m A."""

    def place(row: int, column: int) -> int:
        index = (row * _SIDE + column) * TILES * channels + tile * channels + channel
        return writer.load(SP, _WORD * index)

    def combined(form: Form, first: int, second: int) -> int:
        return writer.write(form, writer.register(), (first, second))

    found = [-1] * 4
    for column in range(_SIDE):
        values = [place(row, column) for row in range(_SIDE)]
        above = combined(Form.ADD, combined(Form.ADD, values[0], values[1]), values[2])
        below = combined(Form.SUB, combined(Form.SUB, values[1], values[2]), values[3])
        for row, value in enumerate((above, below)):
            left, right = 2 * row, 2 * row + 1
            if column == 0:
                found[left] = value
            elif column == 1:
                found[left], found[right] = combined(Form.ADD, found[left], value), value
            elif column == 2:
                found[left] = combined(Form.ADD, found[left], value)
                found[right] = combined(Form.SUB, found[right], value)
            else:
                found[right] = combined(Form.SUB, found[right], value)
    return found


def _store(
    writer: CodeWriter, outputs: list[int], channel: int, tile: int, clamp: tuple[int, int],
    *, pools: bool,
) -> None:  # fmt: skip
    """Requantise a tile's outputs and store them."""
    if pools:
        writer.keep_largest(outputs)
        outputs = outputs[:1]
    numbers = [writer.load(WEIGHTS, _WORD * (4 * channel + place)) for place in range(4)]
    bias, multiplier, offset, shift = numbers
    first = writer.load(SP, _FRAME_BYTES + SLOT_CHANNEL)
    for place, output in enumerate(outputs):
        total = writer.write(Form.ADD_SHIFTED, writer.register(), (bias, output), 1)
        addend = writer.write(Form.ADD_SIGN, writer.register(), (offset, total))
        writer.write(Form.SMMLAR, total, (total, multiplier, addend))
        writer.write(Form.ASR_REGISTER, total, (total, shift))
        writer.write(Form.SSAT, total, (total,))
        writer.clamp(total, *clamp)
        address = writer.load(BLOCKS, _WORD * (tile * len(outputs) + place))
        target = writer.write(Form.ADD, writer.register(), (address, first))
        writer.write(Form.STRB, -1, (total, target), channel)
