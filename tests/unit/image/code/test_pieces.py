"""Pieces of layers' code: how they are built, and what they promise to their callers."""

from collections import Counter

import numpy as np
import pytest
from code_interpreter import LOADED, STORED, run_code
from code_walk import check_piece, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.access_code import Run, pairing_code, widening_code
from dvfs_kernel.image.code.depthwise_code import Planes, depthwise_code, turn_of, words_of
from dvfs_kernel.image.code.matrix_code import Channel, Product, streamed_code, unpacked_code
from dvfs_kernel.image.code.planes_code import planes_code, why_no_planes_code
from dvfs_kernel.image.code.product_code import columns_of, product_code, why_no_code
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED
from dvfs_kernel.networks.network import Convolution, Depthwise, FullyConnected, Padding, Tensor

CHANNELS = {1: 8, 2: 4, 3: 2, 4: 2}
PRODUCTS = {"smlad", "smlabb", "smlatb", "smlabt", "smlatt"}


def products_of(code):
    return Counter(step.mnemonic for step in walk(code) if step.mnemonic in PRODUCTS)


# ---- matrix products ---------------------------------------------------------------------------


@pytest.mark.parametrize("columns", CHANNELS)
@pytest.mark.parametrize("pairs", [2, 122, 124, 128, 162, 400])
def test_streamed_pieces_keep_the_calling_standard(columns, pairs):
    """Of every number of columns; straight, and with a loop where that is longer."""
    channels = CHANNELS[columns]
    code = streamed_code(Product(pairs, columns, 16), channels)
    check_piece(code)
    count = products_of(code)["smlad"]
    assert count % (columns * channels) == 0
    assert count <= pairs * columns * channels
    assert len(code) < 20000


@pytest.mark.parametrize("channels", [1364, 1365, 2047, 2048, 4092, 4093, 4094, 4095, 4096])
def test_stores_reach_the_last_column_s_output(channels):
    layer, _, output = convolution((2, 2, 1), channels)
    columns = columns_of(layer, output)
    assert (columns > 1) == (channels < 4093)
    check_piece(streamed_code(Product(2, columns, channels), CHANNELS[columns]))


@pytest.mark.parametrize("clamp", [(-128, 127), (-128, -20), (0, 127), (-90, -20), (127, 127)])
def test_clamps_keep_the_calling_standard(clamp):
    check_piece(streamed_code(Product(8, 4, 16, *clamp), 2))


def channel(weights, bias=3):
    return Channel(tuple(weights), bias, 1 << 30, 5 << 20, 7)


@given(seed=st.integers(0, 2**32), zeros=st.sampled_from([0.0, 0.3, 0.9, 1.0]))
@settings(max_examples=25)
def test_unpacked_pieces_multiply_what_is_not_zero(seed, zeros):
    """A pair of two weights takes SMLAD, a single one its half, none nothing."""
    random = np.random.default_rng(seed)
    columns = int(random.integers(1, 5))
    lanes = 2 * random.integers(-127, 128, (CHANNELS[columns], 10, 2))
    lanes[random.random(lanes.shape) < zeros] = 0
    channels = tuple(channel(map(tuple, rows.tolist())) for rows in lanes)
    code = unpacked_code(Product(10, columns, 16), channels, 4)
    check_piece(code)
    told = products_of(code)
    both = int(((lanes != 0).sum(axis=2) == 2).sum())
    low = int(((lanes[:, :, 0] != 0) & (lanes[:, :, 1] == 0)).sum())
    high = int(((lanes[:, :, 1] != 0) & (lanes[:, :, 0] == 0)).sum())
    assert told["smlad"] == columns * both
    assert told["smlabb"] == columns * low
    assert told["smlatb"] == columns * high


def test_equal_constants_are_shared():
    same = (channel([(254, -254)] * 40),) * 2
    steps = walk(unpacked_code(Product(40, 4, 16), same, 0))
    places = {step.word for step in steps if step.word is not None}
    assert len(places) <= 3  # weights, multiplier, offset


def convolution(shape, channels, *, scale=0.02, **arguments):
    random = np.random.default_rng(0)
    layer = Convolution(
        name="layer",
        inputs=(0,),
        output=1,
        weights=random.integers(-127, 128, (channels, 1, 1, shape[2]), dtype=np.int8),
        weight_scales=np.full(channels, scale),
        bias=np.zeros(channels, np.int32),
        **arguments,
    )
    source = Tensor("a", shape, "int8", 0.05, 0)
    return layer, source, Tensor("b", layer.output_shape([source]), "int8", 0.5, 0)


