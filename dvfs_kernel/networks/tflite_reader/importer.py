"""Turns the records of a file into a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.errors import FileFormatError, NetworkError, UnsupportedOperatorError
from dvfs_kernel.networks.tflite_reader.fusion import drop_unused_tensors, fuse_padding
from dvfs_kernel.networks.tflite_reader.graph import Graph, parse
from dvfs_kernel.networks.tflite_reader.operators import CONVERTERS
from dvfs_kernel.networks.tflite_reader.values import NetworkBuilder
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.networks.tflite_reader.graph import GraphOperator

__all__ = ["SUPPORTED_OPERATORS", "read", "read_bytes"]

SUPPORTED_OPERATORS = tuple(sorted(CONVERTERS))

# The largest file that is looked at: flash is 2 MB, and names, metadata and signatures come on top.
_FILE_BYTES_MAX = 64 << 20


def read(path: str | Path) -> Network:
    """Read a quantised ``.tflite`` file.

    Parameters
    ----------
    path
        The file. The network is named after it.

    Returns
    -------
    A network that passes `Network.check`.

    Raises
    ------
    FileFormatError
        For a file that is missing, no TensorFlow Lite model, damaged, contradictory, or not
        quantised to int8.
    UnsupportedOperatorError
        For an operator, or a form of one, that the firmware does not have; names the operator.
    NetworkTooLargeError
        For a graph beyond any that the board could run.
    """
    return read_bytes(read_content(path, most_bytes=_FILE_BYTES_MAX), Path(path).stem)


def read_bytes(data: bytes, name: str) -> Network:
    """Read the content of a ``.tflite`` file; errors as for `read`."""
    if len(data) > _FILE_BYTES_MAX:
        raise FileFormatError(
            f"model {name!r} has {len(data):,} bytes; at most {_FILE_BYTES_MAX:,} are read"
        )
    try:
        network = _convert(parse(data), name)
        network = drop_unused_tensors(fuse_padding(network))
        network.check()
    except NetworkError as error:
        raise FileFormatError(f"model {name!r}: {error}") from error
    return network


def _convert(graph: Graph, name: str) -> Network:
    if len(graph.inputs) != 1 or not graph.outputs:
        raise UnsupportedOperatorError(
            f"model {name!r} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; "
            "supported are one input and at least one output"
        )
    for operator in graph.operators:
        if operator.name not in CONVERTERS:
            raise UnsupportedOperatorError(
                f"{operator.label} is not supported; supported are {', '.join(SUPPORTED_OPERATORS)}"
            )
    builder = NetworkBuilder(graph)
    for operator in graph.operators:
        _check_tensors(graph, operator)
        CONVERTERS[operator.name](builder, operator)
    return builder.finish(name)


def _check_tensors(graph: Graph, operator: GraphOperator) -> None:
    """Verify what every converter takes for granted: inputs, one output, tensors of known form."""
    if len(operator.outputs) != 1 or not operator.inputs:
        raise FileFormatError(
            f"{operator.label} has {len(operator.inputs)} inputs and {len(operator.outputs)} "
            "outputs; it has at least one input and one output"
        )
    if graph.tensors[operator.outputs[0]].data is not None:
        raise FileFormatError(f"{operator.label} writes a constant")
    for index in (*operator.inputs, *operator.outputs):
        tensor = graph.tensors[index]
        if index >= 0 and tensor.obstacle:
            raise UnsupportedOperatorError(
                f"{operator.label} uses tensor {tensor.name!r}, which {tensor.obstacle}"
            )
