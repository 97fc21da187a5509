"""What is left out of a network: for each layer an order of input channels and products."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage.archive_file import inflated
from dvfs_kernel.storage.content import parsing
from dvfs_kernel.storage.json_documents import validator
from dvfs_kernel.storage.json_file import read_json, write_json

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["LayerSkip", "SkipPlan"]

SCHEMA = "dvfs-kernel/skip-plan"
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class LayerSkip:
    """What is left out of one layer.

    Parameters
    ----------
    name
        The layer's.
    threshold
        Significance up to which a pair of products is left out.
    order
        Input channels in the order in which columns hold them, at every tap of the kernel.
    dropped
        Whether a product is left out, (output channels, input positions), positions as the layer
        stores its weights.
    weights
        int8 weights that take the place of the layer's, of the same shape; None to leave those
        that are not dropped as they are.
    bias
        int32 bias in place of the layer's; None to leave it.
    """

    name: str
    threshold: float
    order: npt.NDArray[np.intp]
    dropped: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.int8] | None = None
    bias: npt.NDArray[np.int32] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; arrays are deflated and in base64."""
        channels, positions = self.dropped.shape
        document: dict[str, Any] = {
            "layer": self.name,
            "threshold": float(self.threshold),
            "output_channels": channels,
            "input_positions": positions,
            "order": self.order.tolist(),
            "dropped": _packed(np.packbits(self.dropped)),
        }
        if self.weights is not None:
            document["weights"] = _packed(self.weights)
        if self.bias is not None:
            document["bias"] = self.bias.tolist()
        return document

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Read what `to_dict` returned.

        Raises
        ------
        ValueError
            The fields contradict each other.
        """
        shape = document["output_channels"], document["input_positions"]
        size = shape[0] * shape[1]
        bits = np.unpackbits(_unpacked(document["dropped"], -(-size // 8)), count=size)
        weights, bias = document.get("weights"), document.get("bias")
        if bias is not None and len(bias) != shape[0]:
            raise ValueError(f"{len(bias)} biases for {shape[0]} output channels")
        return cls(
            document["layer"],
            document["threshold"],
            np.array(document["order"], dtype=np.intp),
            bits.astype(bool).reshape(shape),
            None if weights is None else _unpacked(weights, size).view(np.int8).reshape(shape),
            None if bias is None else np.array(bias, dtype=np.int32),
        )


@dataclass(frozen=True, eq=False)
class SkipPlan:
    """What is left out of a network.

    Parameters
    ----------
    name
        For people.
    network
        `network_digest` of the network that the plan is for.
    layers
        Of each layer of which something is left out or whose channels have an order of their own.
    """

    name: str
    network: str
    layers: ByName[LayerSkip]

    def __repr__(self) -> str:
        return f"<SkipPlan {self.name}: {len(self.layers)} layers>"

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, SkipPlan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """SHA-256 of all but the name."""
        document = self.to_dict()
        del document["name"]
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "network": self.network,
            "layers": [layer.to_dict() for layer in self.layers],
        }

    @classmethod
    def from_dict(cls, document: Any, what: str = "the skip plan") -> Self:
        """Read what `to_dict` returned.

        Raises
        ------
        FileFormatError
            It is no skip plan, or contradicts itself.
        """
        fault = next(iter(validator("skip-plan").iter_errors(document)), None)
        if fault is not None:
            raise FileFormatError(f"{what} is none: {fault.json_path}: {fault.message}")
        with parsing(f"{what} is damaged"):
            layers = [LayerSkip.from_dict(layer) for layer in document["layers"]]
        return cls(document["name"], document["network"], ByName(layers))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the plan as JSON, whole or not at all; return its path."""
        return write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a plan from JSON.

        Raises
        ------
        FileFormatError
            The file is missing, no JSON, or no skip plan.
        """
        complaint = f"{path}: no skip plan can be read from it"
        with parsing(complaint):
            document = read_json(path, complaint=complaint, os_errors=True)
        return cls.from_dict(document, str(path))


def _packed(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def _unpacked(text: str, size: int) -> npt.NDArray[np.uint8]:
    # No more is unpacked than there can be: a damaged text must not fill the memory.
    return np.frombuffer(inflated(base64.b64decode(text, validate=True), size), dtype=np.uint8)
