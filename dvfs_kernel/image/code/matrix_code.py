"""Code for the matrix product under convolution, pointwise and fully connected layers.

A piece computes C output channels of P columns at a time, in C · P accumulators. For each pair of
inputs it needs C words of weights and P words of inputs, and makes C · P dual multiply-accumulates
(SMLAD), of which one issues a cycle: with 4 columns and 2 channels, 8 cycles for 16 products while
6 loads issue beside them. `firmware/kernels/layer_code.h` tells what a piece is called with.

Two forms. A *streamed* piece reads its weights, as pairs of int16, through a register, so one piece
serves all channels of a layer. An *unpacked* piece has them as literals, leaves out those that are
zero, and serves the channels that it was made for (G. Armeniakos, G. Mentzos, D. Soudris,
"Accelerating TinyML Inference on Microcontrollers through Approximate Kernels", arXiv 2409.16815).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.code_writer import CodeWriter
from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.registers import (
    ACCUMULATORS,
    BLOCKS,
    RESTORED,
    SAVED,
    SLOT,
    SLOT_CHANNEL,
    SLOT_END,
    SLOT_WEIGHTS,
    TEMPORARIES,
    WEIGHTS,
)
from dvfs_kernel.image.code.scheduling import RESERVES, schedule
from dvfs_kernel.image.code.thumb import SP, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Channel", "Product", "streamed_code", "unpacked_code"]

# More pairs than these become a loop, of as many pairs a turn as fit the second range.
_STRAIGHT_PAIRS = 160
_TURN_PAIRS = range(64, 129)
_NARROW_OFFSET = 124
_REACH_BYTES = 4095
# Unpacked code is long: one way of giving out registers is tried, not several.
_QUICK = (1,)


@dataclass(frozen=True)
class Product:
    """The shape of a layer's matrix product.

    Parameters
    ----------
    pairs
        Pairs of inputs that each output depends on.
    columns
        P: 1 to 4.
    step
        Bytes from one column's output to the next one's.
    low, high
        The clamp of stored outputs.
    pools
        Whether of all columns only the largest output is stored, as if there were one column.
    """

    pairs: int
    columns: int
    step: int
    low: int = -128
    high: int = 127
    pools: bool = False

    @property
    def stored_columns(self) -> int:
        """Columns whose outputs are stored."""
        return 1 if self.pools else self.columns


@dataclass(frozen=True)
class Channel:
    """An output channel's numbers, as the bounded requantisation has them.

    Parameters
    ----------
    weights
        (lower lane, upper lane) of each pair of inputs, doubled.
    bias
        Doubled.
    multiplier, offset, shift
        stored = (bias + Σ) · multiplier / 2^32 + offset >> shift, see `requantise.h`.
    """

    weights: tuple[tuple[int, int], ...]
    bias: int
    multiplier: int
    offset: int
    shift: int


class _Writer(CodeWriter):
    """Collects a matrix product's operations."""

    def __init__(self, product: Product, channels: int) -> None:
        super().__init__()
        self.product = product
        self.channels = channels

    def accumulator(self, column: int, channel: int) -> int:
        """Return the register of a sum."""
        return ACCUMULATORS[column * self.channels + channel]

    def begin(self, channel: int) -> int:
        """Return the register that holds a channel's bias first: the last column's sum."""
        return self.accumulator(self.product.columns - 1, channel)

    def requantise(
        self,
        rescale: Callable[[int], tuple[int, int]],
        shift: Callable[[int], Callable[[int], None]],
        address: Callable[[], int],
        channel_offset: int,
    ) -> None:
        """Turn the sums into stored outputs and advance to the next block.

        ``rescale`` makes a channel's multiplier and offset, ``shift`` what shifts and saturates,
        ``address`` the first column's output, which lies ``channel_offset`` before the channels'.
        """
        columns = range(self.product.stored_columns)
        for channel in range(self.channels):
            if self.product.pools:
                self.keep_largest(
                    [self.accumulator(i, channel) for i in range(self.product.columns)]
                )
            multiplier, offset = rescale(channel)
            for column in columns:
                total = self.accumulator(column, channel)
                addend = self.write(Form.ADD_SIGN, self.register(), (offset, total))
                self.write(Form.SMMLAR, total, (total, multiplier, addend))
        output = address()
        for channel in range(self.channels):
            saturate = shift(channel)
            for column in columns:
                total = self.accumulator(column, channel)
                saturate(total)
                self.clamp(total, self.product.low, self.product.high)
                place = column * self.product.step + channel_offset + channel
                self.write(Form.STRB, -1, (total, output), place)

    def scheduled(
        self, *, weights_free: bool, reserves: Sequence[int] = RESERVES
    ) -> list[Operation]:
        """Put what was collected in order; the collection begins anew."""
        used = self.product.columns * self.channels
        free = [*TEMPORARIES, *ACCUMULATORS[used:]]
        if weights_free:
            free.insert(0, WEIGHTS)
        ordered, _ = schedule(self.taken(), free, reserves)
        return ordered


