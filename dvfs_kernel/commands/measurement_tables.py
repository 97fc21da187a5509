"""Tables of what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["estimate_text", "print_measurement"]

# A table is cut to the terminal; in a file or a pipe it has room for every column.
_WIDTH_WITHOUT_TERMINAL = 120


def print_measurement(result: dvfs.MeasurementResult) -> None:
    """Print each subject with its intervals, and what to think of them."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("subject", no_wrap=True)
    for name in ("mA", "ms a pass", "mJ", "sensor ±", "of baseline"):
        table.add_column(name, justify="right", no_wrap=True)
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
    console.print(table)
    parts = [f"\n{result.network.name}: {result.ending}"]
    if result.supply_v is not None:
        parts.append(f"supply {result.supply_v:.3f} V")
    if result.baseline_drift is not None:
        parts.append(f"the baseline's current moved by {result.baseline_drift * 100:+.2f} %")
    console.print(", ".join(parts))
    if result.layers and result.energy_j is not None:
        total_j = result.layers_j
        console.print(
            f"the layers by themselves add up to {total_j * 1e3:.3f} mJ, "
            f"{total_j / result.energy_j.mean * 100:.1f} % of the inference"
        )


def estimate_text(estimate: dvfs.Estimate, digits: int) -> str:
    """Return a mean with its interval, where there is one."""
    if not math.isfinite(estimate.half_width):
        return f"{estimate.mean:.{digits}f}"
    return f"{estimate.mean:.{digits}f} ± {estimate.half_width:.{digits}f}"
