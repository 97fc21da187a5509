"""Data images by hand, for what the image builder would never write."""

import zlib
from math import prod

import numpy as np

from dvfs_kernel.link import abi

__all__ = ["one_layer", "tensor"]


def tensor(shape, offset=0, **fields):
    """Return a tensor record so many bytes into the tensor region."""
    record = np.zeros((), abi.TENSOR)
    record["address"] = abi.TENSOR_ADDRESS + offset
    record["bytes"] = prod(shape)
    record["height"], record["width"], record["channels"] = shape
    for name, value in fields.items():
        record[name] = value
    return record


def _aligned(offset):
    return -(-offset // abi.IMAGE_ALIGNMENT) * abi.IMAGE_ALIGNMENT


def one_layer(tensors, blobs=None, code=b"", **fields):
    """Return an image of one layer, which reads tensor 0 and writes the last one.

    Parameters
    ----------
    tensors
        Their records.
    blobs
        Bytes by the member that holds their offset (``"weights_offset"``), in their order; the last
        one ends the image. ``"pieces_offset"`` may be an array of piece records.
    code
        What pieces are in; before the blobs.
    fields
        Members of the layer's record.
    """
    header = np.zeros((), abi.IMAGE_HEADER)
    layer = np.zeros((), abi.LAYER)
    layer["output"] = len(tensors) - 1
    layer["activation_min"], layer["activation_max"] = -128, 127
    tensors_offset = _aligned(abi.IMAGE_HEADER.itemsize)
    layers_offset = _aligned(tensors_offset + len(tensors) * abi.TENSOR.itemsize)
    end = -(-(layers_offset + abi.LAYER.itemsize) // abi.CODE_ALIGNMENT) * abi.CODE_ALIGNMENT
    parts = {end: code}
    header["code_offset"] = end if code else 0
    end += len(code)
    for name, blob in (blobs or {}).items():
        end = _aligned(end)
        layer[name] = end
        parts[end] = bytes(blob) if isinstance(blob, bytes) else blob.tobytes()
        end += len(parts[end])
    for name, value in fields.items():
        layer[name] = value
    parts[tensors_offset] = b"".join(record.tobytes() for record in tensors)
    parts[layers_offset] = layer.tobytes()
    data = bytearray(end)
    for offset, part in parts.items():
        data[offset : offset + len(part)] = part
    values = {
        "magic": abi.IMAGE_MAGIC,
        "version": abi.VERSION,
        "header_bytes": abi.IMAGE_HEADER.itemsize,
        "total_bytes": end,
        "layer_count": 1,
        "tensor_count": len(tensors),
        "tensors_offset": tensors_offset,
        "layers_offset": layers_offset,
        "output_count": 1,
        "code_bytes": len(code),
        "code_crc32": zlib.crc32(code),
        "crc32": zlib.crc32(data[abi.IMAGE_HEADER.itemsize :]),
    }
    for name, value in values.items():
        header[name] = value
    header["output_tensors"][0] = len(tensors) - 1
    data[: abi.IMAGE_HEADER.itemsize] = header.tobytes()
    return bytes(data)
