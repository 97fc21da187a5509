"""``dvfs.write_report``: the page and the figures of a report, made again from its document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.duty import asked_duty, duty_table
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.duty import ChargeLike, PeriodLike
    from dvfs_kernel.api.arguments.progress import Shown

__all__ = ["write_report"]


def write_report(
    document: str | os.PathLike[str] | dict[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    period: PeriodLike = None,
    battery: ChargeLike = None,
    progress: Shown = True,
) -> Path:
    """Make ``report.html`` and ``figures/`` anew from a report's document.

    Parameters
    ----------
    document
        The path of a ``report.json``, or what is in one.
    output
        Folder of the page and the figures; by default that of the document's file.
    period, battery
        What if there were one inference a period, from this battery: as of `dvfs.study`. Nothing is
        run for it. The document is written, too, with what was asked.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    ArgumentError
        It is not known where to write, or the period is shorter than the quickest inference.
    FileFormatError
        The document is incomplete or contradicts itself, or is too old to tell of batteries.
    QuantityError
        Period or battery is no quantity.
    OSError
        The document cannot be read, or the folder cannot be written to.
    """
    if isinstance(document, dict) and output is None:
        raise ArgumentError("a {document} that is no file needs {output} and the name of a folder")
    duty = asked_duty(period, battery)
    # The libraries that draw cost half a second to load: not for a wrong argument.
    from dvfs_kernel.report import load, write

    if isinstance(document, dict):
        data, folder = document, Path()
    else:
        data, folder = load(Path(document)), Path(document).parent
    if duty:
        data = {**data, "duty": {**data.get("duty", {}), **duty}}
        duty_table(data)  # refused before the figures are drawn
    with shown_progress(progress) as shown:
        place = folder if output is None else Path(output)
        return write(place, data, with_json=bool(duty), progress=shown)
