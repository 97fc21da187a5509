"""The tables of a report as rows of text, so that the template only places them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dvfs_kernel.exploration.tolerance import prediction_error
from dvfs_kernel.report.battery import SELF_DISCHARGE, SELF_DISCHARGE_SOURCE, duty_rows
from dvfs_kernel.report.numbers import UNKNOWN, column, number, percent, quantity, scaled, signed
from dvfs_kernel.report.runs import (
    HEADLINE,
    IDLING,
    REFERENCE,
    energy,
    kind,
    latency_s,
    run_of,
    saving,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.report.battery import Duty
    from dvfs_kernel.report.document import Document

__all__ = [
    "battery_rows",
    "check_limits",
    "check_rows",
    "cited_in",
    "clock_rows",
    "layer_rows",
    "paper_rows",
    "parameter_rows",
    "proof_rows",
    "run_rows",
]

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
            "latency_error": error(run["predicted"]["latency_s"], run["executed"]["latency_s"]),
            "window_error": error(run["predicted"]["window_j"], run["executed"]["window_j"]),
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
    scales = {row["clock"]: row["scale"] for row in clock_rows(document)}
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
            "scale": scales.get(plan["hfo"], UNKNOWN),
            "lfo": plan["lfo"] or UNKNOWN,
            "predicted_time": times[0][number],
            "executed_time": times[1][number],
            "time_error": error(plan["predicted_s"], plan["executed_s"]),
            "predicted_energy": energies[0][number],
            "executed_energy": energies[1][number],
            "energy_error": error(plan["predicted_j"], plan["executed_j"]),
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
            "energy": quantity(bound["solution"]["energy_j"], "J"),
            "lower_bound": quantity(bound["solution"]["lower_bound_j"], "J"),
            "gap": quantity(bound["solution"]["gap_j"], "J", 3),
            # A watt is a microjoule a microsecond, and a millijoule a millisecond.
            "price": scaled(bound["solution"]["shadow_price_w"], 1e-3, 3),
        }
        for bound in document["bounds"]
    ]


def check_limits(document: Document) -> dict[str, str]:
    """Return the largest errors of the samples: as they are in the rows, and as they are judged.

    A timer interrupt hits a layer in one run and not in another; what is judged is the rest.
    """
    check = document["exploration"]["check"]
    found = {}
    for name, unit in (("time", "s"), ("energy", "j")):
        errors = [abs(e) for row in check["samples"] if (e := _sample_error(row, unit)) is not None]
        found[name] = percent(max(errors, default=None), 2)
        found[f"{name}_beyond"] = percent(check[f"worst_{name}"], 2)
        found[f"{name}_allowed"] = percent(check.get(f"{name}_tolerance"), 0)
    return found


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
            "time_beyond": signed(row.get("time_error")),
            "time_error": error(row["predicted_s"], row["executed_s"]),
            "predicted_energy": scaled(row["predicted_j"], 1e-6),
            "executed_energy": scaled(row["executed_j"], 1e-6),
            "energy_beyond": signed(row.get("energy_error")),
            "judged": "" if row.get("time_error") is None else "yes",
            "energy_error": error(row["predicted_j"], row["executed_j"]),
        }
        for row in samples[:SAMPLES_SHOWN]
    ]


def battery_rows(document: Document, duty: Duty) -> list[dict[str, str]]:
    """Return one row for each schedule at one inference a period."""
    rows = duty_rows(document, duty)
    latencies = column([row.latency_s for row in rows], 1e-3)
    currents = column([row.average_a for row in rows], 1e-3, 4)
    days = column([row.days for row in rows], 1.0, 3)
    return [
        {
            "title": row.title,
            "between": IDLING.get(row.between, row.between),
            "latency": latency,
            "average": "too long" if row.average_a is None else average,
            "days": lasts,
        }
        for row, latency, average, lasts in zip(rows, latencies, currents, days, strict=True)
    ]


def parameter_rows(document: Document) -> list[dict[str, str]]:
    """Return one row for each assumption; a document of an older version has fewer columns."""
    rows = [
        {
            "title": row.get("title") or row["name"],
            "value": _value(row["value"]),
            "unit": row["unit"] or "",
            "source": row["source"],
            "moves": row.get("moves", ""),
        }
        for row in document["parameters"]
    ]
    lock = document["board"]["pll_lock"]
    return [
        *rows,
        {
            "title": "PLL lock time that was used",
            "value": quantity(lock, "s", 3) if isinstance(lock, int | float) else str(lock),
            "unit": "",
            "source": "option of the board, --pll-lock",
            "moves": "what a change of clocks costs",
        },
        {
            "title": "self-discharge of a battery, a month",
            "value": percent(SELF_DISCHARGE, 0),
            "unit": "",
            "source": SELF_DISCHARGE_SOURCE,
            "moves": "days on a battery",
        },
    ]


def cited_in(document: Document, known: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that the sources of a document use, and what they stand for."""
    told = " ".join(row["source"] for row in document["parameters"])
    return {tag: meaning for tag, meaning in known.items() if re.search(rf"\b{tag}\b", told)}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _yes(value)
    return number(value) if isinstance(value, int | float) else str(value)


def clock_rows(document: Document) -> list[dict[str, str]]:
    """Return one row for each clock of the list."""
    return [
        {
            "clock": row["clock"],
            "source": _source(row["clock"], document["board"]["hse_hz"]),
            "sysclk": _mega_hz(row["sysclk_hz"]),
            "hclk": _mega_hz(row["hclk_hz"]),
            "vco": _mega_hz(row["vco_hz"] or None),
            "scale": f"{row['voltage_scale']}{' + OD' if row['overdrive'] else ''}",
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


def _source(clock: str, hse_hz: float) -> str:
    """Return what SYSCLK is made of, in words."""
    if not clock.startswith("pll"):
        return clock.partition(":")[0].upper()
    return f"PLL on {'HSE' if hse_hz else 'HSI'}"


def _mega_hz(hz: float | None) -> str:
    return UNKNOWN if hz is None else f"{hz / 1e6:.6g}"


def _in_unit(value: float | None, unit: str) -> str:
    return percent(value) if unit == "1" else quantity(value, unit)


def _saved(bound: Mapping[str, Any], run: Mapping[str, Any]) -> float | None:
    return saving(bound, REFERENCE, run["name"])


def _farthest(row: Mapping[str, Any]) -> float:
    """Return minus the larger of a sample's errors, to sort by."""
    errors = (_sample_error(row, unit) for unit in ("s", "j"))
    return -max((abs(error) for error in errors if error is not None), default=0.0)


def _sample_error(row: Mapping[str, Any], unit: str) -> float | None:
    return _known_error(row[f"predicted_{unit}"], row[f"executed_{unit}"])


def error(predicted: float | None, executed: float | None) -> str:
    """Return the error of a prediction as text."""
    return signed(_known_error(predicted, executed))


def _known_error(predicted: float | None, executed: float | None) -> float | None:
    if predicted is None or executed is None or executed == 0:
        return None
    return prediction_error(predicted, executed)


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"
