"""What a reader of a report must not miss: warnings, and findings about the method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dvfs_kernel.exploration.tolerance import (
    ENERGY_TOLERANCE,
    TIME_TOLERANCE,
    prediction_error,
)
from dvfs_kernel.inference.run_names import BASELINES, is_dvfs
from dvfs_kernel.report.numbers import percent, quantity
from dvfs_kernel.report.runs import (
    EQUAL,
    HEADLINE,
    energy,
    is_proved,
    latency_s,
    run_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dvfs_kernel.report.document import Document

__all__ = ["Finding", "findings"]

_PAIRS = (("latency_s", TIME_TOLERANCE), ("window_j", ENERGY_TOLERANCE))


@dataclass(frozen=True)
class Finding:
    """One thing that a reader must not miss.

    Parameters
    ----------
    weight
        ``"warning"``: something that was promised does not hold. ``"finding"``: it holds, and says
        something about the method.
    text
        One sentence that holds for every place that is named in `cases`.
    cases
        Where, with the numbers; none where the sentence says all.
    """

    weight: Literal["warning", "finding"]
    text: str
    cases: tuple[str, ...] = ()


def findings(document: Document) -> list[Finding]:
    """Return warnings first, then findings; what holds at several bounds is said once."""
    bounds = document["bounds"]
    found = [
        finding
        for bound in bounds
        for part in (_broken, _unproved, _mispredicted)
        for finding in part(bound)
    ]
    found += [*_exploration_off(document), *_beaten(bounds), *_late(bounds), *_no_hops(document)]
    return sorted(found, key=lambda finding: finding.weight == "finding")


def _exploration_off(document: Document) -> Iterator[Finding]:
    """Warn where a candidate that was run again is not what the exploration said."""
    check = document["exploration"]["check"]
    for name, limit in (("time", TIME_TOLERANCE), ("energy", ENERGY_TOLERANCE)):
        allowed = check.get(f"{name}_tolerance", limit)
        worst = check[f"worst_{name}"]
        if worst is not None and worst > allowed:
            yield Finding(
                "warning",
                f"A candidate that was run again at its real clock differs from the exploration by "
                f"{percent(worst, 2)} in {name}; {percent(allowed, 0)} is allowed.",
            )


def _broken(bound: Mapping[str, Any]) -> Iterator[Finding]:
    """Warn of our own schedules that miss the bound, change the output or were not executed."""
    for run in bound["runs"]:
        if run["same_output"] is False:
            yield Finding(
                "warning",
                f"{_at(bound)} {run['title']} gives another output than the baseline.",
            )
        if is_dvfs(run["name"]) and run["keeps_bound"] is False:
            yield Finding(
                "warning", f"{_at(bound)} {run['title']} misses the bound{_missed(bound, run)}."
            )
    headline = run_of(bound, HEADLINE)
    if headline is None or headline["executed"]["window_j"] is None:
        yield Finding(
            "warning",
            f"{_at(bound)} the DVFS schedule was not executed; its numbers are predictions.",
        )


def _unproved(bound: Mapping[str, Any]) -> Iterator[Finding]:
    solution = bound["solution"]
    if not is_proved(bound):
        yield Finding(
            "warning",
            f"{_at(bound)} the solver ended with {solution['status']!r}; the schedule may need "
            f"up to {quantity(solution['gap_j'], 'J', 3)} more than the best one.",
        )


def _mispredicted(bound: Mapping[str, Any]) -> Iterator[Finding]:
    run = run_of(bound, HEADLINE)
    for (part, limit), name in zip(_PAIRS, ("latency", "energy"), strict=True):
        if run is None or not run["executed"][part] or run["predicted"][part] is None:
            continue
        error = prediction_error(run["predicted"][part], run["executed"][part])
        allowed = run.get("allowed", {}).get(part)
        most = limit if allowed is None else allowed / run["executed"][part]
        if abs(error) > most:
            yield Finding(
                "warning",
                f"{_at(bound)} the {name} of the DVFS schedule was predicted "
                f"{percent(abs(error), 2)} too {'high' if error > 0 else 'low'}; "
                f"{percent(most, 1)} is allowed.",
            )


def _beaten(bounds: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say where something simpler is as good as DVFS, or better."""
    equal, better = [], []
    for bound in bounds:
        ours = energy(run_of(bound, HEADLINE))
        if not ours:
            continue
        for name in BASELINES:
            run = run_of(bound, name)
            other = energy(run)
            if run is None or other is None or run["keeps_bound"] is False:
                continue
            told = f"{_at(bound)} {run['title']}: {quantity(other, 'J')} against "
            told += f"{quantity(ours, 'J')}"
            if abs(other - ours) <= EQUAL * ours:
                equal.append(told)
            elif other < ours:
                better.append(f"{told}, {percent(1 - other / ours)} less")
    if better:
        yield Finding(
            "finding", "Something simpler needs less than DVFS. Ship that instead.", tuple(better)
        )
    if equal:
        yield Finding(
            "finding",
            f"Something simpler is as good as DVFS, to {percent(EQUAL, 2)}: changing clocks and "
            "decoupling gain next to nothing there.",
            tuple(equal),
        )


def _late(bounds: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    cases = tuple(
        f"{_at(bound)} {run['title']}{_missed(bound, run)}"
        for bound in bounds
        for run in bound["runs"]
        if not is_dvfs(run["name"]) and run["keeps_bound"] is False
    )
    if cases:
        yield Finding("finding", "What DVFS is compared with misses the bound.", cases)


def _no_hops(document: Document) -> Iterator[Finding]:
    """Say so where candidates with an LFO were there and none was worth its hops."""
    runs = {
        bound["name"]: run["layers"]
        for bound in document["bounds"]
        if (run := run_of(bound, HEADLINE)) is not None and run["layers"]
    }
    if not any(document["exploration"]["granularities"]) or not runs:
        return
    if all(layer["lfo"] is None for layers in runs.values() for layer in layers):
        decoupled = ", ".join(
            f"{sum(layer['granularity'] > 0 for layer in layers)} of {len(layers)} at {name}"
            for name, layers in runs.items()
        )
        yield Finding(
            "finding",
            "No layer of any DVFS schedule runs its memory segments on the LFO: by the explored "
            f"costs no hop inside a layer saves what it costs. Decoupled layers: {decoupled}.",
        )


def _at(bound: Mapping[str, Any]) -> str:
    return f"At the {bound['name']} bound,"


def _missed(bound: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return by how much a run misses its bound, and what may be the reason."""
    took_s = latency_s(run)
    text = ""
    if took_s is not None and took_s > bound["bound_s"]:
        text = f" by {quantity(took_s - bound['bound_s'], 's', 3)}"
    return text + (f", with {run['relocks']} PLL relocks" if run["relocks"] else "")
