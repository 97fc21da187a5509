"""The tables of a report as rows of text, so that the template only places them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.report.numbers import UNKNOWN, column, percent, quantity, scaled
from dvfs_kernel.report.runs import HEADLINE, REFERENCE, energy, kind, latency_s, run_of, saving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["check_rows", "clock_rows", "layer_rows", "paper_rows", "proof_rows", "run_rows"]

#: Samples that the page shows; the document holds all.
SAMPLES_SHOWN = 10

_SIDES = ("predicted", "executed")
_ENERGIES = ("inference_j", "idle_j", "window_j")


def run_rows(bound: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each run at a bound."""
    runs = bound["runs"]
    # Energies of one table share their decimals, so that they can be compared at a glance.
    energies = column([energy(run, part) for part in _ENERGIES for run in runs], 1e-3)
    parts = [energies[i * len(runs) : (i + 1) * len(runs)] for i in range(len(_ENERGIES))]
    latencies = column([latency_s(run) for run in runs], 1e-3)
    return [
        {
            "title": run["title"],
            "kind": kind(run),
            "headline": run["name"] == HEADLINE,
            "idle": run["idle"],
            "latency": latency,
            "inference": inference,
            "idle_energy": idle,
            "window": window,
            "saving": UNKNOWN if run["name"] == REFERENCE else percent(_saved(bound, run)),
            "latency_error": _error(run, "latency_s"),
            "window_error": _error(run, "window_j"),
            "relocks": UNKNOWN if run["relocks"] is None else f"{run['relocks']:,}",
            "hops": UNKNOWN if run["hops"] is None else f"{run['hops']:,}",
            "keeps_bound": _yes(run["keeps_bound"]),
            "same_output": _yes(run["same_output"]),
            "predicted_only": run["executed"]["window_j"] is None,
        }
        for run, latency, inference, idle, window in zip(runs, latencies, *parts, strict=True)
    ]


def layer_rows(document: Document, bound: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one row for each layer of the DVFS schedule at a bound; none if there is no run."""
    run = run_of(bound, HEADLINE)
    if run is None:
        return []
    times, energies = (
        [column([plan[f"{side}_{unit}"] for plan in run["layers"]], 1e-6) for side in _SIDES]
        for unit in ("s", "j")
    )
    return [
        {
            "index": str(layer["index"]),
            "name": layer["name"],
            "operator": layer["operator"],
            "macs": f"{layer['macs']:,}",
            "granularity": str(plan["granularity"]),
            "hfo": plan["hfo"],
            "sysclk": _mega_hz(plan["sysclk_hz"]),
            "lfo": plan["lfo"] or UNKNOWN,
            "predicted_time": times[0][number],
            "executed_time": times[1][number],
            "time_error": _difference(plan["executed_s"], plan["predicted_s"]),
            "predicted_energy": energies[0][number],
            "executed_energy": energies[1][number],
            "energy_error": _difference(plan["executed_j"], plan["predicted_j"]),
        }
        for number, (layer, plan) in enumerate(
            zip(document["network"]["layers"], run["layers"], strict=False)
        )
    ]


def proof_rows(document: Document) -> list[dict[str, str]]:
    """Return one row for each bound: what the solver found and proved."""
    return [
        {
            "bound": bound["name"],
            "bound_s": quantity(bound["bound_s"], "s"),
            "status": bound["solution"]["status"],
            "energy": quantity(bound["solution"]["energy_j"], "J", 5),
            "lower_bound": quantity(bound["solution"]["lower_bound_j"], "J", 5),
            "gap": quantity(bound["solution"]["gap_j"], "J", 3),
            # A watt is a microjoule a microsecond, and a millijoule a millisecond.
            "price": scaled(bound["solution"]["shadow_price_w"], 1e-3, 3),
        }
        for bound in document["bounds"]
    ]


def check_rows(document: Document) -> list[dict[str, str]]:
    """Return a row for each of the worst candidates that were run again at their real clocks."""
    samples = sorted(document["exploration"]["check"]["samples"], key=_farthest)
    names = [layer["name"] for layer in document["network"]["layers"]]
    return [
        {
            "layer": f"{row['layer']} {names[row['layer']]}",
            "granularity": str(row["granularity"]),
            "clock": row["clock"],
            "lfo": row["lfo"] or UNKNOWN,
            "predicted_time": scaled(row["predicted_s"], 1e-6),
            "executed_time": scaled(row["executed_s"], 1e-6),
            "time_error": _difference(row["executed_s"], row["predicted_s"]),
            "predicted_energy": scaled(row["predicted_j"], 1e-6),
            "executed_energy": scaled(row["executed_j"], 1e-6),
            "energy_error": _difference(row["executed_j"], row["predicted_j"]),
        }
        for row in samples[:SAMPLES_SHOWN]
    ]


def clock_rows(document: Document) -> list[dict[str, str]]:
    """Return one row for each clock of the list."""
    return [
        {
            "clock": row["clock"],
            "sysclk": _mega_hz(row["sysclk_hz"]),
            "hclk": _mega_hz(row["hclk_hz"]),
            "vco": _mega_hz(row["vco_hz"] or None),
            "scale": f"{row['voltage_scale']}{' + over-drive' if row['overdrive'] else ''}",
            "wait_states": str(row["wait_states"]),
            "run": scaled(row["run_current_a"], 1e-3),
            "sleep": scaled(row["sleep_current_a"], 1e-3),
            "charge": scaled(row["run_current_a"] / row["hclk_hz"], 1e-9, 3),
        }
        for row in document["clocks"]["settings"]
    ]


def paper_rows(document: Document) -> list[dict[str, str]]:
    """Return the comparison with the paper, fractions as percentages."""
    return [
        {
            "quantity": row["quantity"],
            "paper": _in_unit(row["paper"], row["unit"]),
            "ours": _in_unit(row["ours"], row["unit"]),
            "where": row["where"],
            "remark": row["remark"],
        }
        for row in document["paper"]
    ]


def _mega_hz(hz: float | None) -> str:
    return UNKNOWN if hz is None else f"{hz / 1e6:.6g}"


def _in_unit(value: float | None, unit: str) -> str:
    return percent(value) if unit == "1" else quantity(value, unit)


def _saved(bound: Mapping[str, Any], run: Mapping[str, Any]) -> float | None:
    return saving(bound, REFERENCE, run["name"])


def _farthest(row: Mapping[str, Any]) -> float:
    """Return minus the larger of a sample's relative differences, to sort by."""
    return -max(
        abs(row[f"executed_{unit}"] / row[f"predicted_{unit}"] - 1.0)
        if row[f"executed_{unit}"] is not None and row[f"predicted_{unit}"]
        else 0.0
        for unit in ("s", "j")
    )


def _error(run: Mapping[str, Any], part: str) -> str:
    return _difference(run["executed"][part], run["predicted"][part])


def _difference(executed: float | None, predicted: float | None) -> str:
    if executed is None or predicted is None or predicted == 0:
        return UNKNOWN
    return percent(executed / predicted - 1.0, 2)


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"
