"""The layers of a quantised network, and what each demands of its inputs and its output."""

from __future__ import annotations

from typing import TypeAlias

from dvfs_kernel.networks.layers.arrangement import Concatenate, Copy, Pad, Transpose, Upsample
from dvfs_kernel.networks.layers.base import LayerBase
from dvfs_kernel.networks.layers.elementwise import Add, Dequantize, Quantize, Softmax
from dvfs_kernel.networks.layers.reduction import Mean, Pool
from dvfs_kernel.networks.layers.weighted import Convolution, Depthwise, FullyConnected

__all__ = [
    "Add",
    "Concatenate",
    "Convolution",
    "Copy",
    "Depthwise",
    "Dequantize",
    "FullyConnected",
    "Layer",
    "LayerBase",
    "Mean",
    "Pad",
    "Pool",
    "Quantize",
    "Softmax",
    "Transpose",
    "Upsample",
]

Layer: TypeAlias = (
    Convolution
    | Depthwise
    | FullyConnected
    | Add
    | Pool
    | Mean
    | Upsample
    | Pad
    | Quantize
    | Dequantize
    | Transpose
    | Copy
    | Softmax
    | Concatenate
)
