"""``dvfs trace``: energy by layer from the current trace of a lab instrument."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.measurement_tables import estimate_text
from dvfs_kernel.commands.parameters import VOLTAGE
from dvfs_kernel.commands.text_table import TextTable, right

__all__ = ["trace"]


@click.command(cls=Command)
@click.argument("trace", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("run", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--trigger",
    metavar="NAME",
    help="Column, input or signal that PE2 is wired to, such as D3; default trigger, D0, gpi[0].",
)
@click.option(
    "--supply",
    type=VOLTAGE,
    default="3.3V",
    show_default=True,
    help="At the chip.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def trace(*, trace: Path, run: Path, as_json: bool, **arguments: Any) -> None:
    """Cut TRACE, recorded while RUN went on, into layers, and tell the energy of each.

    TRACE is a CSV file of time and current, an export of Nordic's Power Profiler, or a .jls file of
    a Joulescope, with a digital input wired to PE2. RUN is what dvfs infer --json printed; with
    --runs 20 there is something to average.
    """
    result = dvfs.trace(trace, run, **arguments)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        _print(result)


def _print(result: dvfs.TraceResult) -> None:
    table = TextTable(
        right("layer"), "", right("µs"), right("mA"), right("µJ"), right("edges ±"), titles=2
    )
    for layer in result.layers:
        table.add_row(
            str(layer.index),
            layer.name,
            f"{layer.time_s * 1e6:,.1f}",
            f"{layer.current_a * 1e3:.1f}",
            estimate_text(layer.energy_j.scaled(1e6), 2),
            f"{layer.edge_j * 1e6:.2f}",
        )
    table.print()
    aligned = result.aligned
    total = estimate_text(result.energy_j.scaled(1e3), 3)
    others = f", {aligned.others} spells of another length left out" if aligned.others else ""
    say(
        f"\n{result.network}: {total} mJ in {result.time_s * 1e3:.3f} ms, "
        f"{aligned.inferences} inferences{others}; the instrument counts "
        f"{(aligned.clock_ratio - 1) * 100:+.2f} % against the board's HSI"
    )
