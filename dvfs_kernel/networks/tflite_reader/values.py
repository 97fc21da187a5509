"""Feature maps during import, seen under the file's axes and under the network's.

A tensor of the file has any number of dimensions; one of the network is (height, width, channels).
A `Value` says which axis of the network's tensor each dimension of the file's lies on. Reshapes
and transpositions then move no bytes: they make another `Value` of the same tensor. Bytes are
moved only where a layer needs them in another order or its axes in other places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dvfs_kernel.errors import FileFormatError, UnsupportedOperatorError
from dvfs_kernel.networks.network import Copy, Layer, Network, Tensor, Transpose

if TYPE_CHECKING:
    from dvfs_kernel.networks.tensor import Shape
    from dvfs_kernel.networks.tflite_reader.graph import Graph, GraphOperator, GraphTensor

__all__ = ["NetworkBuilder", "Value", "canonical_axes", "canonical_shape"]

Axes = tuple[int | None, ...]


def canonical_shape(dims: tuple[int, ...], label: str) -> Shape:
    """(height, width, channels) of a tensor of the file: its last three dimensions.

    Raises
    ------
    UnsupportedOperatorError
        Where a dimension before those is not 1: a batch, or a fourth spatial dimension.
    """
    if any(size != 1 for size in dims[:-3]):
        raise UnsupportedOperatorError(
            f"{label} works on a tensor of shape {list(dims)}; supported are a batch of 1 and up "
            "to three dimensions after it"
        )
    height, width, channels = (1, 1, 1, *dims)[-3:]
    return height, width, channels


def canonical_axes(rank: int) -> Axes:
    """Axis of (height, width, channels) for each of the last three dimensions; None before them."""
    return tuple(axis if (axis := i - rank + 3) >= 0 else None for i in range(rank))


@dataclass(frozen=True)
class Value:
    """A feature map of the file.

    Parameters
    ----------
    tensor
        Index of the network's tensor that holds the bytes.
    dims
        The file's shape.
    axes
        For each of `dims` the axis of the network's tensor it lies on; None for a dimension of 1
        that lies on none. None as a whole: the dimensions do not match the tensor's, but its bytes
        are in the file's order.
    """

    tensor: int
    dims: tuple[int, ...]
    axes: Axes | None

    @property
    def is_in_order(self) -> bool:
        """Whether the bytes lie in the file's order."""
        if self.axes is None:
            return True
        used = [
            axis
            for axis, size in zip(self.axes, self.dims, strict=True)
            if size > 1 and axis is not None
        ]
        return used == sorted(used)


