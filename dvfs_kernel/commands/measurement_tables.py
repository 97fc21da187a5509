"""Tables of what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, right

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["estimate_text", "print_measurement"]


def print_measurement(result: dvfs.MeasurementResult) -> None:
    """Print each subject with its intervals, and what to think of them."""
    names = ("mA", "ms a pass", "mJ", "sensor ±", "of baseline")
    table = TextTable("subject", *map(right, names))
    for measured in result.results:
        against = measured.against_baseline
        table.add_row(
            measured.subject.name,
            estimate_text(measured.current_a.scaled(1e3), 2),
            estimate_text(measured.pass_s.scaled(1e3), 3),
            estimate_text(measured.energy_j.scaled(1e3), 3),
            f"{measured.systematic_j * 1e3:.3f}",
            "" if against is None else f"{estimate_text(against.scaled(100), 2)} %",
        )
    table.print()
    parts = [f"\n{result.network.name}: {result.ending}"]
    if result.supply_v is not None:
        parts.append(f"supply {result.supply_v:.3f} V")
    if result.baseline_drift is not None:
        parts.append(f"the baseline's current moved by {result.baseline_drift * 100:+.2f} %")
    say(", ".join(parts))
    if result.layers and result.energy_j is not None:
        total_j = result.layers_j
        say(
            f"the layers by themselves add up to {total_j * 1e3:.3f} mJ, "
            f"{total_j / result.energy_j.mean * 100:.1f} % of the inference"
        )


def estimate_text(estimate: dvfs.Estimate, digits: int) -> str:
    """Return a mean with its interval, where there is one."""
    if not math.isfinite(estimate.half_width):
        return f"{estimate.mean:.{digits}f}"
    return f"{estimate.mean:.{digits}f} ± {estimate.half_width:.{digits}f}"
