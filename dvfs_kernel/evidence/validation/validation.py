"""All figures, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.evidence.validation.currents import measure_currents
from dvfs_kernel.evidence.validation.cycles import measure_cycles
from dvfs_kernel.evidence.validation.network_time import measure_network
from dvfs_kernel.evidence.validation.rules import measure_rules
from dvfs_kernel.evidence.validation.times import measure_times
from dvfs_kernel.evidence.validation.user_programs import (
    measure_coremark,
    measure_dhrystone,
    sources_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dvfs_kernel.evidence.validation.figure import Figure

__all__ = ["validate"]


def validate(
    *,
    coremark: Path | None = None,
    dhrystone: Path | None = None,
    profile: BoardProfile | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Figure]:
    """Return every published figure with what the virtual board gives.

    Parameters
    ----------
    coremark, dhrystone
        Folders of sources; without one its figures are left out.
    profile
        What stands in place of the package's parameters.
    progress
        Told of every group that is done: what, how many, of how many.

    Raises
    ------
    FileFormatError, BoardError
        A benchmark is missing, cannot be built, or does not end.
    """
    board = profile or BoardProfile()
    timing, model = board.timing_parameters(), board.current_model()
    groups: list[Callable[[], Iterable[Figure]]] = [
        lambda: measure_rules(timing),
        lambda: measure_cycles(timing),
    ]
    if coremark is not None:
        sources_of("CoreMark", coremark)
        groups.append(lambda: measure_coremark(coremark, timing))
    if dhrystone is not None:
        sources_of("Dhrystone", dhrystone)
        groups.append(lambda: measure_dhrystone(dhrystone, timing))
    groups += [
        lambda: measure_times(timing),
        lambda: measure_currents(model),
        lambda: measure_network(board),
    ]
    figures: list[Figure] = []
    for done, group in enumerate(groups):
        if progress is not None:
            progress("groups of figures", done, len(groups))
        figures += group()
    if progress is not None:
        progress("groups of figures", len(groups), len(groups))
    return figures
