"""Rows and tables of the runs that share a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.optimisation.graph_excerpt import RELOCK_LEAST_S
from dvfs_kernel.report.runs import kind
from dvfs_kernel.widgets import markup

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.studies.candidate import Candidate

__all__ = ["comparison_table", "executed_table", "window_bars"]


def window_bars(found: list[Candidate], bound_s: float) -> list[dict[str, Any]]:
    """Return the bars of `charts.window_energy`, relative to the first run."""
    whole = found[0].predicted_window_j
    return [
        {
            "bound": f"bound {bound_s * 1e3:.2f} ms",
            "title": one.title,
            "kind": kind({"name": one.name}),
            "inference": one.prediction.inference_j / whole,
            "idle": (one.predicted_window_j - one.prediction.inference_j) / whole,
            "window": one.predicted_window_j / whole,
            "late": not _keeps(one, bound_s),
        }
        for one in found
    ]


def _relocks(one: Candidate) -> int:
    """Count the layers that begin with the PLL locking anew."""
    return int((one.prediction.entry_time_s > RELOCK_LEAST_S).sum())


def executed_table(found: list[Candidate], records: list[Record], bound_s: float, what: str) -> str:
    """Return what the board took, and how far the predictions were off."""
    rows = [
        (
            one.title,
            f"{record.latency_s * 1e3:.3f}",
            "yes" if record.latency_s <= bound_s else "no",
            f"{100 * (one.prediction.latency_s / record.latency_s - 1):+.2f} %",
            f"{record.total('window_j') * 1e3:.4f}",
            f"{100 * (one.predicted_window_j / record.total('window_j') - 1):+.2f} %",
            int(record.total("relocks")),
        )
        for one, record in zip(found, records, strict=True)
    ]
    heads = [
        "run",
        "ms",
        "keeps the bound",
        "ms were off by",
        "window (mJ)",
        "mJ were off by",
        "relocks",
    ]
    return markup.table(f"Executed on the board: {what}", heads, rows)


def comparison_table(found: list[Candidate], bound_s: float) -> str:
    """Return what is predicted of every run."""
    rows = [
        (
            one.title,
            f"{one.prediction.latency_s * 1e3:.3f}",
            "yes" if _keeps(one, bound_s) else "no",
            _relocks(one),
            f"{one.prediction.entry_time_s.sum() * 1e3:.3f}",
            f"{one.predicted_window_j * 1e3:.4f}",
        )
        for one in found
    ]
    return markup.table(
        "Predicted, with what changing clocks costs",
        ["run", "ms", "keeps the bound", "relocks", "ms of switching", "window (mJ)"],
        rows,
    )


def _keeps(one: Candidate, bound_s: float) -> bool:
    """Say whether a prediction is within the bound, rounding of sums aside."""
    return one.prediction.latency_s <= bound_s * (1 + 1e-9)
