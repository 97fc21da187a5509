"""What the page of an approximation says first: what was asked, what to do, and how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.report.numbers import percent, quantity
from dvfs_kernel.report.verdict import joined, largest_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["asked", "best_runs", "sure"]


def asked(document: Mapping[str, Any]) -> str:
    """Say what was asked, as one would ask it."""
    name = document["network"]["name"]
    losses = sorted({loss for point in document["points"] for loss in point["chosen_for"]})
    lost = joined("or", [f"{loss:g}" for loss in losses])
    limits = joined(
        "or", [f"{quantity(one['bound_s'], 's')} ({one['name']})" for one in document["bounds"]]
    )
    what = f"Which code and which clock should each layer of {name} have"
    if document["search"] and lost:
        what = (
            f"Which products of {name} may be left out for {lost} points of Top-1, and which code "
            "and which clock should each layer have"
        )
    return (
        f"{what}, so that an inference and the wait after it need the least energy, while the "
        f"inference takes at most {limits}, and the image {document['flash_budget_bytes']:,} bytes "
        "of flash?"
    )


def best_runs(document: Mapping[str, Any]) -> Iterator[str]:
    """Say for each bound what needs the least of what kept it, and what that saves."""
    for bound in document["bounds"]:
        first = bound["runs"][0]["executed"]["window_j"]
        known = [
            run
            for run in bound["runs"]
            if run["keeps_bound"] and run["same_output"] and run["executed"]["window_j"] is not None
        ]
        if not known or not first:
            continue
        best = min(known, key=lambda run: run["executed"]["window_j"])
        window_j, loss = best["executed"]["window_j"], best["loss_points"]
        yield (
            f"At the {bound['name']} bound: {best['title']}"
            + (f", at a loss of {loss:g} points" if loss else "")
            + f". It takes {quantity(window_j, 'J')} a window, {percent(1 - window_j / first)} "
            "less than exact packed kernels at full clock that then sleep."
        )


def sure(document: Mapping[str, Any]) -> Iterator[str]:
    """Say what is proved, what was executed, and how far the two are apart."""
    runs = [run for bound in document["bounds"] for run in bound["runs"]]
    proved = [run["solution"]["status"] == "optimal" for run in runs if run["solution"]]
    good = sum(bool(run["keeps_bound"] and run["same_output"]) for run in runs)
    yield (
        f"Proved is the prediction: {sum(proved)} of {len(proved)} schedules that were chosen need "
        f"the least energy of their options. {good} of {len(runs)} runs kept the bound and gave "
        "the bytes of the interpreter."
    )
    time, window = (largest_error(runs, part) for part in ("latency_s", "window_j"))
    if time is not None and window is not None:
        yield (
            f"None is further from its prediction than {percent(time, 2)} in latency and "
            f"{percent(window, 2)} in energy: between two runs that differ by less, the proof "
            "decides nothing."
        )
