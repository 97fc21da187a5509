"""``dvfs.validate``: published figures of the chip against the virtual board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.board import load_profile

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.board import ProfileLike
    from dvfs_kernel.evidence.validation.result import ValidationResult

__all__ = ["validate"]


def validate(
    *,
    coremark: str | os.PathLike[str] | None = None,
    dhrystone: str | os.PathLike[str] | None = None,
    profile: ProfileLike = None,
    progress: Shown = True,
) -> ValidationResult:
    """Compare the virtual board with what is published of the chip.

    Pipeline rules, cycle figures, times, every row of the data sheet's current tables, and a whole
    network: each with its source and its error. `dvfs.compare_boards` holds the virtual board
    against another board instead.

    Parameters
    ----------
    coremark, dhrystone
        Folders of EEMBC's CoreMark and of Dhrystone 2.1 in C, which do not come with this package:
        a compiler builds them. Without one its figures are left out.
    profile
        A board profile in place of the package's parameters, or the path of its file.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    ValidationResult
        Figures in the units that they are published in; errors are shares of what is published.

    Raises
    ------
    FileFormatError, BoardError
        The profile or a benchmark is missing or damaged, cannot be built, or does not end.
    """
    own = load_profile(profile)
    # The engine costs half a second to load: not before the arguments are right.
    from dvfs_kernel.evidence.validation import validate as run
    from dvfs_kernel.evidence.validation.result import ValidationResult
    from dvfs_kernel.evidence.validation.user_programs import WHERE_FROM

    folders = {
        name: None if folder is None else Path(folder)
        for name, folder in (("CoreMark", coremark), ("Dhrystone", dhrystone))
    }
    with shown_progress(progress) as shown:
        figures = run(
            coremark=folders["CoreMark"],
            dhrystone=folders["Dhrystone"],
            profile=own,
            progress=shown,
        )
    left_out = {name: WHERE_FROM[name] for name, folder in folders.items() if folder is None}
    return ValidationResult(tuple(figures), left_out)
