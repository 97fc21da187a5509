"""Small networks made by hand."""

import numpy as np

from dvfs_kernel.networks.network import (
    Convolution,
    Depthwise,
    FullyConnected,
    Network,
    Padding,
    Tensor,
)


def tensor(name, shape, **changes):
    return Tensor(name, shape, **{"scale": 0.5, "zero_point": 1, **changes})


def convolution(shape=(4, 3, 3, 2), **changes):
    values = np.arange(np.prod(shape)).reshape(shape) % 23 - 11
    fields = {
        "name": "convolution",
        "inputs": (0,),
        "output": 1,
        "weights": values.astype(np.int8),
        "weight_scales": np.linspace(0.01, 0.02, shape[0]),
        "bias": np.arange(shape[0], dtype=np.int32) * 100,
        "padding": Padding(1, 1, 1, 1),
    }
    return Convolution(**{**fields, **changes})


def depthwise(channels=4, **changes):
    shape = (3, 3, channels)
    fields = {
        "name": "depthwise",
        "inputs": (1,),
        "output": 2,
        "weights": (np.arange(9 * channels).reshape(shape) % 19 - 9).astype(np.int8),
        "weight_scales": np.full(channels, 0.02),
        "bias": np.zeros(channels, np.int32),
        "padding": Padding(1, 1, 1, 1),
    }
    return Depthwise(**{**fields, **changes})


def fully_connected(rows, columns, **changes):
    fields = {
        "name": "fully_connected",
        "inputs": (0,),
        "output": 1,
        "weights": np.ones((rows, columns), np.int8),
        "weight_scales": np.array([0.01]),
        "bias": np.zeros(rows, np.int32),
    }
    return FullyConnected(**{**fields, **changes})


def two_layers():
    """A convolution and a depthwise convolution of 6 by 5 pixels."""
    return Network(
        "two",
        (tensor("a", (6, 5, 2)), tensor("b", (6, 5, 4)), tensor("c", (6, 5, 4))),
        (convolution(), depthwise()),
        0,
        (2,),
    )


def one_layer(layer, *tensors, outputs=None):
    """A network of one layer, from the first tensors into the last."""
    return Network("one", tensors, (layer,), 0, outputs or (len(tensors) - 1,))
