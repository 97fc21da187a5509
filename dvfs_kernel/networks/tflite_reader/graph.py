"""The bytes of a ``.tflite`` file as plain records, checked so that nothing after needs to be.

Offsets in a FlatBuffer point anywhere the writer of the file likes. Everything that can go wrong
while they are followed ends here, as a `FileFormatError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from dvfs_kernel.errors import FileFormatError, NetworkTooLargeError, UnsupportedOperatorError
from dvfs_kernel.storage.by_content import ByContent
from dvfs_kernel.storage.content import parsing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["Graph", "GraphOperator", "GraphTensor", "parse"]

# Far above anything that fits the board; a hostile file stops here and not at the host's memory.
_OPERATORS_MAX = 1024
_TENSORS_MAX = 8192
_RANK_MAX = 8
_TENSOR_BYTES_MAX = (1 << 31) - 1

_IDENTIFIER = b"TFL3"
_IDENTIFIER_OFFSET = 4

_ELEMENTS = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.INT64: "int64",
    tflite.TensorType.INT8: "int8",
    tflite.TensorType.UINT8: "uint8",
}

_TYPE_NAMES = {
    value: name for name, value in vars(tflite.TensorType).items() if not name.startswith("_")
}
_OPERATOR_NAMES = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if not name.startswith("_")
}
_CUSTOM = tflite.BuiltinOperator.CUSTOM

# The options that the importer reads, by operator.
_OPTION_TYPES: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "ADD": (tflite.AddOptions, ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": (
        tflite.Pool2DOptions,
        (
            "Padding",
            "StrideW",
            "StrideH",
            "FilterWidth",
            "FilterHeight",
            "FusedActivationFunction",
        ),
    ),
    "CONCATENATION": (tflite.ConcatenationOptions, ("Axis", "FusedActivationFunction")),
    "CONV_2D": (
        tflite.Conv2DOptions,
        (
            "Padding",
            "StrideW",
            "StrideH",
            "DilationWFactor",
            "DilationHFactor",
            "FusedActivationFunction",
        ),
    ),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions, ("FusedActivationFunction", "WeightsFormat")),
    "RESIZE_NEAREST_NEIGHBOR": (
        tflite.ResizeNearestNeighborOptions,
        ("AlignCorners", "HalfPixelCenters"),
    ),
    "SOFTMAX": (tflite.SoftmaxOptions, ("Beta",)),
}
_OPTION_TYPES["MAX_POOL_2D"] = _OPTION_TYPES["AVERAGE_POOL_2D"]
_OPTION_TYPES["DEPTHWISE_CONV_2D"] = (
    tflite.DepthwiseConv2DOptions,
    _OPTION_TYPES["CONV_2D"][1],
)


@dataclass(frozen=True, eq=False)
class GraphTensor(ByContent):
    """A tensor of the file.

    Parameters
    ----------
    dims
        As in the file; a scalar has none.
    element
        Name of the element type in NumPy's terms; empty where there is an obstacle.
    scales, zero_points
        Empty, one, or one for each index along `quantised_dimension`.
    data
        Constant content in the shape `dims`; None for a feature map.
    obstacle
        Why no operator here can use the tensor; empty for most.
    """

    name: str
    dims: tuple[int, ...]
    element: str
    scales: npt.NDArray[np.float64]
    zero_points: npt.NDArray[np.int64]
    quantised_dimension: int
    data: npt.NDArray[Any] | None
    obstacle: str = ""


@dataclass(frozen=True, eq=False)
class GraphOperator(ByContent):
    """An operator of the file; an absent optional input is −1.

    ``label`` names it in messages: operator, position and the tensor it makes.
    """

    name: str
    index: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    label: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """The only subgraph of a file; every index is valid."""

    tensors: tuple[GraphTensor, ...]
    operators: tuple[GraphOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parse(data: bytes) -> Graph:
    """Read the records of a ``.tflite`` file.

    Raises
    ------
    FileFormatError
        For bytes that are no TensorFlow Lite model, a truncated or damaged one, or one whose
        indices, sizes and shapes contradict each other.
    UnsupportedOperatorError
        For custom operators, and tensors in a form that no operator here takes.
    NetworkTooLargeError
        For a graph beyond any that the board could run.
    """
    found = data[_IDENTIFIER_OFFSET : _IDENTIFIER_OFFSET + len(_IDENTIFIER)]
    if found != _IDENTIFIER:
        raise FileFormatError(
            f"not a TensorFlow Lite model: bytes 4 to 7 are {found!r}, not {_IDENTIFIER!r}"
        )
    with parsing("damaged TensorFlow Lite model, an offset or a length inside it is wrong"):
        return _parse(data)


def _parse(data: bytes) -> Graph:
    model = tflite.Model.GetRootAs(data, 0)
    if model.Version() != 3:
        raise FileFormatError(f"the model has schema version {model.Version()}; known: 3")
    if model.SubgraphsLength() != 1:
        raise FileFormatError(
            f"the model has {model.SubgraphsLength()} subgraphs; supported is exactly one"
        )
    subgraph = model.Subgraphs(0)
    tensor_count = _bounded(subgraph.TensorsLength(), _TENSORS_MAX, "tensors")
    operator_count = _bounded(subgraph.OperatorsLength(), _OPERATORS_MAX, "operators")
    tensors = tuple(_tensor(data, model, subgraph.Tensors(i), i) for i in range(tensor_count))
    operators = tuple(
        _operator(model, subgraph.Operators(i), i, tensors) for i in range(operator_count)
    )
    return Graph(
        tensors,
        operators,
        _indices(subgraph.InputsLength, subgraph.Inputs, tensors, "the inputs of the model"),
        _indices(subgraph.OutputsLength, subgraph.Outputs, tensors, "the outputs of the model"),
    )


def _bounded(count: int, most: int, what: str) -> int:
    if count > most:
        raise NetworkTooLargeError(f"the model has {count} {what}; the most that can be is {most}")
    return count


def _indices(
    length: Callable[[], int],
    element: Callable[[int], int],
    tensors: tuple[GraphTensor, ...],
    whose: str,
    *,
    optional: bool = False,
) -> tuple[int, ...]:
    count = _bounded(length(), _TENSORS_MAX, f"tensors in {whose}")
    indices = tuple(element(i) for i in range(count))
    least = -1 if optional else 0
    for index in indices:
        if not least <= index < len(tensors):
            raise FileFormatError(
                f"{whose} refer to tensor {index}; the model has tensors 0 to {len(tensors) - 1}"
            )
    return indices


def _tensor(data: bytes, model: Any, record: Any, index: int) -> GraphTensor:
    name = (record.Name() or b"").decode("utf-8", "replace") or f"tensor_{index}"
    rank = _bounded(record.ShapeLength(), _RANK_MAX, f"dimensions in tensor {name!r}")
    dims = tuple(record.Shape(i) for i in range(rank))
    scales, zero_points, dimension = _quantisation(record, name)
    obstacle = _obstacle(record, dims)
    if obstacle:
        return GraphTensor(name, dims, "", scales, zero_points, dimension, None, obstacle)
    element = _ELEMENTS[record.Type()]
    needed = prod(dims) * np.dtype(element).itemsize
    if needed > _TENSOR_BYTES_MAX:
        raise NetworkTooLargeError(
            f"tensor {name!r} of shape {list(dims)} takes {needed} bytes; "
            f"the most that can be is {_TENSOR_BYTES_MAX}"
        )
    content = _content(data, model, record.Buffer(), name, needed)
    if content is not None:
        content = content.view(element).reshape(dims)
    return GraphTensor(name, dims, element, scales, zero_points, dimension, content)


def _obstacle(record: Any, dims: tuple[int, ...]) -> str:
    if any(size < 1 for size in dims):
        return f"has shape {list(dims)}; supported are dimensions that are fixed and at least 1"
    if record.Type() not in _ELEMENTS:
        kind = _TYPE_NAMES.get(record.Type(), f"code {record.Type()}")
        return f"has element type {kind}; supported are {', '.join(_ELEMENTS.values())}"
    if record.IsVariable():
        return "keeps its content between runs; supported are feature maps and constants"
    if record.Sparsity() is not None:
        return "is sparse; supported are dense tensors"
    return ""


def _quantisation(
    record: Any, name: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], int]:
    quantisation = record.Quantization()
    scales = np.zeros(0, dtype=np.float64)
    zero_points = np.zeros(0, dtype=np.int64)
    if quantisation is None:
        return scales, zero_points, 0
    if quantisation.ScaleLength():
        scales = quantisation.ScaleAsNumpy().astype(np.float64)
    if quantisation.ZeroPointLength():
        zero_points = quantisation.ZeroPointAsNumpy().astype(np.int64)
    if len(zero_points) == 0:
        zero_points = np.zeros(len(scales), dtype=np.int64)
    if len(zero_points) != len(scales):
        raise FileFormatError(
            f"tensor {name!r} has {len(scales)} scales and {len(zero_points)} zero points"
        )
    if not (np.isfinite(scales).all() and (scales >= 0).all()):
        raise FileFormatError(f"tensor {name!r} has a scale that is negative or not finite")
    return scales, zero_points, quantisation.QuantizedDimension()


def _content(
    data: bytes, model: Any, index: int, name: str, needed: int
) -> npt.NDArray[np.uint8] | None:
    """Bytes of a constant: a view into the file; None where the buffer is empty."""
    if not 0 <= index < model.BuffersLength():
        raise FileFormatError(
            f"tensor {name!r} refers to buffer {index}; the model has {model.BuffersLength()}"
        )
    buffer = model.Buffers(index)
    if buffer.Offset() > 1:
        raise UnsupportedOperatorError(
            f"tensor {name!r} is stored outside the FlatBuffer; supported are models under 2 GB, "
            "with their constants inside"
        )
    if buffer.DataLength() == 0:
        return None
    content: npt.NDArray[np.uint8] = buffer.DataAsNumpy()
    if content.size != needed or content.size > len(data):
        raise FileFormatError(
            f"tensor {name!r} has {content.size} bytes of content where its shape takes {needed}"
        )
    return content


def _operator(
    model: Any, record: Any, index: int, tensors: tuple[GraphTensor, ...]
) -> GraphOperator:
    if not 0 <= record.OpcodeIndex() < model.OperatorCodesLength():
        raise FileFormatError(
            f"operator {index} refers to operator code {record.OpcodeIndex()}; "
            f"the model has {model.OperatorCodesLength()}"
        )
    code = model.OperatorCodes(record.OpcodeIndex())
    # Files from before the 128th operator hold the code in a field of one byte.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = _OPERATOR_NAMES.get(number, f"operator code {number}")
    if number == _CUSTOM:
        custom = (code.CustomCode() or b"").decode("utf-8", "replace")
        name = f"CUSTOM {custom!r}"
    whose = f"{name} (operator {index})"
    inputs = _indices(record.InputsLength, record.Inputs, tensors, whose, optional=True)
    outputs = _indices(record.OutputsLength, record.Outputs, tensors, whose)
    label = whose
    if outputs:
        label = f"{name} (operator {index}, {tensors[outputs[0]].name!r})"
    return GraphOperator(name, index, inputs, outputs, label, _options(record, name, label))


def _options(record: Any, name: str, label: str) -> dict[str, Any]:
    """Values of the options that the importer reads, by name; the schema's defaults if absent."""
    if name not in _OPTION_TYPES:
        return {}
    options_type, names = _OPTION_TYPES[name]
    kind = getattr(tflite.BuiltinOptions, options_type.__name__)
    if record.BuiltinOptionsType() != kind or record.BuiltinOptions() is None:
        raise FileFormatError(f"{label} has no {options_type.__name__}")
    union = record.BuiltinOptions()
    options = options_type()
    options.Init(union.Bytes, union.Pos)
    return {option: getattr(options, option)() for option in names}
