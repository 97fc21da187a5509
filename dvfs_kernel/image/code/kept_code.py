"""Unpacked code on disk: putting the instructions of a large layer in order takes seconds."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import CacheError
from dvfs_kernel.image.code.piece import LayerCode, Piece
from dvfs_kernel.link import abi
from dvfs_kernel.storage.array_file import parse_arrays
from dvfs_kernel.storage.kept_files import KeptFiles
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dvfs_kernel.networks.layers import Convolution, FullyConnected
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["keeping_code", "kept_or_made"]

# What makes code.
_MODULES = ("dvfs_kernel.image.code.product_code",)

# Where code is kept, innermost last.
_kept: list[KeptFiles | None] = []


@contextmanager
def keeping_code(folder: Path | None) -> Iterator[None]:
    """Keep unpacked code in a folder, and find it there again; None: nowhere.

    Raises
    ------
    CacheError
        The folder cannot be made or written to.
    """
    _kept.append(None if folder is None else KeptFiles(folder, "code"))
    try:
        yield
    finally:
        _kept.pop()


def kept_or_made(
    layer: Convolution | FullyConnected,
    source: Tensor,
    output: Tensor,
    make: Callable[[], LayerCode],
) -> LayerCode:
    """Return a layer's code, found or made.

    Raises
    ------
    CacheError
        What is kept is damaged, or cannot be read or written.
    """
    kept = _kept[-1] if _kept else None
    if kept is None:
        return make()
    key = _key(layer, source, output)
    data = kept.read(key)
    if data is not None:
        return _read(data, kept.damaged(key))
    made = make()
    kept.write(key, _bytes_of(made))
    return made


def _key(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> str:
    digest = hashlib.sha256(sources_digest(*_MODULES).encode())
    digest.update(type(layer).__name__.encode())
    for field in fields(layer):
        if field.name in ("name", "inputs", "output"):
            continue
        value = getattr(layer, field.name)
        if isinstance(value, np.ndarray):
            digest.update(f"{field.name}{value.dtype.str}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(f"{field.name}{value!r};".encode())
    for tensor in (source, output):
        digest.update(f"{tensor.shape}{tensor.quantisation};".encode())
    return digest.hexdigest()


def _bytes_of(made: LayerCode) -> bytes:
    numbers = [made.columns, int(made.requantisation), made.access_pieces]
    for piece in made.pieces:
        numbers += [len(piece.code), len(piece.weights), piece.channel, piece.channels]
    body = b"".join(piece.code + piece.weights for piece in made.pieces)
    file = io.BytesIO()
    np.savez(file, numbers=np.array(numbers, np.int64), body=np.frombuffer(body, np.uint8))
    return file.getvalue()


def _read(data: bytes, complaint: str) -> LayerCode:
    arrays = parse_arrays(data, complaint, CacheError)
    numbers, body = arrays["numbers"].tolist(), arrays["body"].tobytes()
    columns, requantisation, access_pieces = numbers[:3]
    pieces, begin = [], 0
    for place in range(3, len(numbers), 4):
        code, weights, channel, channels = numbers[place : place + 4]
        middle, end = begin + code, begin + code + weights
        pieces.append(Piece(body[begin:middle], body[middle:end], channel, channels))
        begin = end
    return LayerCode(columns, abi.Requantisation(requantisation), tuple(pieces), access_pieces)
