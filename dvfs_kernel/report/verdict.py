"""What a report says first: savings, against what, proved or not, executed or not, and findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from dvfs_kernel.exploration.tolerance import ENERGY_TOLERANCE, TIME_TOLERANCE
from dvfs_kernel.report.numbers import UNKNOWN, percent, quantity
from dvfs_kernel.report.runs import (
    BASELINES,
    HEADLINE,
    REFERENCE,
    energy,
    is_ours,
    latency_s,
    run_of,
    saving,
    strongest_baseline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["Card", "Finding", "cards", "findings", "verdict"]

_EQUAL = 5e-4  # energies closer than this, relatively, count as the same
_PROVED: Final = "optimal"


@dataclass(frozen=True)
class Finding:
    """One sentence that a reader must not miss.

    Parameters
    ----------
    weight
        ``"warning"``: something that was promised does not hold. ``"finding"``: it holds, and says
        something about the method.
    """

    weight: Literal["warning", "finding"]
    text: str


@dataclass(frozen=True)
class Card:
    """One bound at a glance."""

    bound: str
    bound_s: float
    window_j: float | None
    saved: tuple[str, str]
    against: tuple[str, str] | None
    proof: str
    proved: bool
    execution: str
    executed: bool


def cards(document: Document) -> list[Card]:
    """Return one card for each bound."""
    return [_card(bound) for bound in document["bounds"]]


def _card(bound: Mapping[str, Any]) -> Card:
    run, strongest = run_of(bound, HEADLINE), strongest_baseline(bound)
    proved = bound["solution"]["status"] == _PROVED
    executed = run is not None and run["executed"]["window_j"] is not None
    good = executed and run is not None and run["keeps_bound"] and run["same_output"]
    return Card(
        bound=bound["name"],
        bound_s=bound["bound_s"],
        window_j=energy(run),
        saved=_compared(saving(bound, REFERENCE), "TinyEngine"),
        against=None
        if strongest is None
        else _compared(
            saving(bound, strongest["name"]), f"the strongest baseline, {strongest['title']}"
        ),
        proof="proved optimal"
        if proved
        else f"not proved: {bound['solution']['status']}, gap {_gap(bound)}",
        proved=proved,
        execution="executed, bound kept, output the same"
        if good
        else "executed, see the findings"
        if executed
        else "not executed: numbers are predictions",
        executed=bool(good),
    )


def _compared(amount: float | None, other: str) -> tuple[str, str]:
    """Return a saving and what it is against, as the parts of a sentence."""
    if amount is None:
        return UNKNOWN, f"against {other}: not known"
    if abs(amount) < _EQUAL:
        return "as much", f"as {other}"
    return percent(abs(amount)), f"{'less' if amount > 0 else 'more'} than {other}"


def verdict(document: Document) -> list[str]:
    """Answer: what do I save, at which bound, against what, is it proved, was it executed."""
    return [sentence for part in (_saved(document), _trust(document)) for sentence in part]


def _saved(document: Document) -> Iterator[str]:
    known = [bound for bound in document["bounds"] if saving(bound, REFERENCE) is not None]
    if not known:
        yield "The document holds no energies of DVFS and TinyEngine at the same bound."
        return
    best = max(known, key=lambda bound: saving(bound, REFERENCE) or 0.0)
    amount = saving(best, REFERENCE) or 0.0
    reference = run_of(best, REFERENCE)
    title = REFERENCE if reference is None else reference["title"]
    verb = "saves" if amount >= 0 else "costs"
    yield (
        f"At the {best['name']} bound ({quantity(best['bound_s'], 's')}), DVFS {verb} "
        f"{percent(abs(amount))} of the window's energy against {title}."
    )
    strongest = strongest_baseline(best)
    if strongest is not None and strongest["name"] != REFERENCE:
        needs, relation = _compared(
            saving(best, strongest["name"]), f"the strongest baseline there, {strongest['title']}"
        )
        yield f"It needs {needs} {relation}."


def _trust(document: Document) -> Iterator[str]:
    bounds = document["bounds"]
    proved = sum(bound["solution"]["status"] == _PROVED for bound in bounds)
    good = sum(card.executed for card in cards(document))
    yield (
        f"Of {len(bounds)} schedules {proved} are proved to need the least energy within their "
        f"bound, and {good} were executed with the bound kept and the baseline's output."
    )
    time, window = (
        max((abs(error) for b in bounds if (error := _error(run_of(b, HEADLINE), part))), default=0)
        for part, _ in _PAIRS
    )
    if good:
        yield (
            f"Execution differs from prediction by at most {percent(time, 2)} in latency and "
            f"{percent(window, 2)} in energy of the window."
        )


_PAIRS = (("latency_s", TIME_TOLERANCE), ("window_j", ENERGY_TOLERANCE))


def findings(document: Document) -> list[Finding]:
    """Return warnings first, then findings."""
    found = [
        finding
        for bound in document["bounds"]
        for part in (_broken, _unproved, _mispredicted, _beaten, _late)
        for finding in part(bound)
    ]
    found += _exploration_off(document)
    found += _unused_lfo(document)
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
        if is_ours(run) and run["keeps_bound"] is False:
            yield Finding("warning", f"{_at(bound)} {run['title']} {_missed(bound, run)}.")
    headline = run_of(bound, HEADLINE)
    if headline is None or headline["executed"]["window_j"] is None:
        yield Finding(
            "warning",
            f"{_at(bound)} the DVFS schedule was not executed; its numbers are predictions.",
        )


def _unproved(bound: Mapping[str, Any]) -> Iterator[Finding]:
    solution = bound["solution"]
    if solution["status"] != _PROVED:
        yield Finding(
            "warning",
            f"{_at(bound)} the solver ended with {solution['status']!r}; the schedule may need "
            f"up to {_gap(bound)} more than the best one.",
        )


def _mispredicted(bound: Mapping[str, Any]) -> Iterator[Finding]:
    run = run_of(bound, HEADLINE)
    for (part, limit), name in zip(_PAIRS, ("latency", "energy"), strict=True):
        error = _error(run, part)
        if error is not None and run is not None and abs(error) > _allowed(run, part, limit):
            yield Finding(
                "warning",
                f"{_at(bound)} executed and predicted {name} of the DVFS schedule differ by "
                f"{percent(error, 2)}; {percent(_allowed(run, part, limit), 1)} is allowed.",
            )


def _allowed(run: Mapping[str, Any], part: str, limit: float) -> float:
    """Return how far a run may be off, as a part of its prediction."""
    allowed = run.get("allowed", {}).get(part)
    return limit if allowed is None else float(allowed / run["predicted"][part])


def _beaten(bound: Mapping[str, Any]) -> Iterator[Finding]:
    """Say where something simpler is as good as DVFS, or better."""
    ours = energy(run_of(bound, HEADLINE))
    if not ours:
        return
    for name in BASELINES:
        run = run_of(bound, name)
        other = energy(run)
        if run is None or other is None or run["keeps_bound"] is False:
            continue
        if abs(other - ours) <= _EQUAL * ours:
            yield Finding(
                "finding",
                f"{_at(bound)} {run['title']} is as good as DVFS "
                f"({quantity(other, 'J')} against {quantity(ours, 'J')}): changing clocks and "
                "decoupling gain next to nothing at this bound.",
            )
        elif other < ours:
            yield Finding(
                "finding",
                f"{_at(bound)} {run['title']} beats DVFS, with {quantity(other, 'J')} against "
                f"{quantity(ours, 'J')} ({percent(1 - other / ours)} less). Ship that instead.",
            )


def _unused_lfo(document: Document) -> Iterator[Finding]:
    """Say so where candidates with an LFO were there and none was worth its hops."""
    runs = [run for bound in document["bounds"] if (run := run_of(bound, HEADLINE)) is not None]
    layers = [layer for run in runs for layer in run["layers"]]
    if any(document["exploration"]["granularities"]) and layers:
        decoupled = sum(layer["granularity"] > 0 for layer in layers)
        if all(layer["lfo"] is None for layer in layers):
            yield Finding(
                "finding",
                "No layer of any DVFS schedule runs its memory segments on the LFO "
                f"({decoupled} of {len(layers)} are decoupled): by the explored costs no hop "
                "inside a layer saves what it costs.",
            )


def _late(bound: Mapping[str, Any]) -> Iterator[Finding]:
    for run in bound["runs"]:
        if not is_ours(run) and run["keeps_bound"] is False:
            yield Finding("finding", f"{_at(bound)} {run['title']} {_missed(bound, run)}.")


def _at(bound: Mapping[str, Any]) -> str:
    return f"At the {bound['name']} bound,"


def _missed(bound: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    took_s = latency_s(run)
    text = "misses the bound"
    if took_s is not None and took_s > bound["bound_s"]:
        text += f" by {quantity(took_s - bound['bound_s'], 's', 3)}"
    return text + (f", with {run['relocks']} PLL relocks" if run["relocks"] else "")


def _error(run: Mapping[str, Any] | None, part: str) -> float | None:
    """Return executed over predicted, less one."""
    if run is None or run["executed"][part] is None or not run["predicted"][part]:
        return None
    return float(run["executed"][part] / run["predicted"][part] - 1.0)


def _gap(bound: Mapping[str, Any]) -> str:
    return quantity(bound["solution"]["gap_j"], "J", 3)
