"""What ``dvfs validate --board`` does: a board beside the virtual one, segment by segment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.console import open_console
from dvfs_kernel.errors import SensorMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.boards.board_profile import BoardProfile
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.evidence.comparison import Comparison
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.inference.deployment import Deployment

__all__ = ["validate_board"]


def validate_board(
    board: BoardSpec,
    network_name: str,
    profile: BoardProfile | None,
    shunt_ohm: float | None,
    folder: Path,
) -> Path:
    """Run a network on a board and on the virtual one, print where they differ, write a page.

    Parameters
    ----------
    profile
        Of the virtual board.
    shunt_ohm
        Of the INA219 that measures energies; None: nobody does.
    """
    from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: PLC0415  the engine loads slowly
    from dvfs_kernel.evidence.comparison import (  # noqa: PLC0415
        compare,
        usual_schedules,
    )
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter  # noqa: PLC0415
    from dvfs_kernel.inference.deployment import Deployment  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import sample_input  # noqa: PLC0415
    from dvfs_kernel.report.comparison_page import write_comparison  # noqa: PLC0415

    network = load_network(network_name)
    data = sample_input(network.tensors[network.input])
    with (
        replace(board, profile=None).open(ask=ask_at_terminal()) as opened,
        shown_progress() as progress,
    ):
        mine = Deployment(network, opened, progress=progress)
        ammeter = None if shunt_ohm is None else _present(mine, Ammeter(shunt_ohm=shunt_ohm))
        with Deployment(
            network, VirtualBoard(hse_hz=opened.hse_hz, profile=profile), by_debugger=True
        ) as other:
            found = compare(
                mine,
                other,
                data,
                usual_schedules(network, opened.hse_hz),
                ammeter=ammeter,
                progress=progress,
            )
    if ammeter is None and shunt_ohm is not None:
        click.echo("no INA219 answers: energies are left out", err=True)
    _print(found)
    return write_comparison(folder, found)


def _present(deployment: Deployment, ammeter: Ammeter) -> Ammeter | None:
    """Return the sensor if it answers."""
    try:
        ammeter.supply_v(deployment.session)
    except SensorMissingError:
        return None
    return ammeter


def _print(found: Comparison) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("schedule", overflow="fold")
    for name in (*found.boards, "time", "worst layer", "mJ", "energy"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("output", no_wrap=True)
    for schedule in found.schedules:
        mine, other = (run.profile for run in schedule.runs)
        layers = [
            twin.time_s / layer.time_s - 1
            for layer, twin in zip(mine.layers, other.layers, strict=True)
        ]
        measured, energy_off = schedule.measured, schedule.energy_off
        table.add_row(
            schedule.name,
            f"{mine.time_s * 1e3:.3f} ms",
            f"{other.time_s * 1e3:.3f} ms",
            f"{schedule.time_off:+.2%}",
            f"{max(layers, key=abs):+.2%}",
            "–" if measured is None else f"{measured.energy_j.mean * 1e3:.3f}",
            "–" if energy_off is None else f"{energy_off:+.2%}",
            "same" if schedule.same_output else "DIFFERS",
        )
    open_console().print(table)