def _multiply(
    writer: _Writer,
    word_of: Callable[[int], tuple[Form, int] | None],
    column_of: Callable[[int], int],
    begun: list[bool],
) -> None:
    """One pair of inputs for all columns and channels.

    ``word_of`` loads a channel's weights and tells the form that multiplies them, or None where
    there is nothing to multiply. What there is less of stays in registers.
    """
    columns, channels = range(writer.product.columns), range(writer.channels)
    pairs = [(column, channel) for column in columns for channel in channels]
    if len(columns) < len(channels):
        pairs = [(column, channel) for channel in channels for column in columns]
    words: dict[int, tuple[Form, int] | None] = {}
    values: dict[int, int] = {}
    for column, channel in pairs:
        if channel not in words:
            words[channel] = word_of(channel)
        word = words[channel]
        if word is None:
            continue
        if column not in values:
            values[column] = column_of(column)
        total = writer.accumulator(column, channel)
        addend = total if begun[channel] else writer.begin(channel)
        writer.write(word[0], total, (values[column], word[1], addend))
    for channel, word in words.items():
        begun[channel] = begun[channel] or word is not None


# ---- streamed --------------------------------------------------------------------------------


def _turns(pairs: int, channels: int) -> tuple[int, int, int]:
    """Cut pairs into a straight beginning, pairs of a turn, and turns."""
    # A load reaches the weights and numbers behind the last pair, an addition moves on by a turn.
    reached = (_REACH_BYTES - 16 * channels) // (4 * channels)
    if pairs <= min(_STRAIGHT_PAIRS, reached):
        return pairs, 0, 0
    sizes = (size for size in _TURN_PAIRS if size <= reached)
    turn = min(sizes, key=lambda size: ((pairs - 1) % size, -size))
    straight = (pairs - 1) % turn + 1
    return straight, turn, (pairs - straight) // turn


def _stream(writer: _Writer, pairs: int, weights_offset: int, begun: list[bool]) -> None:
    columns, channels = writer.product.columns, writer.channels
    for pair in range(pairs):
        weights = partial(_streamed_word, writer, weights_offset + 4 * pair * channels)
        inputs = partial(_input, writer, 4 * pair * columns)
        _multiply(writer, weights, inputs, begun)


def _streamed_word(writer: _Writer, offset: int, channel: int) -> tuple[Form, int]:
    return Form.SMLAD, writer.load(WEIGHTS, offset + 4 * channel)


def _input(writer: _Writer, offset: int, column: int) -> int:
    return writer.load(BLOCKS, offset + 4 * column)


@lru_cache(maxsize=256)
def streamed_code(product: Product, channels: int) -> bytes:
    """Make a piece that reads its weights.

    Parameters
    ----------
    product
        The layer's product.
    channels
        C: with P columns, C · P is at most 8.

    Returns
    -------
    Code. Its weights are int32: C biases; for each pair of inputs C words of two lanes; for each
    channel multiplier, offset and shift.
    """
    writer = _Writer(product, channels)
    straight, turn, turns = _turns(product.pairs, channels)
    columns = product.columns
    segments: list[list[Operation]] = [[Operation(Form.PUSH, number=SAVED)]]
    if turns:
        writer.write(Form.LDR, WEIGHTS, (SP,), SLOT_WEIGHTS)
    for channel in range(channels):
        writer.write(Form.LDR, writer.begin(channel), (WEIGHTS,), 4 * channel)
    begun = [False] * channels
    _stream(writer, straight, 4 * channels, begun)
    after = 4 * channels * (straight + 1)
    if turns:
        writer.write(Form.ADD_IMMEDIATE, BLOCKS, (BLOCKS,), 4 * columns * straight)
        writer.write(Form.ADD_IMMEDIATE, WEIGHTS, (WEIGHTS,), after)
        end = writer.constant(4 * columns * turn * turns)
        writer.write(Form.ADD, end, (end, BLOCKS))
        writer.write(Form.STR, -1, (end, SP), SLOT)
        segments.append(writer.scheduled(weights_free=False))
        _stream(writer, turn, 0, begun)
        writer.write(Form.ADD_IMMEDIATE, BLOCKS, (BLOCKS,), 4 * columns * turn)
        writer.write(Form.ADD_IMMEDIATE, WEIGHTS, (WEIGHTS,), 4 * channels * turn)
        writer.loop(BLOCKS, SLOT, len(segments))
        segments.append(writer.scheduled(weights_free=False))
        straight = after = 0

    def rescale(channel: int) -> tuple[int, int]:
        return (
            writer.load(WEIGHTS, after + 12 * channel),
            writer.load(WEIGHTS, after + 12 * channel + 4),
        )

    def shift(channel: int) -> Callable[[int], None]:
        amount = writer.load(WEIGHTS, after + 12 * channel + 8)

        def saturate(total: int) -> None:
            writer.write(Form.ASR_REGISTER, total, (total, amount))
            writer.write(Form.SSAT, total, (total,))

        return saturate

    def address() -> int:
        output = writer.load(BLOCKS, 4 * columns * straight)
        channel = writer.load(SP, SLOT_CHANNEL)
        writer.write(Form.ADD_IMMEDIATE, BLOCKS, (BLOCKS,), 4 * columns * straight + 4)
        return writer.write(Form.ADD, output, (output, channel))

    writer.requantise(rescale, shift, address, 0)
    writer.loop(BLOCKS, SLOT_END, 1)
    segments.append(writer.scheduled(weights_free=False))
    if not turns:
        segments = [segments[0], segments[-1]]
    segments.append([Operation(Form.POP, number=RESTORED)])
    return assemble(segments)


