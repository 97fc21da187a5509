"""The data image: everything the firmware needs to know of a network, as bytes for flash.

Header, tensor records, layer records, then weights and other blobs; ``abi.toml`` describes the
records, `packing` what the blobs hold.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import NetworkTooLargeError, UnsupportedOperatorError
from dvfs_kernel.image import packing
from dvfs_kernel.image.dae_form import has_dae_form
from dvfs_kernel.image.fused_pooling import fuse_pooling
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.image.memory_plan import Plan
    from dvfs_kernel.networks.network import Layer, Network, Tensor

__all__ = ["Image", "build"]

# Of the fields of a tensor record.
_DIMENSION_MAX = 0xFFFF

_BLOBS = ("weights", "bias", "multiplier", "shift")


@dataclass(frozen=True)
class Image:
    """A network ready for flash.

    Parameters
    ----------
    data
        The bytes, to be placed at ``abi.IMAGE_ADDRESS``.
    network
        What they were made of.
    plan
        Where its feature maps lie.
    crc32
        Of everything after the header, as the header holds it.
    operators
        The firmware's operator of each layer.
    """

    data: bytes
    network: Network
    plan: Plan
    crc32: int
    operators: tuple[abi.Operator, ...]

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Name of each layer."""
        return tuple(layer.name for layer in self.network.layers)

    @property
    def macs(self) -> tuple[int, ...]:
        """Multiply-accumulate operations of each layer."""
        return self.network.macs

    @property
    def input(self) -> Tensor:
        """The network's input."""
        return self.network.tensors[self.network.input]

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The network's outputs."""
        return tuple(self.network.tensors[index] for index in self.network.outputs)

    def fits(self, layer: int, granularity: int) -> bool:
        """Whether a layer can run at a granularity: its buffer fits the scratch memory.

        Granularity 0, the interleaved form, always fits; another one only where the layer has a
        decoupled form.
        """
        if granularity == 0:
            return True
        if not has_dae_form(self.network.layers[layer], self.network):
            return False
        return self.scratch_bytes(layer, granularity) <= abi.SCRATCH_BYTES

    def scratch_bytes(self, layer: int, granularity: int) -> int:
        """Return what the kernel of a layer needs of the scratch memory at a granularity."""
        return packing.scratch_bytes(
            self._executed.layers[layer], self.network.tensors, granularity
        )

    @cached_property
    def _executed(self) -> Network:
        return fuse_pooling(self.network)


def build(network: Network, plan: Plan) -> Image:
    """Make the data image of a network.

    Parameters
    ----------
    network
        A network that passes `Network.check`.
    plan
        Its feature maps' places, from `memory_plan.plan`.

    Raises
    ------
    NetworkTooLargeError
        Where the image is larger than its place in flash, or the network has more layers, tensors
        or outputs than the firmware's tables hold.
    UnsupportedOperatorError
        For a layer that the firmware cannot run in this form.
    """
    _check_counts(network)
    header_bytes = abi.IMAGE_HEADER.itemsize
    tensors_offset = _aligned(header_bytes)
    layers_offset = _aligned(tensors_offset + len(network.tensors) * abi.TENSOR.itemsize)
    records = np.zeros(len(network.layers), dtype=abi.LAYER)
    blobs = _Blobs(_aligned(layers_offset + records.nbytes))
    code = _Code()
    for number, layer in enumerate(fuse_pooling(network).layers):
        _write_layer(records[number : number + 1], layer, network, blobs, code)
    code_offset = blobs.place_code(bytes(code.data))
    total = blobs.end
    if total > abi.IMAGE_BYTES_MAX:
        raise NetworkTooLargeError(
            f"network {network.name!r} makes an image of {total} bytes; "
            f"flash has {abi.IMAGE_BYTES_MAX} for it"
        )
    data = bytearray(total)
    tensors = _tensor_records(network, plan).tobytes()
    data[tensors_offset : tensors_offset + len(tensors)] = tensors
    data[layers_offset : layers_offset + records.nbytes] = records.tobytes()
    for offset, blob in blobs.placed:
        data[offset : offset + len(blob)] = blob
    crc32 = zlib.crc32(data[header_bytes:])
    header = np.zeros(1, dtype=abi.IMAGE_HEADER)
    fields: dict[str, Any] = {
        "magic": abi.IMAGE_MAGIC,
        "version": abi.VERSION,
        "header_bytes": header_bytes,
        "total_bytes": total,
        "crc32": crc32,
        "layer_count": len(network.layers),
        "tensor_count": len(network.tensors),
        "tensors_offset": tensors_offset,
        "layers_offset": layers_offset,
        "input_tensor": network.input,
        "output_count": len(network.outputs),
        "scratch_bytes": plan.scratch_bytes,
        "tensor_bytes": plan.tensor_bytes,
        "network_id": zlib.crc32(network.name.encode()),
        "code_offset": code_offset,
        "code_bytes": len(code.data),
        "code_crc32": zlib.crc32(code.data),
    }
    for name, value in fields.items():
        header[name] = value
    header["output_tensors"][0, : len(network.outputs)] = network.outputs
    data[:header_bytes] = header.tobytes()
    operators = tuple(abi.Operator(int(code)) for code in records["operator"])
    return Image(bytes(data), network, plan, crc32, operators)


