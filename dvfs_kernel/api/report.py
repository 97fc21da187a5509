"""``dvfs.write_report``: the page and the figures of a report, made again from its document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown

__all__ = ["write_report"]


def write_report(
    document: str | os.PathLike[str] | dict[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Shown = True,
) -> Path:
    """Make ``report.html`` and ``figures/`` anew from a report's document.

    Parameters
    ----------
    document
        The path of a ``report.json``, or what is in one.
    output
        Folder of the page and the figures; by default that of the document's file.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    ArgumentError
        It is not known where to write.
    FileFormatError
        The document is incomplete or contradicts itself.
    OSError
        The document cannot be read, or the folder cannot be written to.
    """
    if isinstance(document, dict) and output is None:
        raise ArgumentError("a {document} that is no file needs {output} and the name of a folder")
    # The libraries that draw cost half a second to load: not for a wrong argument.
    from dvfs_kernel.report import load, write

    if isinstance(document, dict):
        data, folder = document, Path()
    else:
        data, folder = load(Path(document)), Path(document).parent
    with shown_progress(progress) as shown:
        place = folder if output is None else Path(output)
        return write(place, data, with_json=False, progress=shown)
