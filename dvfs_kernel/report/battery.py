"""What a product engineer asks: the average current, and how long a battery lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.errors import ArgumentError, FileFormatError
from dvfs_kernel.inference.run_names import RunName, is_dvfs
from dvfs_kernel.report.numbers import quantity
from dvfs_kernel.report.runs import HEADLINE, REFERENCE, energy, latency_s, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["SELF_DISCHARGE", "SELF_DISCHARGE_SOURCE", "Duty", "DutyRow", "duty_of", "duty_rows"]

#: Part of its charge that a battery loses in a month by itself.
SELF_DISCHARGE: Final = 0.03
SELF_DISCHARGE_SOURCE: Final = (
    "lithium-ion at room temperature: 2 to 3\u00a0% a month (Wikipedia, Self-discharge; Battery "
    "University BU-802b has 1 to 2\u00a0% and 3\u00a0% for a protection circuit); the upper end "
    "is taken"
)
_MONTH_S: Final = 30 * 86_400.0
_DAY_S: Final = 86_400.0
#: Shown where nobody asked for another one.
_EXAMPLE_PERIODS_S: Final = (1.0, 10.0, 60.0, 3_600.0, 86_400.0)
_EXAMPLE_BATTERY_C: Final = 1.2 * 3_600.0
_STOP: Final = "stop"


@dataclass(frozen=True)
class Duty:
    """One inference a period, from a battery.

    Parameters
    ----------
    battery_c
        Charge of the battery.
    asked
        Whether somebody asked for these; else they are an example.
    """

    period_s: float
    battery_c: float
    asked: bool = True


@dataclass(frozen=True)
class DutyRow:
    """One way to spend every period.

    Parameters
    ----------
    between
        How the rest of the period is spent.
    average_a
        Supply current averaged over the period; None where the inference and its way to the idle
        mode take longer than the period.
    days
        Until the battery is empty, its self-discharge counted.
    """

    title: str
    between: str
    latency_s: float
    average_a: float | None
    days: float | None


def duty_of(
    document: Document, period_s: float | None = None, battery_c: float | None = None
) -> Duty:
    """Return what is asked; what the document has of it, or an example, for what is left out.

    Raises
    ------
    ArgumentError
        The period is shorter than the quickest inference.
    """
    kept = document.get("duty") or {}
    asked = bool(kept) or period_s is not None or battery_c is not None
    period_s = kept.get("period_s") if period_s is None else period_s
    battery_c = kept.get("battery_c") if battery_c is None else battery_c
    times_s = [run[1] for run in _ways(document)] or [document["baseline_latency_s"]]
    if period_s is None:
        fitting = (s for s in _EXAMPLE_PERIODS_S if s > max(times_s))
        period_s = next(fitting, _EXAMPLE_PERIODS_S[-1])
    elif period_s < min(times_s):
        raise ArgumentError(
            f"{{period}} is {quantity(period_s, 's')}, shorter than the quickest inference of "
            f"the report, {quantity(min(times_s), 's')}; that or more is allowed"
        )
    return Duty(period_s, _EXAMPLE_BATTERY_C if battery_c is None else battery_c, asked)


def duty_rows(document: Document, duty: Duty) -> list[DutyRow]:
    """Return what each schedule of the report draws at one inference a period.

    Ours and race to idle wait in Stop; TinyEngine's way sleeps at full clock, as it was run.

    Raises
    ------
    FileFormatError
        The document does not tell what idling costs: it is of an older version.
    """
    idle, supply_v = document.get("idle"), document["board"].get("supply_v")
    if not idle or not supply_v:
        raise FileFormatError(
            "the report does not tell what idling costs; `dvfs run` of this version writes that, "
            "and is quick where its runs are kept"
        )
    return [
        _row(title, mode, took_s, inference_j, idle[mode], duty, supply_v)
        for mode, took_s, inference_j, title in _ways(document)
        if mode in idle
    ]


def _row(
    title: str,
    mode: str,
    took_s: float,
    inference_j: float,
    cost: Mapping[str, float],
    duty: Duty,
    supply_v: float,
) -> DutyRow:
    left_s = duty.period_s - took_s
    if left_s < cost["from_s"]:
        return DutyRow(title, mode, took_s, None, None)
    period_j = inference_j + cost["fixed_j"] + cost["power_w"] * left_s
    average_a = period_j / duty.period_s / supply_v
    lost_a = duty.battery_c * SELF_DISCHARGE / _MONTH_S
    return DutyRow(title, mode, took_s, average_a, duty.battery_c / (average_a + lost_a) / _DAY_S)


def _ways(document: Document) -> Iterator[tuple[str, float, float, str]]:
    """Yield idle mode, latency, energy and title of what is worth a row; nothing twice."""
    bounds = document["bounds"]
    first = [run_of(bounds[0], name) for name in (REFERENCE, RunName.RACE)]
    found = [(run, run["title"]) for run in first if run is not None]
    for bound in bounds:
        for run, name in (
            (run_of(bound, RunName.SINGLE), "Best single clock"),
            (_from_stop(bound), "DVFS"),
        ):
            if run is not None:
                found.append((run, f"{name} within {bound['name']}"))
    seen = set()
    for run, title in found:
        mode = "sleep" if run["name"] == REFERENCE else _STOP
        took_s, inference_j = latency_s(run), energy(run, "inference_j")
        if took_s is None or inference_j is None or (mode, took_s, inference_j) in seen:
            continue
        seen.add((mode, took_s, inference_j))
        yield mode, took_s, inference_j, title


def _from_stop(bound: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return our schedule, or the best of those that do not begin awake."""
    runs = [run_of(bound, HEADLINE), *(run for run in bound["runs"] if is_dvfs(run["name"]))]
    return next((run for run in runs if run is not None and run["idle"] != "sleep"), None)
