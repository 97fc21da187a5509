"""Winograd's minimal filtering: its arithmetic in whole numbers, its pieces, who can have it."""

from dataclasses import replace

import numpy as np
import pytest
from code_walk import check_piece
from coded_layers import TILES
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.tiles_code import tiles_code, why_no_tiles_code
from dvfs_kernel.image.code.winograd_code import transformed_weights, winograd_code

B = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
A = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


@given(seed=st.integers(0, 2**32), extreme=st.booleans())
@settings(max_examples=50)
def test_four_times_the_outputs_of_a_tile(seed, extreme):
    """Of each kernel and tile; what is multiplied fits 16 bits."""
    random = np.random.default_rng(seed)
    kernel = random.integers(-127, 128, (2, 3, 3, 5))
    tile = random.integers(-128, 128, (4, 4, 5))
    if extreme:
        kernel, tile = 127 * np.sign(kernel), np.where(tile < 0, -128, 127)
    weights = transformed_weights(kernel.astype(np.int8)).astype(np.int64).reshape(2, 4, 4, 5)
    inputs = np.einsum("ik,klc,jl->ijc", B, tile, B)
    assert max(abs(weights).max(), abs(inputs).max()) < 1 << 15
    outputs = np.einsum("ik,oklc,klc,jl->oij", A, weights, inputs, A)
    direct = [
        [np.einsum("oklc,klc->o", kernel, tile[y : y + 3, x : x + 3]) for x in range(2)]
        for y in range(2)
    ]
    np.testing.assert_array_equal(outputs, 4 * np.moveaxis(np.array(direct), 2, 0))


@pytest.mark.parametrize("pairs", [2, 4, 16, 22, 34, 64, 66, 128])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("pools", [False, True])
def test_pieces_keep_the_calling_standard(pairs, channels, pools):
    steps = check_piece(winograd_code(pairs, channels, -128, 90, pools=pools))
    stored = sum(step.mnemonic == "strb" for step in steps)
    assert stored == channels * 4 * (1 if pools else 4)
    products = sum(step.mnemonic in {"smlad", "smuad"} for step in steps)
    assert products % (4 * channels * pairs) == 0
    assert products <= 4 * channels * max(64, pairs)


@settings(max_examples=20)
@given(case=TILES["tiles"])
def test_layers_that_cannot_have_it_say_why(case):
    layer = replace(case.layer, form="winograd")
    made = tiles_code(layer, *case.tensors)
    assert made.access_pieces == 0
    assert sum(piece.channels for piece in made.pieces) == len(layer.bias)
    weights = layer.weights
    for other, why in (
        (replace(layer, stride=(2, 1)), "a stride"),
        (replace(layer, dilation=(1, 2)), "dilation"),
        (replace(layer, weights=weights[:, :, :2]), "not 3 × 3"),
        (replace(layer, weights=weights[..., :3]), "3 input channels"),
        (replace(layer, bias=layer.bias + np.int32(1 << 29)), "exceed the bounded form"),
    ):
        assert why in why_no_tiles_code(other, *case.tensors)
        with pytest.raises(CodeError, match=why):
            tiles_code(other, *case.tensors)