def _aligned(offset: int) -> int:
    return -(-offset // abi.IMAGE_ALIGNMENT) * abi.IMAGE_ALIGNMENT


class _Blobs:
    """Bytes placed one after another, each at an aligned offset from the header."""

    def __init__(self, start: int) -> None:
        self.end = start
        self.placed: list[tuple[int, bytes]] = []

    def place_code(self, code: bytes) -> int:
        """Return the offset of the code, which begins with a cache line; 0 where there is none."""
        if code:
            self.end = -(-self.end // abi.CODE_ALIGNMENT) * abi.CODE_ALIGNMENT
        return self.place(code)

    def place(self, blob: bytes) -> int:
        """Return the offset of a blob; 0 for an empty one."""
        if not blob:
            return 0
        offset = self.end
        self.placed.append((offset, blob))
        self.end = _aligned(offset + len(blob))
        return offset


class _Code:
    """Functions placed one after another, each from a cache line on; equal ones are one."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._entries: dict[bytes, int] = {}

    def place(self, code: bytes) -> int:
        """Return where a function begins, from the code's start."""
        if code not in self._entries:
            self.data += bytes(-len(self.data) % abi.CODE_ALIGNMENT)
            self._entries[code] = len(self.data)
            self.data += code
        return self._entries[code]


def _check_counts(network: Network) -> None:
    for what, count, most in (
        ("layers", len(network.layers), abi.LAYERS_MAX),
        ("tensors", len(network.tensors), abi.TENSORS_MAX),
        ("outputs", len(network.outputs), abi.OUTPUTS_MAX),
    ):
        if count > most:
            raise NetworkTooLargeError(
                f"network {network.name!r} has {count} {what}; the firmware takes at most {most}"
            )


def _tensor_records(network: Network, plan: Plan) -> np.ndarray[Any, np.dtype[np.void]]:
    records = np.zeros(len(network.tensors), dtype=abi.TENSOR)
    for number, (tensor, address) in enumerate(zip(network.tensors, plan.addresses, strict=True)):
        height, width, channels = tensor.shape
        if max(tensor.shape) > _DIMENSION_MAX:
            raise NetworkTooLargeError(
                f"tensor {tensor.name!r} of network {network.name!r} has shape {tensor.shape}; "
                f"the firmware takes dimensions up to {_DIMENSION_MAX}"
            )
        fields = {
            "address": address,
            "bytes": tensor.bytes,
            "height": height,
            "width": width,
            "channels": channels,
            "element": int(abi.Element[tensor.element.upper()]),
            "zero_point": tensor.zero_point,
            "scale_bits": int(np.float32(tensor.scale).view(np.uint32)),
        }
        for name, value in fields.items():
            records[number][name] = value
    return records


def _write_layer(
    record: np.ndarray[Any, np.dtype[np.void]],
    layer: Layer,
    network: Network,
    blobs: _Blobs,
    code: _Code,
) -> None:
    """Fill one layer record and place its blobs and code."""
    packed = packing.pack(layer, network.tensors)
    unknown = set(packed.record) - set(abi.LAYER.names or ())
    if unknown:
        raise UnsupportedOperatorError(
            f"layer {layer.name!r} was packed with {', '.join(sorted(unknown))}, which the "
            "firmware's layer record does not have"
        )
    for name, value in packed.record.items():
        record[name] = value
    record["input0"] = layer.inputs[0]
    record["input1"] = layer.inputs[1] if len(layer.inputs) > 1 else layer.inputs[0]
    record["output"] = layer.output
    for blob in _BLOBS:
        record[f"{blob}_offset"] = blobs.place(getattr(packed, blob))
    if packed.pieces:
        pieces = np.zeros(len(packed.pieces), dtype=abi.PIECE)
        for item, piece in zip(pieces, packed.pieces, strict=True):
            item["weights_offset"] = blobs.place(piece.weights)
            item["entry"] = code.place(piece.code)
            item["channel"] = piece.channel
            item["channels"] = piece.channels
        record["pieces_offset"] = blobs.place(pieces.tobytes())
        record["piece_count"] = len(pieces)
