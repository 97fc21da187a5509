"""Forms of a network's layers: which each can have, what they take of flash, and a choice.

`dvfs_kernel.networks.layers.weighted` names the forms. All give the same bytes; they differ in
time and in memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import NetworkTooLargeError
from dvfs_kernel.image import image, memory_plan, packing
from dvfs_kernel.image.code.planes_code import why_no_planes_code
from dvfs_kernel.image.code.product_code import columns_of, why_no_code
from dvfs_kernel.image.code.tiles_code import why_no_tiles_code
from dvfs_kernel.image.fused_pooling import FusedConvolution, fused_pools
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import PACKED, STREAMED, UNPACKED, WINOGRAD
from dvfs_kernel.networks.network import Convolution, Depthwise, FullyConnected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.networks.network import Layer, Network, Tensor

__all__ = [
    "flash_bytes", "forms_of", "possible_forms", "unpacked", "winograd_cycles", "with_forms",
]  # fmt: skip

# Cycles saved, by the virtual board, for each MAC of a layer that is streamed instead of packed:
# means of the built-in networks (docs/kernel-forms.md).
_STREAMED_SAVES = {Convolution: 0.25, Depthwise: 0.8, FullyConnected: 0.25}
# What code saves for each output that a pooling layer would have read.
_FUSED_SAVES_PER_OUTPUT = 6.0
# What unpacked code saves beyond that, for each output: a shift, and loads of constants.
_UNPACKED_SAVES_PER_OUTPUT = 0.7
# Cycles a MAC of a streamed convolution. By Winograd's minimal filtering a tile of 2 × 2 outputs
# takes 16 products of a channel for each output channel, two a cycle, with what begins and ends
# them; its outputs are transformed, and its inputs; and every byte of weights is read.
_STREAMED_CYCLES = 0.54
_TILE_PRODUCTS_CYCLES, _TILE_OUTPUTS_CYCLES, _TILE_INPUTS_CYCLES = 8.5, 45.0, 33.0
# What a line of code costs that comes from flash: at 7 wait states (`wait_costs`).
_LINE_BYTES, _LINE_CYCLES = 32, 10
# What streamed layers take beside two bytes a weight, about.
_BYTES_PER_CHANNEL, _SHARED_CODE_BYTES = 24, 4096
# Unpacked code for each pair of weights: see `matrix_code`.
_BYTES_PER_PAIR = 28
_ICACHE_BYTES = 16 << 10


def possible_forms(layer: Layer, tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """Return the forms that a layer can have, packed first; empty for one without weights."""
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    if isinstance(layer, Depthwise):
        why = why_no_planes_code(layer, source, output)
        return (PACKED,) if why else (PACKED, STREAMED)
    if isinstance(layer, Convolution | FullyConnected):
        if why_no_code(layer, source, output):
            return (PACKED,)
        tiles = () if why_no_tiles_code(layer, source, output) else (WINOGRAD,)
        return (PACKED, STREAMED, UNPACKED, *tiles)
    return ()


def with_forms(network: Network, forms: Mapping[int, str]) -> Network:
    """Return a network whose layers have other forms.

    Parameters
    ----------
    forms
        By the layer's index; the others keep theirs.

    Raises
    ------
    CodeError
        When the image is made, for a form that a layer cannot have.
    """
    layers = tuple(
        replace(layer, form=forms[index])
        if index in forms and isinstance(layer, Convolution | Depthwise | FullyConnected)
        else layer
        for index, layer in enumerate(network.layers)
    )
    return replace(network, layers=layers)


def forms_of(network: Network) -> tuple[str, ...]:
    """Return each layer's form; nothing where all are packed."""
    forms = tuple(getattr(layer, "form", PACKED) for layer in network.layers)
    return forms if set(forms) - {PACKED} else ()


