"""One inference a period, from a battery: what was asked, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.quantity import CHARGE, PERIOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.storage.rows import Row

    #: What stands for a time between inferences, and for the charge of a battery.
    PeriodLike = str | float | None
    ChargeLike = str | float | None

__all__ = ["asked_duty", "duty_table"]


def asked_duty(period: PeriodLike, battery: ChargeLike) -> dict[str, float]:
    """Return what a report's document keeps of it; nothing of what was not asked.

    Raises
    ------
    QuantityError
        One of them is no quantity.
    """
    duty = {}
    if period is not None:
        duty["period_s"] = float(PERIOD.parse(period))
    if battery is not None:
        duty["battery_c"] = float(CHARGE.parse(battery))
    return duty


def duty_table(document: Mapping[str, Any]) -> list[Row]:
    """Return a row for each schedule of a report's document, with what it was asked for.

    Raises
    ------
    ArgumentError, FileFormatError
        As `report.battery`.
    """
    from dvfs_kernel.report.battery import duty_of, duty_rows

    duty = duty_of(dict(document))
    return [
        {
            "title": row.title,
            "between": row.between,
            "period_s": duty.period_s,
            "battery_c": duty.battery_c,
            "latency_s": row.latency_s,
            "average_a": row.average_a,
            "days": row.days,
        }
        for row in duty_rows(dict(document), duty)
    ]
