"""Which run of a bound is what, and the numbers that everything else is computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.inference.run_names import BASELINES, RunName, is_dvfs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.report.document import Document

__all__ = [
    "EQUAL",
    "HEADLINE",
    "IDLING",
    "REFERENCE",
    "bound_at",
    "energy",
    "is_proved",
    "kind",
    "known_saving",
    "latency_s",
    "mega_hz",
    "run_of",
    "saving",
    "strongest_baseline",
    "top_hz",
]

#: Our schedule with the idle mode that suits it best.
HEADLINE: Final = RunName.DVFS
#: What every saving is relative to where nothing else is said.
REFERENCE: Final = RunName.TINYENGINE


#: How a window's rest is spent, for people.
IDLING: Final = {
    "sleep": "Sleep at full clock",
    "gated": "Sleep with clocks gated",
    "stop": "Stop",
}
#: Energies closer than this, relatively, count as the same.
EQUAL: Final = 5e-4

_SAME_QOS = 1e-6
_PROVED = "optimal"


def is_proved(bound: Mapping[str, Any]) -> bool:
    """Say whether no schedule of the explored options is predicted to need less at a bound."""
    return bool(bound["solution"]["status"] == _PROVED)


def kind(run: Mapping[str, Any]) -> str:
    """Return a key of `dvfs_kernel.report.charts.window.KIND`."""
    if is_dvfs(run["name"]):
        return "DVFS"
    return "knapsack without switching costs" if run["name"] == RunName.PAPER else "baseline"


def run_of(bound: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return the run of that name at a bound, or None."""
    return next((run for run in bound["runs"] if run["name"] == name), None)


def energy(run: Mapping[str, Any] | None, part: str = "window_j") -> float | None:
    """Return an executed energy; the predicted one where the run was not executed."""
    if run is None:
        return None
    found: float | None = run["executed"].get(part)
    return run["predicted"].get(part) if found is None else found


def latency_s(run: Mapping[str, Any]) -> float | None:
    """Return the executed latency; the predicted one where the run was not executed."""
    found: float | None = run["executed"]["latency_s"]
    return run["predicted"]["latency_s"] if found is None else found


def saving(bound: Mapping[str, Any], against: str, name: str = HEADLINE) -> float | None:
    """Return 1 - E(run) / E(baseline) of the window; None where one of them is unknown."""
    ours, other = energy(run_of(bound, name)), energy(run_of(bound, against))
    return None if ours is None or other is None or other == 0 else 1.0 - ours / other


def known_saving(bound: Mapping[str, Any], against: str) -> float:
    """Return what `saving` does, and less than any saving where it is not known."""
    found = saving(bound, against)
    return float("-inf") if found is None else found


def strongest_baseline(bound: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the baseline that needs the least energy of those that keep the bound."""
    known = [
        (window_j, run)
        for name in BASELINES
        if (run := run_of(bound, name)) is not None
        and (window_j := energy(run)) is not None
        and run["keeps_bound"] is not False
    ]
    return min(known, key=lambda pair: pair[0], default=(0.0, None))[1]


def bound_at(document: Document, qos: float) -> Mapping[str, Any] | None:
    """Return the bound with so much slack over the baseline's latency, or None."""
    return next(
        (
            bound
            for bound in document["bounds"]
            if bound["qos"] is not None and abs(bound["qos"] - qos) < _SAME_QOS
        ),
        None,
    )


def top_hz(document: Document) -> float:
    """Return the highest SYSCLK of the clock list."""
    return float(max(row["sysclk_hz"] for row in document["clocks"]["settings"]))


def mega_hz(hz: float) -> str:
    """Return a frequency as text."""
    return f"{hz / 1e6:.4g} MHz"
