"""A quantised network as the product sees it: tensors, and layers that turn one into another.

The importer (`tflite_reader`) and the built-in networks (`zoo`) make a `Network`; the reference
interpreter (`reference`), the memory planner and the image builder read it. Feature maps are
height × width × channels (HWC), batch 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.layers import (
    Add,
    Concatenate,
    Convolution,
    Copy,
    Depthwise,
    Dequantize,
    FullyConnected,
    Layer,
    LayerBase,
    Mean,
    Pad,
    Pool,
    Quantize,
    Softmax,
    Transpose,
    Upsample,
)
from dvfs_kernel.networks.tensor import Padding, Tensor

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
    "Network",
    "Pad",
    "Padding",
    "Pool",
    "Quantize",
    "Softmax",
    "Tensor",
    "Transpose",
    "Upsample",
]


@dataclass(frozen=True)
class Network:
    """Tensors and the layers between them, in an order in which they can run.

    ``input`` and ``outputs`` index ``tensors``.
    """

    name: str
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    input: int
    outputs: tuple[int, ...]

    def __repr__(self) -> str:
        return f"<Network {self.name}: {len(self.layers)} layers, {sum(self.macs):,} MACs>"

    @property
    def macs(self) -> tuple[int, ...]:
        """Multiply-accumulate operations of each layer."""
        return tuple(layer.macs(self.tensors[layer.output]) for layer in self.layers)

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum(
            layer.weights.size + layer.bias.size
            for layer in self.layers
            if isinstance(layer, Convolution | Depthwise | FullyConnected)
        )

    def check(self) -> None:
        """Verify that the network can run.

        Raises
        ------
        NetworkError
            For an index beyond the tensors, a tensor read before it is written or written twice,
            an output that nothing writes, or a layer that does not fit its tensors.
        """
        for tensor in self.tensors:
            tensor.check()
        self._check_index(self.input, "the network's input")
        if not self.layers or not self.outputs:
            raise NetworkError(
                f"network {self.name!r} has {len(self.layers)} layers and "
                f"{len(self.outputs)} outputs; it needs at least one of each"
            )
        written = {self.input}
        for layer in self.layers:
            for index in (*layer.inputs, layer.output):
                self._check_index(index, f"layer {layer.name!r}")
            for index in layer.inputs:
                if index not in written:
                    raise layer.error(
                        f"reads tensor {self.tensors[index].name!r} before it is written"
                    )
            if layer.output in written:
                raise layer.error(f"writes tensor {self.tensors[layer.output].name!r} again")
            layer.check([self.tensors[i] for i in layer.inputs], self.tensors[layer.output])
            written.add(layer.output)
        for index in self.outputs:
            self._check_index(index, "an output of the network")
            if index not in written:
                raise NetworkError(
                    f"output {self.tensors[index].name!r} of network {self.name!r} is never written"
                )

    def _check_index(self, index: int, whose: str) -> None:
        if not 0 <= index < len(self.tensors):
            raise NetworkError(
                f"{whose} refers to tensor {index}; "
                f"network {self.name!r} has tensors 0 to {len(self.tensors) - 1}"
            )
