"""The file of a trained network: an ``.npz`` archive without pickles, the same bytes every time.

========================  ==============================================================
array                     content
========================  ==============================================================
``description``           uint8: a JSON document in UTF-8, see below
``sample``                uint8 pixels (height, width, channels), where there is a sample
``LAYER.weights``         int8 (out, kernel height, kernel width, in), or (out, in) of a
                          fully connected layer
``LAYER.scales``          float32, one for each output channel
``LAYER.bias``            int32, one for each output channel
========================  ==============================================================

The network is a chain: layer i reads tensor i and writes tensor i + 1, which has its name. The
document has ``format`` (1), ``name``, ``tensors`` (``name``, ``shape``, ``scale``, ``zero_point``),
``layers`` (``kind``: one of "convolution", "max_pool", "fully_connected"; ``padding`` on all four
sides of a convolution; ``clamp``, the fused activation in stored values) and ``record``, the fields
of `TrainingRecord`. A maximum is over windows of 2 by 2. Arrays are stored without compression.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import FileFormatError, NetworkError
from dvfs_kernel.networks.network import (
    Convolution,
    FullyConnected,
    Layer,
    Network,
    Padding,
    Pool,
    Tensor,
)
from dvfs_kernel.storage.array_file import parse_arrays
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.by_content import ByContent
from dvfs_kernel.storage.content import parsing, read_content
from dvfs_kernel.storage.json_file import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["Trained", "TrainingRecord", "read", "write"]

_FORMAT = 1
_KINDS = ("convolution", "fully_connected", "max_pool")
_WINDOW = (2, 2)


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """How a network was trained, and how many test images it tells right.

    Parameters
    ----------
    data
        Name of the data set.
    trained_on
        Images that it was trained on.
    seed, epochs, torch
        Of the training, and the version of PyTorch.
    images
        Test images; nothing was chosen on them.
    correct
        Test images that the int8 network tells right.
    float_correct
        Test images that the network tells right in real numbers, before quantisation.
    """

    data: str
    trained_on: int
    seed: int
    epochs: int
    torch: str
    images: int
    correct: int
    float_correct: int

    @property
    def accuracy(self) -> float:
        """Share of the test images that the int8 network tells right."""
        return self.correct / self.images


@dataclass(frozen=True, eq=False)
class Trained(ByContent):
    """A trained network.

    Parameters
    ----------
    network
        The int8 network.
    record
        How it was trained and what it is worth.
    sample
        A picture of the kind that it was trained on, uint8 (height, width, channels); None where
        no such picture may be passed on.
    """

    network: Network
    record: TrainingRecord
    sample: npt.NDArray[np.uint8] | None = None


def write(path: Path, trained: Trained) -> None:
    """Write a trained network; what is interrupted leaves the old file or none.

    Raises
    ------
    NetworkError
        The network is no chain of convolutions with stride 1, maxima over 2 by 2 and fully
        connected layers.
    OSError
        The place cannot be written to.
    """
    network = trained.network
    arrays: dict[str, npt.NDArray[Any]] = {}
    layers = []
    for index, layer in enumerate(network.layers):
        if layer.inputs != (index,) or layer.output != index + 1:
            raise layer.error("is not the next link of a chain, which is all that the file holds")
        layers.append(_described(layer))
        if isinstance(layer, Convolution | FullyConnected):
            arrays[f"{layer.name}.weights"] = layer.weights
            arrays[f"{layer.name}.scales"] = layer.weight_scales.astype(np.float32)
            arrays[f"{layer.name}.bias"] = layer.bias
    document = {
        "format": _FORMAT,
        "name": network.name,
        "tensors": [
            {"name": t.name, "shape": t.shape, "scale": t.scale, "zero_point": t.zero_point}
            for t in network.tensors
        ],
        "layers": layers,
        "record": asdict(trained.record),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    arrays["description"] = np.frombuffer(text.encode(), np.uint8)
    if trained.sample is not None:
        arrays["sample"] = trained.sample
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomically(path, content.getvalue())


def read(path: Path) -> Trained:
    """Read a trained network.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, or of another format.
    """
    complaint = f"{path}: not the file of a trained network"
    arrays = parse_arrays(read_content(path), complaint)
    with parsing(complaint):
        document = parse_json(arrays["description"].tobytes(), complaint)
        if document["format"] != _FORMAT:
            raise ValueError(f"it has format {document['format']!r}; this version reads {_FORMAT}")
        try:
            network = _network(document, arrays)
            network.check()
        except NetworkError as error:
            raise FileFormatError(f"{complaint}: {error}") from error
        record = TrainingRecord(**document["record"])
    return Trained(network, record, arrays.get("sample"))


def _described(layer: Layer) -> dict[str, Any]:
    if isinstance(layer, Convolution):
        padding = layer.padding
        if {padding.top, padding.bottom, padding.left, padding.right} == {padding.top} and (
            layer.stride == layer.dilation == (1, 1)
        ):
            clamp = layer.activation_min, layer.activation_max
            return {"kind": "convolution", "padding": padding.top, "clamp": clamp}
    elif isinstance(layer, FullyConnected):
        clamp = layer.activation_min, layer.activation_max
        return {"kind": "fully_connected", "clamp": clamp}
    elif isinstance(layer, Pool) and (layer.kind, layer.kernel, layer.stride, layer.padding) == (
        "max",
        _WINDOW,
        _WINDOW,
        Padding(),
    ):
        return {"kind": "max_pool"}
    raise layer.error("is of a form that the file of a trained network cannot hold")


def _network(document: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Network:
    tensors = tuple(
        Tensor(t["name"], tuple(t["shape"]), scale=t["scale"], zero_point=t["zero_point"])
        for t in document["tensors"]
    )
    layers = tuple(
        _layer(described, index, tensors[index + 1].name, arrays)
        for index, described in enumerate(document["layers"])
    )
    return Network(document["name"], tensors, layers, 0, (len(tensors) - 1,))


def _layer(
    described: Mapping[str, Any], index: int, name: str, arrays: Mapping[str, npt.NDArray[Any]]
) -> Layer:
    place: dict[str, Any] = {"name": name, "inputs": (index,), "output": index + 1}
    kind = described["kind"]
    if kind not in _KINDS:
        raise NetworkError(f"layer {name!r} is of the unknown kind {kind!r}")
    if kind == "max_pool":
        return Pool(kind="max", kernel=_WINDOW, stride=_WINDOW, **place)
    least, most = described["clamp"]
    weighted = place | {
        "weights": arrays[f"{name}.weights"],
        "weight_scales": arrays[f"{name}.scales"].astype(np.float64),
        "bias": arrays[f"{name}.bias"],
        "activation_min": least,
        "activation_max": most,
    }
    if kind == "fully_connected":
        return FullyConnected(**weighted)
    around = described["padding"]
    return Convolution(padding=Padding(around, around, around, around), **weighted)
