"""``dvfs measure``: energy by the INA219, as a bench sees it."""

from __future__ import annotations

import json
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.inference_options import with_clocks, with_input, with_shunt
from dvfs_kernel.commands.measurement_tables import print_measurement
from dvfs_kernel.commands.parameters import BOARD, FREQUENCY, NETWORK, OutputFile

__all__ = ["measure"]


@click.command(cls=Command)
@click.argument("network", type=NETWORK)
@with_input
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="Or virtual.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@with_clocks
@click.option("--by-layer", is_flag=True, help="Also each layer by itself.")
@click.option(
    "--baseline/--no-baseline",
    default=True,
    show_default=True,
    help="In turn with 216 MHz and no DAE, against drift.",
)
@with_shunt("Between IN+ and IN-, such as 100mohm.")
@click.option(
    "--precision",
    type=click.FloatRange(1e-5, 0.5),
    default=0.005,
    show_default=True,
    help="Share of the current that its 95 % interval has to keep within.",
)
@click.option(
    "--average",
    type=click.Choice(["1", "2", "4", "8", "16", "32", "64", "128"]),
    default="128",
    show_default=True,
    help="Conversions of 532 us that the sensor averages.",
)
@click.option("--samples", type=click.IntRange(1, 124), default=12, show_default=True)
@click.option("--rounds", type=click.IntRange(3, 1000), default=20, show_default=True, help="Most.")
@click.option("--raw", type=OutputFile(".csv", ".parquet"), help="Write every sample there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def measure(*, network: str, average: str, as_json: bool, **arguments: Any) -> None:
    """Measure the energy of NETWORK on a board, by its INA219.

    Runs the network back to back in blocks that are long against the sensor's window, in turn with
    a baseline, until the confidence interval is narrow enough. Whatever ends it, Ctrl-C or an
    unplugged board, what was measured is reported and kept.
    """
    result = dvfs.measure(network, **arguments, average=int(average), ask=ask_at_terminal())
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    elif result.results:
        print_measurement(result)
    result.verify()
