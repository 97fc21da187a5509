"""Pickles of plain values and NumPy arrays, read without running anything that they name."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.content import parsing

__all__ = ["read_dictionary"]


def _latin1(text: str, encoding: str) -> bytes:
    """Make bytes as Python 3 has it in pickles for Python 2, which had strings for them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it has text in {encoding!r}")
    return text.encode(encoding)


# What NumPy's arrays name in their pickles, by the modules of its versions. NumPy itself tells what
# makes an array.
_MAKE_ARRAY = np.zeros(0).__reduce__()[0]
_MAKE_FROM_BUFFER = np.zeros(0).__reduce_ex__(5)[0]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _latin1,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _MAKE_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): _MAKE_ARRAY,
    ("numpy.core.numeric", "_frombuffer"): _MAKE_FROM_BUFFER,
    ("numpy._core.numeric", "_frombuffer"): _MAKE_FROM_BUFFER,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what may be named; anything else could run code."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, which no data set needs: nothing of it was run"
            ) from None


def read_dictionary(data: bytes, what: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain values and arrays, as Python 2 or 3 wrote it.

    Parameters
    ----------
    what
        What to call it in messages.

    Raises
    ------
    DataSetError
        It is damaged, holds something else, or names a function or class of any other kind.
    """
    with parsing(f"{what} is no pickle of a data set", DataSetError):
        # In Python 2 strings were bytes, and arrays are kept in such strings.
        value = _Unpickler(io.BytesIO(data), encoding="latin1").load()
    if not isinstance(value, dict):
        raise DataSetError(f"{what} holds {type(value).__name__}, no dictionary")
    return {_text(key): entry for key, entry in value.items()}


def _text(key: object) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)
