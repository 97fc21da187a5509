"""Tables of what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from dvfs_kernel.evidence.measurement.campaign import Campaign
    from dvfs_kernel.evidence.measurement.estimate import Estimate
    from dvfs_kernel.networks.network import Network

__all__ = ["estimate_text", "print_measurement"]

# A table is cut to the terminal; in a file or a pipe it has room for every column.
_WIDTH_WITHOUT_TERMINAL = 120


def print_measurement(campaign: Campaign, network: Network, ending: str) -> None:
    """Print each subject with its intervals, and what to think of them."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("subject", no_wrap=True)
    for name in ("mA", "ms a pass", "mJ", "sensor ±", "of baseline"):
        table.add_column(name, justify="right", no_wrap=True)
    results = campaign.results()
    for result in results:
        against = result.against_baseline
        table.add_row(
            result.subject.name,
            estimate_text(result.current_a.scaled(1e3), 2),
            estimate_text(result.pass_s.scaled(1e3), 3),
            estimate_text(result.energy_j.scaled(1e3), 3),
            f"{result.systematic_j * 1e3:.3f}",
            "" if against is None else f"{estimate_text(against.scaled(100), 2)} %",
        )
    console.print(table)
    parts = [f"\n{network.name}: {ending}"]
    if campaign.supply_v is not None:
        parts.append(f"supply {campaign.supply_v:.3f} V")
    drift = campaign.baseline_drift()
    if drift is not None:
        parts.append(f"the baseline's current moved by {drift * 100:+.2f} %")
    console.print(", ".join(parts))
    layers = [result for result in results if result.subject.layer_count is not None]
    if layers and results[0].subject.layer_count is None:
        total_j = sum(result.energy_j.mean for result in layers)
        console.print(
            f"the layers by themselves add up to {total_j * 1e3:.3f} mJ, "
            f"{total_j / results[0].energy_j.mean * 100:.1f} % of the inference"
        )


def estimate_text(estimate: Estimate, digits: int) -> str:
    """Return a mean with its interval, where there is one."""
    if not math.isfinite(estimate.half_width):
        return f"{estimate.mean:.{digits}f}"
    return f"{estimate.mean:.{digits}f} ± {estimate.half_width:.{digits}f}"