def flash_bytes(layer: Layer, tensors: Sequence[Tensor]) -> int:
    """Return what a layer's weights and code take of the image, in its form.

    Code that several layers share counts for each.
    """
    packed = packing.pack(layer, tensors)
    blobs = [packed.weights, packed.bias, packed.multiplier, packed.shift]
    blobs += list({piece.code: None for piece in packed.pieces})
    blobs += list({piece.weights: None for piece in packed.pieces})
    table = len(packed.pieces) * abi.PIECE.itemsize
    return sum(-(-len(blob) // _LINE_BYTES) * _LINE_BYTES for blob in blobs) + table


def unpacked(network: Network, limit_bytes: int | None = None) -> Network:
    """Give layers the forms that save the most time within a budget of flash.

    Parameters
    ----------
    limit_bytes
        For the whole image; all that there is where none is given.

    Raises
    ------
    NetworkTooLargeError
        The packed image is larger than the budget; says the least that is possible.

    Notes
    -----
    Which form is chosen is a knapsack: what a form saves is estimated of the layer's shape, what it
    takes is known. `dvfs approximate` measures instead of estimating.
    """
    limit = abi.IMAGE_BYTES_MAX if limit_bytes is None else min(limit_bytes, abi.IMAGE_BYTES_MAX)
    packed = with_forms(network, dict.fromkeys(range(len(network.layers)), PACKED))
    least = len(image.build(packed, memory_plan.plan(packed)).data)
    if least > limit:
        raise NetworkTooLargeError(
            f"the packed image of network {network.name!r} takes {least} bytes of flash; "
            f"a budget of {limit} is below that, and no form takes less"
        )
    names: list[Sequence[str]] = []
    sizes: list[list[float]] = []
    savings: list[list[float]] = []
    for layer in packed.layers:
        forms = possible_forms(layer, packed.tensors) or (PACKED,)
        names.append(forms)
        sizes.append([float(_size(layer, packed, form)) for form in forms])
        savings.append([_saving(layer, packed, form) for form in forms])
    streamed = {index: STREAMED for index, forms in enumerate(names) if STREAMED in forms}
    for index in fused_pools(with_forms(packed, streamed)):
        pooled = packed.tensors[packed.layers[index].output].size * _FUSED_SAVES_PER_OUTPUT
        savings[index] = [saved + pooled if saved else 0.0 for saved in savings[index]]
    # The solver's time is flash, its energy what is lost; a form may take less than the packed one.
    lightest = [min(size) for size in sizes]
    graph = LayeredGraph(
        time=[np.array(size) - low for size, low in zip(sizes, lightest, strict=True)],
        energy=[max(saving) - np.array(saving) for saving in savings],
    )
    spare = limit - least + sum(size[0] - low for size, low in zip(sizes, lightest, strict=True))
    while spare >= graph.least_time:
        choice = graph.solve(bound=spare).choice
        forms_chosen = {index: names[index][option] for index, option in enumerate(choice)}
        chosen = with_forms(network, forms_chosen)
        excess = len(image.build(chosen, memory_plan.plan(chosen)).data) - limit
        if excess <= 0:
            return chosen
        spare -= excess  # sizes were estimates
    return packed


def _size(layer: Layer, network: Network, form: str) -> int:
    if not isinstance(layer, Convolution | Depthwise | FullyConnected):
        return 0
    if form == UNPACKED:
        return int(layer.weights.size) * _BYTES_PER_PAIR // 2
    if form == PACKED:
        return flash_bytes(layer, network.tensors)
    count = layer.weights.shape[layer.channel_axis]
    if form == WINOGRAD:
        return 2 * 16 * int(layer.weights.size) // 9 + 16 * int(count) + 2 * _SHARED_CODE_BYTES
    return 2 * int(layer.weights.size) + _BYTES_PER_CHANNEL * int(count) + _SHARED_CODE_BYTES


def _saving(layer: Layer, network: Network, form: str) -> float:
    """Estimate the cycles that a form saves over the packed one."""
    if form == PACKED or not isinstance(layer, Convolution | Depthwise | FullyConnected):
        return 0.0
    output = network.tensors[layer.output]
    saved = _STREAMED_SAVES[type(layer)] * layer.macs(output)
    if form == STREAMED:
        return saved
    if form == WINOGRAD and isinstance(layer, Convolution):
        return saved + _STREAMED_CYCLES * layer.macs(output) - winograd_cycles(layer, output)
    saved += _UNPACKED_SAVES_PER_OUTPUT * output.size
    code_bytes = _size(layer, network, UNPACKED)
    pixels = 1 if isinstance(layer, FullyConnected) else output.shape[0] * output.shape[1]
    channels = output.size // pixels
    group = abi.CODE_OUTPUT_BYTES_MAX // channels
    scratch = abi.SCRATCH_BYTES // (4 * 2 * -(-layer.taps // 4) + 4)
    passes = 1 if code_bytes < _ICACHE_BYTES else -(-pixels // max(1, min(group, scratch)))
    piece_bytes = code_bytes // max(1, -(-channels // 2))
    blocks = -(-pixels // columns_of(layer, output))
    if piece_bytes > _ICACHE_BYTES:  # each block of columns runs through all of it
        passes = blocks
    return saved - passes * (code_bytes / _LINE_BYTES) * _LINE_CYCLES


def winograd_cycles(layer: Convolution, output: Tensor) -> float:
    """Estimate the cycles of a convolution by Winograd's minimal filtering, pooled or not."""
    side = 1 if isinstance(layer, FusedConvolution) else 2
    tiles = -(-output.shape[0] // side) * -(-output.shape[1] // side)
    channels, inputs = output.shape[2], int(layer.weights.shape[3])
    each = channels * (_TILE_PRODUCTS_CYCLES * inputs + _TILE_OUTPUTS_CYCLES)
    return tiles * (each + _TILE_INPUTS_CYCLES * inputs) + 32 * inputs * channels