@pytest.mark.parametrize("form", [STREAMED, UNPACKED])
@given(height=st.integers(1, 6), width=st.integers(1, 6), channels=st.integers(1, 20))
@settings(max_examples=25)
def test_pieces_compute_each_channel_once(form, height, width, channels):
    layer, source, output = convolution((height, width, 7), channels, form=form)
    made = product_code(layer, source, output)
    assert made.columns == columns_of(layer, output) <= min(4, height * width)
    computed = [
        piece.channel + i
        for piece in made.pieces[made.access_pieces :]
        for i in range(piece.channels)
    ]
    assert computed == list(range(channels))
    for piece in made.pieces:
        check_piece(piece.code)
    assert bool(made.pieces[-1].weights) == (form == STREAMED)


def test_layers_without_the_bounded_form_can_only_be_packed():
    layer, source, output = convolution((2, 2, 8), 4, scale=1e4, form=STREAMED)
    assert "bounded form" in why_no_code(layer, source, output)
    with pytest.raises(CodeError, match=r"cannot be streamed.*it can be packed"):
        product_code(layer, source, output)


def test_one_piece_serves_all_channels_of_a_streamed_layer():
    layer, source, output = convolution((4, 4, 16), 32, form=STREAMED)
    made = product_code(layer, source, output)
    assert len({piece.code for piece in made.pieces[made.access_pieces :]}) == 1


def test_a_fully_connected_layer_has_one_column():
    layer = FullyConnected(
        name="dense",
        inputs=(0,),
        output=1,
        weights=np.ones((10, 40), np.int8),
        weight_scales=np.full(1, 0.02),
        bias=np.zeros(10, np.int32),
        form=STREAMED,
    )
    tensors = Tensor("a", (1, 1, 40), "int8", 0.05, 0), Tensor("b", (1, 1, 10), "int8", 0.5, 0)
    made = product_code(layer, *tensors)
    assert (made.columns, made.access_pieces) == (1, 0)
    assert [piece.channels for piece in made.pieces] == [8, 2]


# ---- depthwise ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("height", range(1, 12))
def test_words_have_every_tap_for_windows_of_either_beginning(height, stride):
    words = words_of(height, stride)
    for tap in range(0, height - 1, 2):
        assert (tap, tap + 1) in words
    if stride == 1:
        for tap in range(1, height - 1, 2):
            assert (tap, tap + 1) in words
    taps = {tap for word in words for tap in word}
    assert taps - {-1} == set(range(height))
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (3, 3), (4, 2), (9, 1)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (5, 3), (6, 10), (5, 40)])
def test_depthwise_pieces_keep_the_calling_standard(kernel, stride, shape):
    height, width = shape
    pitch = (width - 1) * stride[1] + kernel[1]
    planes = Planes(kernel, stride, height, width, pitch, 8, 8 * width)
    pieces = depthwise_code(planes)
    for code in pieces:
        check_piece(code)
    assert len(pieces) == (1 if planes.is_whole else 1 + height % 2)
    assert planes.is_whole == (height // 2 <= turn_of(width))


def depthwise(shape, kernel=(3, 3), **arguments):
    channels = shape[2] * arguments.get("multiplier", 1)
    layer = Depthwise(
        name="layer",
        inputs=(0,),
        output=1,
        weights=np.ones((*kernel, channels), np.int8),
        weight_scales=np.full(channels, arguments.pop("scale", 0.02)),
        bias=np.zeros(channels, np.int32),
        **{"form": STREAMED, "padding": Padding(1, 1, 1, 1), **arguments},
    )
    source = Tensor("a", shape, "int8", 0.05, 0)
    return layer, source, Tensor("b", layer.output_shape([source]), "int8", 0.5, 0)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (depthwise((6, 6, 4), scale=1e6), "bounded form"),
        (depthwise((6, 6, 4), multiplier=2), "multiplier"),
        (depthwise((6, 6, 4), dilation=(2, 1)), "dilation"),
        (depthwise((9, 9, 4), stride=(3, 3)), "stride"),
        (depthwise((9, 1, 4), (1, 1), padding=Padding(0, 0, 2, 0), stride=(1, 3)), "padding alone"),
        (depthwise((6, 1000, 1)), "wider"),
        (depthwise((3, 3, 2100)), "wider"),
    ],
)
def test_depthwise_layers_that_cannot_have_code_say_why(case, why):
    assert why in why_no_planes_code(*case)
    with pytest.raises(CodeError, match=f"cannot be streamed: .*{why}"):
        planes_code(*case)


