"""The timelines of a report: for each bound the schedule that was run, and one layer larger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.report import charts
from dvfs_kernel.report.figure import Figure
from dvfs_kernel.report.runs import HEADLINE, run_of
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["timeline_figures"]

_SEGMENTS_SHOWN = 24  # of the layer that is drawn larger
_MODES: Final = {
    "sleep": "Sleep at the clock of the inference",
    "gated": "Sleep with clocks gated",
    "stop": "Stop",
}


def timeline_figures(document: Document) -> Iterator[Figure]:
    """Yield the timeline of each bound whose schedule the board logged."""
    named = {bound["name"]: bound for bound in document["bounds"]}
    first = document["bounds"][0]["name"]
    logged = [document["timeline"], *document.get("further_timelines", ())]
    for number, drawn in enumerate((one for one in logged if one and one["clock"]), start=1):
        bound = named.get(drawn.get("bound", first))
        yield from _of_bound(drawn, bound, "timeline" if number == 1 else f"timeline-{number}")


def _of_bound(
    drawn: Mapping[str, Any], bound: Mapping[str, Any] | None, name: str
) -> Iterator[Figure]:
    idle = _idle(drawn, bound)
    yield Figure(
        name,
        "timeline",
        "SYSCLK and supply current of the window, and below what its time goes to: memory and "
        "compute segments of decoupled layers, switching of clocks, and everything else.",
        charts.clock_timeline(drawn["clock"], drawn["segments"], drawn["title"], idle=idle),
    )
    detail = _busiest_layer(drawn)
    if detail is not None:
        begin_s, end_s, layer, cut, hops = detail
        yield Figure(
            f"{name}-layer",
            "timeline",
            f"The {'start of the ' if cut else ''}decoupled layer {layer}: memory segments on the "
            f"{'LFO' if hops else 'HFO, like the'}{', ' if hops else ' '}compute segments"
            f"{' on the HFO' if hops else ''}.",
            charts.clock_timeline(
                drawn["clock"], drawn["segments"], layer, begin_s=begin_s, end_s=end_s
            ),
        )


def _idle(drawn: Mapping[str, Any], bound: Mapping[str, Any] | None) -> charts.Idle | None:
    """Return how the window ends after the last segment; None where it is not known."""
    start_s = max((row["end_s"] for row in drawn["segments"]), default=None)
    run = None if bound is None else run_of(bound, HEADLINE)
    end_s = drawn["window_s"]
    if start_s is None or end_s is None or run is None or end_s <= start_s:
        return None
    energy_j = run["executed"]["idle_j"]
    current_a = None if energy_j is None else energy_j / (end_s - start_s) / SUPPLY_V
    return charts.Idle(start_s, end_s, current_a, _MODES.get(run["idle"], run["idle"]))


def _busiest_layer(drawn: Mapping[str, Any]) -> tuple[float, float, str, bool, bool] | None:
    """Return the part of the decoupled layer with the longest memory segments.

    Returns
    -------
    begin_s, end_s : float
    name : str
    cut : bool
        Whether it is only the layer's start.
    hops : bool
        Whether SYSCLK changes in it.
    """
    parts: dict[int, list[Mapping[str, Any]]] = {}
    for row in drawn["segments"]:
        if row["layer"] is not None:
            parts.setdefault(row["layer"], []).append(row)
    decoupled = [rows for rows in parts.values() if any(row["segment"] == "memory" for row in rows)]
    if not decoupled:
        return None

    def memory_s(rows: list[Mapping[str, Any]]) -> float:
        found = (row["end_s"] - row["start_s"] for row in rows if row["segment"] == "memory")
        return float(ordered_sum(found))

    rows = max(decoupled, key=memory_s)
    shown = rows[:_SEGMENTS_SHOWN]
    name = rows[0]["name"] or f"layer {rows[0]['layer']}"
    begin_s, end_s = shown[0]["start_s"], shown[-1]["end_s"]
    hops = any(begin_s < row["time_s"] < end_s for row in drawn["clock"])
    return begin_s, end_s, name, len(shown) < len(rows), hops
