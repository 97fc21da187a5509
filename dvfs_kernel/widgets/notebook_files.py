"""Where the notebooks are, in a clone and in an installed package, and a copy to work in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    import os

__all__ = ["SUFFIX", "copy_notebooks", "find_notebooks"]

SUFFIX: Final = ".ipynb"
_ROOM: Final = Path(__file__).parent
#: A wheel carries them in this room; a clone has them beside the package.
_PLACES: Final = (_ROOM / "notebooks", _ROOM.parents[1] / "notebooks")


def find_notebooks() -> list[Path]:
    """Return the notebooks in the order in which they are read.

    Raises
    ------
    FileFormatError
        The installation has none.
    """
    for place in _PLACES:
        if found := sorted(place.glob(f"*{SUFFIX}")):
            return found
    raise FileFormatError(
        f"no notebooks are in {' or '.join(map(str, _PLACES))}; install the package again"
    )


def copy_notebooks(folder: str | os.PathLike[str] = "dvfs-notebooks") -> list[Path]:
    """Put the notebooks into a folder to work in; what is there already stays as it is.

    Parameters
    ----------
    folder
        Made where it is missing.

    Returns
    -------
    list of Path
        Those that were copied.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    copied = []
    for source in find_notebooks():
        target = place / source.name
        if not target.exists():
            write_atomically(target, source.read_bytes())
            copied.append(target)
    return copied
