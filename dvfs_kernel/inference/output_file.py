"""Outputs of an inference as NumPy's files."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from dvfs_kernel.inference.result import InferenceResult

__all__ = ["check_suffix", "member_name", "output_bytes"]

_LONGEST_NAME = 512


def check_suffix(suffix: str, name: str, outputs: int) -> None:
    """Refuse a kind of file that cannot hold a network's outputs.

    Raises
    ------
    ArgumentError
        The suffix is neither, or there are several outputs and it is ``.npy``.
    """
    if suffix not in (".npy", ".npz"):
        raise ArgumentError(f"{{output}} ends with {suffix!r}; .npy or .npz is allowed")
    if suffix == ".npy" and outputs > 1:
        raise ArgumentError(
            f"{name} has {outputs} outputs: {{output}} needs a name that ends with .npz"
        )


def output_bytes(result: InferenceResult, suffix: str) -> bytes:
    """Return the outputs as NumPy writes them, but whatever the tensors are called.

    Names of members of an archive become names of files where somebody unpacks it: `member_name`.

    Raises
    ------
    ArgumentError
        As `check_suffix`.
    """
    check_suffix(suffix, result.network.name, len(result.outputs))
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, result.outputs[0])
        return file.getvalue()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for tensor, output in result.named_outputs().items():
            name = member_name(tensor)
            while f"{name}.npy" in archive.namelist():
                name += "_"
            member = io.BytesIO()
            np.save(member, output)
            # ZipInfo's own date, not today's: the same run gives the same file.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return file.getvalue()


def member_name(tensor: str) -> str:
    r"""Return what a tensor is called in an archive: a path that leads nowhere but down.

    Parts that are empty or nothing but dots, the letter of a drive, ``\`` and what cannot be seen
    lead elsewhere, or nobody knows where: each becomes ``_``. Most names stay as they are.
    """
    seen = "".join(c if c.isprintable() and c != "\\" else "_" for c in tensor[:_LONGEST_NAME])
    parts = re.sub(r"^([A-Za-z]):", r"\1_", seen).split("/")
    return "/".join(part if part.strip(" .") else "_" for part in parts)
