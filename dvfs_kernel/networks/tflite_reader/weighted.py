"""Operators with weights: convolutions and fully connected layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import FileFormatError, UnsupportedOperatorError
from dvfs_kernel.networks.network import Convolution, Depthwise, FullyConnected
from dvfs_kernel.networks.tflite_reader.options import activation_limits, same_padding

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.tflite_reader.graph import GraphOperator, GraphTensor
    from dvfs_kernel.networks.tflite_reader.values import NetworkBuilder

__all__ = ["convolution", "depthwise", "fully_connected"]


def _window(
    builder: NetworkBuilder,
    operator: GraphOperator,
    shape: tuple[int, int, int],
    kernel: tuple[int, int],
) -> dict[str, Any]:
    """Return the fields of both kinds of convolution that the operator's options give."""
    options = operator.options
    stride = (options["StrideH"], options["StrideW"])
    dilation = (options["DilationHFactor"], options["DilationWFactor"])
    low, high = activation_limits(operator, builder.output(operator))
    return {
        "stride": stride,
        "dilation": dilation,
        "padding": same_padding(operator, shape, kernel, stride, dilation),
        "activation_min": low,
        "activation_max": high,
    }


def convolution(builder: NetworkBuilder, operator: GraphOperator) -> None:
    """CONV_2D."""
    weights = _weights(builder, operator, rank=4, channel_dimension=0)
    value = builder.canonical(operator, 0)
    channels, height, width, depth = weights.dims
    source = builder.tensor(value)
    if source.shape[2] != depth:
        raise UnsupportedOperatorError(
            f"{operator.label} is a grouped convolution: {source.shape[2]} channels come in, the "
            f"weights take {depth}; supported are convolutions over all channels"
        )
    assert weights.data is not None
    builder.add_layer(
        Convolution(
            name=f"{operator.name.lower()}_{operator.index}",
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            weights=weights.data,
            weight_scales=weights.scales,
            bias=_bias(builder, operator, channels),
            **_window(builder, operator, source.shape, (height, width)),
        )
    )


def depthwise(builder: NetworkBuilder, operator: GraphOperator) -> None:
    """DEPTHWISE_CONV_2D."""
    weights = _weights(builder, operator, rank=4, channel_dimension=3)
    value = builder.canonical(operator, 0)
    batch, height, width, channels = weights.dims
    source = builder.tensor(value)
    if batch != 1 or channels % source.shape[2]:
        raise FileFormatError(
            f"{operator.label} has weights of shape {list(weights.dims)} for "
            f"{source.shape[2]} channels; the first dimension is 1 and the last a multiple of them"
        )
    assert weights.data is not None
    builder.add_layer(
        Depthwise(
            name=f"{operator.name.lower()}_{operator.index}",
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            weights=weights.data.reshape(height, width, channels),
            weight_scales=weights.scales,
            bias=_bias(builder, operator, channels),
            multiplier=channels // source.shape[2],
            **_window(builder, operator, source.shape, (height, width)),
        )
    )


def fully_connected(builder: NetworkBuilder, operator: GraphOperator) -> None:
    """FULLY_CONNECTED of one vector."""
    weights = _weights(builder, operator, rank=2, channel_dimension=0)
    value = builder.in_order(operator, 0)
    rows, columns = weights.dims
    size = builder.tensor(value).size
    if size != columns:
        if size % columns:
            raise FileFormatError(
                f"{operator.label} has weights for {columns} values, but {size} come in"
            )
        raise UnsupportedOperatorError(
            f"{operator.label} multiplies {size // columns} vectors; supported is one"
        )
    if operator.options["WeightsFormat"] != 0:
        raise UnsupportedOperatorError(
            f"{operator.label} has shuffled weights; supported are weights row by row"
        )
    if builder.output(operator).dims[-1:] != (rows,):
        raise FileFormatError(
            f"{operator.label} makes {rows} values; "
            f"the file says shape {list(builder.output(operator).dims)}"
        )
    low, high = activation_limits(operator, builder.output(operator))
    assert weights.data is not None
    builder.add_layer(
        FullyConnected(
            name=f"{operator.name.lower()}_{operator.index}",
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            weights=weights.data,
            weight_scales=weights.scales,
            bias=_bias(builder, operator, rows),
            activation_min=low,
            activation_max=high,
        )
    )


def _weights(
    builder: NetworkBuilder, operator: GraphOperator, rank: int, channel_dimension: int
) -> GraphTensor:
    """Constant int8 weights with zero point 0 and one scale, or one for each output channel."""
    weights = builder.constant(operator, 1)
    if weights.element != "int8":
        raise FileFormatError(
            f"{operator.label} has {weights.element} weights; "
            "the model is not quantised to int8, or not wholly"
        )
    if len(weights.dims) != rank:
        raise FileFormatError(
            f"{operator.label} has weights of shape {list(weights.dims)}; "
            f"they have {rank} dimensions"
        )
    count = len(weights.scales)
    if count not in (1, weights.dims[channel_dimension]):
        raise FileFormatError(
            f"{operator.label} has {count} weight scales, not one and not one for each of "
            f"{weights.dims[channel_dimension]} output channels"
        )
    if count > 1 and weights.quantised_dimension != channel_dimension:
        raise UnsupportedOperatorError(
            f"{operator.label} has weight scales along dimension {weights.quantised_dimension}; "
            f"supported is dimension {channel_dimension}"
        )
    if weights.zero_points.any():
        raise UnsupportedOperatorError(
            f"{operator.label} has weights with a zero point other than 0"
        )
    return weights


def _bias(builder: NetworkBuilder, operator: GraphOperator, channels: int) -> npt.NDArray[np.int32]:
    """Return the bias, zeros where the operator has none."""
    bias = builder.optional_constant(operator, 2)
    if bias is None:
        return np.zeros(channels, dtype=np.int32)
    if bias.element != "int32" or bias.dims != (channels,):
        raise FileFormatError(
            f"{operator.label} has a bias of {bias.element} and shape {list(bias.dims)}, "
            f"not {channels} int32"
        )
    assert bias.data is not None
    return bias.data