class NetworkBuilder:
    """Collects tensors and layers, and remembers the `Value` of each tensor of the file."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tensors: list[Tensor] = []
        self._layers: list[Layer] = []
        self._values: dict[int, Value] = {}
        source = graph.tensors[graph.inputs[0]]
        if source.data is not None:
            raise FileFormatError(f"the input {source.name!r} of the model is a constant")
        if source.obstacle:
            raise UnsupportedOperatorError(
                f"the input {source.name!r} of the model {source.obstacle}"
            )
        self._input = self._new_tensor(source, canonical_shape(source.dims, "the model's input"))
        self._define(
            graph.inputs[0], Value(self._input, source.dims, canonical_axes(len(source.dims)))
        )

    def tensor(self, value: Value) -> Tensor:
        """Return the network's tensor of a value."""
        return self._tensors[value.tensor]

    def constant(self, operator: GraphOperator, position: int) -> GraphTensor:
        """Return a constant input, which has to be there."""
        tensor = self.optional_constant(operator, position)
        if tensor is None:
            raise FileFormatError(f"{operator.label} has no input {position}, which it needs")
        return tensor

    def optional_constant(self, operator: GraphOperator, position: int) -> GraphTensor | None:
        """Return a constant input, or None where the operator has no such input."""
        if position >= len(operator.inputs) or operator.inputs[position] < 0:
            return None
        tensor = self._graph.tensors[operator.inputs[position]]
        if tensor.data is None:
            raise UnsupportedOperatorError(
                f"{operator.label} computes its input {position}, {tensor.name!r}; "
                "supported is a constant there"
            )
        return tensor

    def output(self, operator: GraphOperator) -> GraphTensor:
        """Return the file's record of what an operator makes."""
        return self._graph.tensors[operator.outputs[0]]

    def value(self, operator: GraphOperator, position: int) -> Value:
        """Return a feature map that an operator reads, wherever its bytes lie."""
        index = operator.inputs[position] if position < len(operator.inputs) else -1
        if index < 0:
            raise FileFormatError(f"{operator.label} has no input {position}, which it needs")
        tensor = self._graph.tensors[index]
        if tensor.data is not None:
            raise UnsupportedOperatorError(
                f"{operator.label} reads the constant {tensor.name!r} as its input {position}; "
                "supported is a feature map there"
            )
        if index not in self._values:
            raise FileFormatError(
                f"{operator.label} reads {tensor.name!r}, which no operator before it makes"
            )
        return self._values[index]

    def canonical(self, operator: GraphOperator, position: int) -> Value:
        """Return a feature map with its last three dimensions as height, width, channels."""
        return self.arrange(operator, self.value(operator, position))

    def in_order(self, operator: GraphOperator, position: int) -> Value:
        """Return a feature map whose bytes lie in the file's order, under any shape."""
        value = self.value(operator, position)
        return value if value.is_in_order else self.arrange(operator, value)

    def arrange(self, operator: GraphOperator, value: Value) -> Value:
        """Bring a value under its canonical shape, with a layer that moves bytes if need be."""
        shape = canonical_shape(value.dims, operator.label)
        axes = canonical_axes(len(value.dims))
        name = f"arrange_{operator.name.lower()}_{operator.index}_{len(self._layers)}"
        if value.axes is not None:
            # Axis of the tensor for each canonical axis longer than 1.
            sources = {
                axis: source
                for axis, source, size in zip(axes, value.axes, value.dims, strict=True)
                if size > 1 and axis is not None and source is not None
            }
            if self.tensor(value).shape == shape and all(a == b for a, b in sources.items()):
                return Value(value.tensor, value.dims, axes)
            if not value.is_in_order:
                unused = [axis for axis in range(3) if axis not in sources.values()]
                first, second, third = (
                    sources[axis] if axis in sources else unused.pop(0) for axis in range(3)
                )
                return self._moved(value, shape, axes, name, (first, second, third))
        return self._moved(value, shape, axes, name, None)

    def _moved(
        self,
        value: Value,
        shape: Shape,
        axes: Axes,
        name: str,
        permutation: tuple[int, int, int] | None,
    ) -> Value:
        source = self.tensor(value)
        output = len(self._tensors)
        self._tensors.append(replace(source, name=f"{source.name}/arranged", shape=shape))
        inputs = (value.tensor,)
        if permutation is None:
            self._layers.append(Copy(name=name, inputs=inputs, output=output))
        else:
            self._layers.append(
                Transpose(name=name, inputs=inputs, output=output, permutation=permutation)
            )
        return Value(output, value.dims, axes)

    def add_output(self, operator: GraphOperator, shape: Shape, axes: Axes | None) -> int:
        """Make the tensor that an operator writes; returns its index."""
        record = self.output(operator)
        index = self._new_tensor(record, shape)
        self._define(operator.outputs[0], Value(index, record.dims, axes))
        return index

    def add_canonical_output(self, operator: GraphOperator) -> int:
        """Make the tensor that an operator writes under its canonical shape."""
        dims = self.output(operator).dims
        return self.add_output(
            operator, canonical_shape(dims, operator.label), canonical_axes(len(dims))
        )

    def add_layer(self, layer: Layer) -> None:
        """Append a layer."""
        self._layers.append(layer)

    def alias_output(self, operator: GraphOperator, source: Value, axes: Axes | None) -> None:
        """Let the operator's output be the bytes of a value it reads."""
        record = self.output(operator)
        made = _tensor(record, self.tensor(source).shape)
        if made.quantisation != self.tensor(source).quantisation:
            raise FileFormatError(
                f"{operator.label} moves values unchanged, but element type, scale and zero point "
                f"are {self.tensor(source).quantisation} at its input and {made.quantisation} at "
                "its output"
            )
        self._define(operator.outputs[0], Value(source.tensor, record.dims, axes))

    def finish(self, name: str) -> Network:
        """Make the network."""
        outputs = []
        for index in self._graph.outputs:
            if index not in self._values:
                raise FileFormatError(
                    f"output {self._graph.tensors[index].name!r} of the model is made by no "
                    "operator"
                )
            value = self._values[index]
            if not value.is_in_order:
                value = self.arrange(self._graph.operators[-1], value)
            elif not self._layers:
                # A model that moves no bytes still has to bring them to an output.
                shape = canonical_shape(value.dims, "the model's output")
                value = self._moved(value, shape, canonical_axes(len(value.dims)), "copy", None)
            outputs.append(value.tensor)
        return Network(name, tuple(self._tensors), tuple(self._layers), self._input, tuple(outputs))

    def _define(self, index: int, value: Value) -> None:
        if index in self._values:
            raise FileFormatError(
                f"tensor {self._graph.tensors[index].name!r} is made by more than one operator"
            )
        self._values[index] = value

    def _new_tensor(self, record: GraphTensor, shape: Shape) -> int:
        self._tensors.append(_tensor(record, shape))
        return len(self._tensors) - 1


def _tensor(record: GraphTensor, shape: Shape) -> Tensor:
    """Make a feature map of a record of the file."""
    if record.element == "int64":
        raise UnsupportedOperatorError(
            f"tensor {record.name!r} is a feature map of int64; "
            "supported are int8, uint8 and float32"
        )
    if record.element in ("float32", "int32"):
        return Tensor(record.name, shape, record.element)
    if len(record.scales) != 1:
        raise FileFormatError(
            f"tensor {record.name!r} of {record.element} has {len(record.scales)} scales; "
            "a quantised feature map has one"
        )
    return Tensor(
        record.name,
        shape,
        record.element,
        float(record.scales[0]),
        int(record.zero_points[0]),
    )
