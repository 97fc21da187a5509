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
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import read_content
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dvfs_kernel.networks.layers import Convolution, FullyConnected
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["keeping_code", "kept_or_made"]

_SOURCES = (
    "boards/emulator/issue_stage.py",
    "boards/emulator/timing_parameters.py",
    "boards/emulator/instruction*.py",
    "image/code/*.py",
    "image/rescaling.py",
    "link/abi.toml",
    "networks/quantisation.py",
)
_ADVICE = "give another folder with --cache, or none with --no-cache"

# Where code is kept, innermost last.
_folders: list[Path | None] = []


@contextmanager
def keeping_code(folder: Path | None) -> Iterator[None]:
    """Keep unpacked code in a folder, and find it there again; None: nowhere."""
    _folders.append(folder)
    try:
        yield
    finally:
        _folders.pop()


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
    folder = _folders[-1] if _folders else None
    if folder is None:
        return make()
    key = _key(layer, source, output)
    path = folder / key[:2] / f"{key}.code"
    try:
        if path.exists():
            return _read(path, key)
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _bytes_of(made, key))
    except OSError as error:
        raise CacheError(
            f"code cannot be kept in {path}: {error.strerror or error}; {_ADVICE}"
        ) from error
    return made


def _key(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> str:
    digest = hashlib.sha256(sources_digest(_SOURCES).encode())
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


def _bytes_of(made: LayerCode, key: str) -> bytes:
    """Return numbers and bytes behind the key and their digest."""
    numbers = [made.columns, int(made.requantisation), made.access_pieces]
    for piece in made.pieces:
        numbers += [len(piece.code), len(piece.weights), piece.channel, piece.channels]
    body = b"".join(piece.code + piece.weights for piece in made.pieces)
    file = io.BytesIO()
    np.savez(file, numbers=np.array(numbers, np.int64), body=np.frombuffer(body, np.uint8))
    data = file.getvalue()
    return key.encode() + hashlib.sha256(data).digest() + data


def _read(path: Path, key: str) -> LayerCode:
    content = read_content(path, error=CacheError, os_errors=True)
    data = content[len(key) + hashlib.sha256().digest_size :]
    if content[: -len(data) or None] != key.encode() + hashlib.sha256(data).digest():
        raise CacheError(f"the kept code {path} is damaged; delete it")
    arrays = parse_arrays(data, f"the kept code {path} is damaged, delete it", CacheError)
    numbers, body = arrays["numbers"].tolist(), arrays["body"].tobytes()
    columns, requantisation, access_pieces = numbers[:3]
    pieces, begin = [], 0
    for place in range(3, len(numbers), 4):
        code, weights, channel, channels = numbers[place : place + 4]
        middle, end = begin + code, begin + code + weights
        pieces.append(Piece(body[begin:middle], body[middle:end], channel, channels))
        begin = end
    return LayerCode(columns, abi.Requantisation(requantisation), tuple(pieces), access_pieces)