# ---- unpacked --------------------------------------------------------------------------------


def _lanes(pair: tuple[int, int]) -> tuple[Form, int] | None:
    """Return what multiplies a pair of inputs, and the constant; None where nothing does."""
    low, high = pair
    if low and high:
        return Form.SMLAD, (high & 0xFFFF) << 16 | low & 0xFFFF
    if low:
        return Form.SMLABB, low & 0xFFFF
    if high:
        return Form.SMLATB, high & 0xFFFF
    return None


@lru_cache(maxsize=1 << 14)
def unpacked_code(product: Product, channels: tuple[Channel, ...], first_channel: int) -> bytes:
    """Make a piece that holds its weights.

    Parameters
    ----------
    product
        The layer's product.
    channels
        C of them; with P columns, C · P is at most 8.
    first_channel
        Place of the first one among the layer's.
    """
    writer = _Writer(product, len(channels))
    columns = range(product.columns)
    for number, channel in enumerate(channels):
        writer.constant(channel.bias, writer.begin(number))
    begun = [False] * len(channels)
    base = 0
    for pair in range(product.pairs):
        wanted = [_lanes(channel.weights[pair]) for channel in channels]
        if not any(wanted):
            continue
        place = 4 * product.columns * pair
        if place + 4 * (product.columns - 1) - base > _NARROW_OFFSET:
            writer.advance(BLOCKS, place - base)
            base = place
        weights = partial(_unpacked_word, writer, wanted)
        _multiply(writer, weights, partial(_input, writer, place - base), begun)
    for number, was in enumerate(begun):
        if not was:
            for column in columns[:-1]:
                writer.write(Form.MOV, writer.accumulator(column, number), (writer.begin(number),))

    def rescale(number: int) -> tuple[int, int]:
        return (
            writer.constant(channels[number].multiplier),
            writer.constant(channels[number].offset),
        )

    def shift(number: int) -> Callable[[int], None]:
        def saturate(total: int) -> None:
            writer.write(Form.SSAT, total, (total,), channels[number].shift)

        return saturate

    # What a store reaches beyond the first column's output.
    largest = (product.stored_columns - 1) * product.step + first_channel + len(channels) - 1
    in_code = largest <= _REACH_BYTES

    def address() -> int:
        writer.advance(BLOCKS, 4 * product.columns * product.pairs - base)
        output = writer.load(BLOCKS, 0)
        if not in_code:
            channel = writer.load(SP, SLOT_CHANNEL)
            writer.write(Form.ADD, output, (output, channel))
        writer.advance(BLOCKS, 4)
        return output

    writer.requantise(rescale, shift, address, first_channel if in_code else 0)
    writer.loop(BLOCKS, SLOT_END, 1)
    return assemble(
        [
            [Operation(Form.PUSH, number=SAVED)],
            writer.scheduled(weights_free=True, reserves=_QUICK),
            [Operation(Form.POP, number=RESTORED)],
        ]
    )


def _unpacked_word(
    writer: _Writer, wanted: Sequence[tuple[Form, int] | None], channel: int
) -> tuple[Form, int] | None:
    lanes = wanted[channel]
    return None if lanes is None else (lanes[0], writer.constant(lanes[1]))
