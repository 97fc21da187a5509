"""What is to be explored and optimised, from arguments as people give them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.storage.atomic_file import check_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.api.arguments.making import Making
    from dvfs_kernel.clocks.lists import ClockList
    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.studies import StudyPlan

    #: What stands for clocks: the name of a list, settings between commas, a list, or settings.
    ClocksLike = str | ClockList | Iterable[ClockSetting]
    #: One bound, or several.
    Bounds = float | str | Iterable[float | str]

__all__ = ["PAPER_QOS", "check_study", "clock_list_of", "study_plan"]

#: Per cent over the baseline's latency that the paper studies (section IV).
PAPER_QOS: Final = (10.0, 30.0, 50.0)
_GRANULARITY_MAX = 255


def check_study(
    making: Making,
    clocks: ClocksLike,
    granularities: Sequence[int] | None = None,
    qos: Bounds = (),
    latency: Bounds = (),
    output: str | os.PathLike[str] | None = None,
) -> None:
    """Refuse what can be refused before a network and the engine are loaded, which takes seconds.

    Parameters
    ----------
    output
        A folder to be written to.

    Raises
    ------
    DvfsError
        As of `study_plan`, and as of `board_spec`.
    OSError
        The folder cannot be written to.
    """
    # NumPy comes with it: not where only the command line's help is wanted.
    from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
    from dvfs_kernel.exploration.runs.executors import check_address

    spec = board_spec(
        making.get("board", "virtual"),
        hse=making.get("hse"),
        pll_lock=making.get("pll_lock"),
        profile=making.get("profile"),
    )
    if spec.hse_hz is not None:
        clock_list_of(clocks, spec.hse_hz)
    elif not spec.is_physical:  # emulated boards are the paper's, where nothing else is said
        clock_list_of(clocks, PAPER_HSE_HZ)
    check_address(making.get("executor", "local"))
    _check_granularities(granularities)
    for value in _several(qos):
        _per_cent(value)
    for value in _several(latency):
        quantity.TIME.parse(value)
    if output is not None:
        check_folder(Path(output))


def study_plan(
    hse_hz: int,
    clocks: ClocksLike,
    granularities: Sequence[int] | None = None,
    qos: Bounds = (),
    latency: Bounds = (),
    *,
    default: Sequence[float] = (),
) -> StudyPlan:
    """Return what to study.

    Parameters
    ----------
    granularities
        None, or none at all: the paper's, as far as some layer of the network can have them.
    default
        Bounds in per cent where neither ``qos`` nor ``latency`` names any.

    Raises
    ------
    ClockError
        The list of clocks is illegal on this board.
    ScheduleError
        A granularity is out of its range, or a bound stands twice or is no bound.
    """
    from dvfs_kernel.studies import Bound, StudyPlan

    _check_granularities(granularities)
    relative, absolute = _several(qos), _several(latency)
    if not relative and not absolute:
        relative = list(default)
    bounds = [Bound(qos=_per_cent(value)) for value in relative]
    bounds += [Bound(latency_s=quantity.TIME.parse(value)) for value in absolute]
    if len({bound.name for bound in bounds}) != len(bounds):
        raise ScheduleError("a bound stands twice; each may stand once")
    return StudyPlan(
        clock_list_of(clocks, hse_hz),
        tuple(bounds),
        tuple(granularities) if granularities else None,
    )


def clock_list_of(clocks: ClocksLike, hse_hz: int) -> ClockList:
    """Return a list of clocks; a name or settings are read at a board's HSE.

    Raises
    ------
    ClockError
        The list is empty, or settings are unreadable or illegal.
    """
    from dvfs_kernel.clocks.lists import ClockList, parse_clocks

    if isinstance(clocks, ClockList):
        return clocks
    text = clocks if isinstance(clocks, str) else ",".join(map(str, clocks))
    return parse_clocks(text, hse_hz)


def _check_granularities(granularities: Sequence[int] | None) -> None:
    for granularity in granularities or ():
        if not 0 <= granularity <= _GRANULARITY_MAX:
            raise ScheduleError(
                f"granularity {granularity}; 0 to {_GRANULARITY_MAX} is allowed, 0 being none"
            )


def _several(values: Bounds) -> list[float | str]:
    """Return the values, of which commas in a text part several."""
    if isinstance(values, str):
        return list(values.split(","))
    return [values] if isinstance(values, int | float) else list(values)


def _per_cent(value: float | str) -> float:
    try:
        return float(str(value).strip().removesuffix("%"))
    except ValueError:
        raise ScheduleError(
            f"the bound {value!r} is no number of per cent; such as 20 is allowed"
        ) from None