def test_depthwise_layers_are_not_unpacked():
    with pytest.raises(CodeError, match="serves all channels"):
        planes_code(*depthwise((6, 6, 4), form=UNPACKED))


@pytest.mark.parametrize(("channels", "access"), [(1, 0), (3, 0), (4, 1), (9, 1)])
def test_rows_are_paired_four_channels_at_a_time(channels, access):
    made = planes_code(*depthwise((6, 6, channels)))
    assert made.access_pieces == access
    assert len(made.pieces) == access + 1


# ---- access segments ---------------------------------------------------------------------------


def lanes(values):
    """(b0, b2), (b1, b3) of four bytes."""
    four = np.zeros(4, np.int64)
    four[: len(values)] = values
    return [int(four[j + 2] & 0xFFFF) << 16 | int(four[j] & 0xFFFF) for j in (0, 1)]


def stored_words(stored):
    return {
        (address - STORED) // 4: sum(stored[address + i] << 8 * i for i in range(4))
        for address in stored
        if address % 4 == 0
    }


@given(
    rows=st.integers(1, 4),
    values=st.integers(1, 21),
    starts=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    gap=st.integers(0, 9),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40)
def test_windows_are_widened_whole_words_first(rows, values, starts, gap, seed):
    memory = np.random.default_rng(seed).integers(0, 256, 4096).astype(np.uint8)
    run = Run(rows, values, values + gap, tuple(starts), 4)
    code = widening_code(run)
    check_piece(code)
    _, stored = run_code(code, {0: STORED, 1: LOADED, 2: 0}, memory.tobytes())
    expected = {}
    signed = memory.view(np.int8).astype(np.int64)
    for column, first in enumerate(run.columns):
        starts = [row * run.row_step + first for row in range(rows)]
        whole = values // 4 * 4
        ordered = [
            *[signed[s + i] for s in starts for i in range(whole)],
            *[signed[s + i] for s in starts for i in range(whole, values)],
        ]
        for word in range(-(-len(ordered) // 4)):
            for half, value in enumerate(lanes(ordered[4 * word : 4 * word + 4])):
                expected[(2 * word + half) * 4 + column] = value
    assert stored_words(stored) == expected


@given(columns=st.integers(1, 30), step=st.integers(4, 40), groups=st.integers(1, 3))
@settings(max_examples=25)
def test_rows_are_paired_until_the_end(columns, step, groups):
    """With what the last argument points to in memory that is read."""
    if 4 * groups > step:
        groups = step // 4
    upper = np.arange(columns * step) * 7 % 251
    lower = np.arange(columns * step) * 13 % 241
    pitch = columns + 2
    limits = [4 * pitch, 16 * pitch, STORED + 16 * pitch * groups]
    memory = bytearray(4096)
    memory[16 : 16 + upper.size] = upper.astype(np.uint8).tobytes()
    memory[1600 : 1600 + lower.size] = lower.astype(np.uint8).tobytes()
    memory[3600:3612] = np.array(limits, "<u4").tobytes()
    code = pairing_code(columns, step)
    check_piece(code)
    registers = {0: STORED, 1: LOADED + 16, 2: LOADED + 1600, 3: LOADED + 3600}
    _, stored = run_code(code, registers, bytes(memory))
    signed = [rows.astype(np.uint8).view(np.int8).astype(np.int64) for rows in (upper, lower)]
    expected = {
        plane * pitch + column: int(signed[1][column * step + plane] & 0xFFFF) << 16
        | int(signed[0][column * step + plane] & 0xFFFF)
        for plane in range(4 * groups)
        for column in range(columns)
    }
    assert stored_words(stored) == expected


def test_bounds_of_pieces_are_the_firmware_s():
    """What the record's limits are derived from."""
    assert max(CHANNELS) == abi.CODE_COLUMNS_MAX
