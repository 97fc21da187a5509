"""What differs between two reports, as rows of text for a page and for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dvfs_kernel.report.numbers import UNKNOWN, percent, scaled

if TYPE_CHECKING:
    from dvfs_kernel.report.difference import Difference, LayerDifference

__all__ = ["TextTable", "text_tables", "told"]

_CAUSE_HEADS: Final = ("kind", "what", "before", "after")
_RUN_HEADS: Final = (
    "bound", "run", "ms before", "ms after", "time", "mJ before", "mJ after", "energy"
)  # fmt: skip
_LAYER_HEADS: Final = (
    "bound", "layer", "before", "after", "µs before", "µs after", "time",
    "µJ before", "µJ after", "energy", "why",
)  # fmt: skip

_MILLI, _MICRO = 1e-3, 1e-6


@dataclass(frozen=True)
class TextTable:
    """A table of text, with what it shows in a sentence."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def text_tables(found: Difference, most_layers: int | None = None) -> list[TextTable]:
    """Return what went in, the runs, and the layers.

    Parameters
    ----------
    most_layers
        How many at each bound, those with the largest change of energy; by default all.
    """
    layers = _layer_rows(found, most_layers)
    cut = (
        ""
        if len(layers) == len(found.layers)
        else f" {len(layers)} of {len(found.layers)}, those with the largest change of energy."
    )
    return [
        TextTable(
            "What went in",
            "Network, firmware, board, parameters, clocks, options and versions that differ.",
            _CAUSE_HEADS,
            tuple((each.kind, each.what, each.before, each.after) for each in found.causes),
        ),
        TextTable(
            "Runs",
            "What both ran, at bounds of the same name. Per cent: after over before, less one.",
            _RUN_HEADS,
            tuple(_run_rows(found)),
        ),
        TextTable(
            "Layers",
            "Layers of the schedule of least energy that differ, and why, as far as it is known."
            + cut,
            _LAYER_HEADS,
            tuple(layers),
        ),
    ]


def _run_rows(found: Difference) -> list[tuple[str, ...]]:
    return [
        (run.bound, run.title, *_pair(run.latency_s, _MILLI), *_pair(run.window_j, _MILLI))
        for run in found.runs
    ]


def _layer_rows(found: Difference, most: int | None) -> list[tuple[str, ...]]:
    shown = list(found.layers)
    if most is not None:
        by_bound: dict[str, list[LayerDifference]] = {}
        for layer in sorted(shown, key=_weight):
            by_bound.setdefault(layer.bound, []).append(layer)
        kept = {id(layer) for layers in by_bound.values() for layer in layers[:most]}
        shown = [layer for layer in shown if id(layer) in kept]
    return [
        (
            layer.bound,
            layer.layer,
            *layer.choice,
            *_pair(layer.time_s, _MICRO),
            *_pair(layer.energy_j, _MICRO),
            layer.reason,
        )
        for layer in shown
    ]


def told(found: Difference) -> list[str]:
    """Return sentences: what changed at each bound, and what did not."""
    sentences = []
    if not found.causes:
        sentences.append("What went into both is the same: network, firmware, board, parameters.")
    for bound in dict.fromkeys(run.bound for run in found.runs):
        layers = [layer for layer in found.layers if layer.bound == bound]
        moved = sum(layer.choice[0] != layer.choice[1] for layer in layers)
        run = next((r for r in found.runs if r.bound == bound and r.name == "dvfs"), None)
        change = None if run is None else _change(run.window_j)
        sentences.append(
            f"At {bound} the schedule of least energy needs "
            + (
                "as much as before"
                if change is not None and abs(change) < _AS_MUCH
                else f"{percent(abs(change), 2)} {'more' if change > 0 else 'less'}"
                if change is not None
                else "an amount that one of them does not know"
            )
            + f"; {moved} layers have another clock or form, {len(layers) - moved} more another "
            "time or energy."
        )
    return [*sentences, *found.remarks]


_AS_MUCH = 5e-5  # what two decimals of a per cent do not show


def _change(pair: tuple[float | None, float | None]) -> float | None:
    one, other = pair
    return None if not one or other is None else other / one - 1.0


def _pair(pair: tuple[float | None, float | None], factor: float) -> tuple[str, str, str]:
    change = _change(pair)
    sign = "+" if change is not None and change > 0 else ""
    told_change = UNKNOWN if change is None else sign + percent(change, 2)
    return scaled(pair[0], factor, 5), scaled(pair[1], factor, 5), told_change


def _weight(layer: LayerDifference) -> float:
    one, other = (0.0 if energy_j is None else energy_j for energy_j in layer.energy_j)
    return -abs(other - one)
