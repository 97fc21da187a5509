"""What the runs that are compared in a window are called, in studies and in their documents."""

from __future__ import annotations

from typing import Final

__all__ = ["BASELINES", "RunName", "Technique", "is_chosen", "is_dvfs"]


class RunName:
    """Names of the runs that a study compares."""

    TINYENGINE = "tinyengine"
    GATED = "tinyengine-gated"
    RACE = "race-to-stop"
    SINGLE = "single-clock"
    PAPER = "paper-mckp"
    DVFS = "dvfs"


class Technique:
    """Names of what is compared where layers are unpacked and products skipped, too."""

    BASELINE = "baseline"
    RACE = RunName.RACE
    DVFS = RunName.DVFS
    UNPACKING = "unpacking"
    UNPACKING_DVFS = "unpacking-dvfs"
    SKIPPING = "skipping"
    JOINT = "joint"


#: What one could ship without DVFS, weakest first.
BASELINES: Final = (RunName.TINYENGINE, RunName.GATED, RunName.RACE, RunName.SINGLE)


def is_dvfs(name: str) -> bool:
    """Tell whether a run's schedule is one that knows what changes of clock cost.

    Such are the headline, ``dvfs``, and those of the other idle modes: ``dvfs-gated``.
    """
    return name == RunName.DVFS or name.startswith(f"{RunName.DVFS}-")


def is_chosen(name: str) -> bool:
    """Tell whether a run is chosen for its bound: by DVFS, or as the best single clock.

    The other baselines, and the paper's schedule, are given: they are what they are, kept or not.
    """
    return name == RunName.SINGLE or is_dvfs(name)
