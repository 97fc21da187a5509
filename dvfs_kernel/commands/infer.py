"""``dvfs infer``: one network, one input, one schedule, and where time and energy went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.inference_options import with_clocks, with_input
from dvfs_kernel.commands.inference_tables import print_inference
from dvfs_kernel.commands.parameters import (
    BOARD,
    FREQUENCY,
    LAYERS,
    NETWORK,
    PROFILE,
    TIME,
    OutputFile,
    with_pll_lock,
)
from dvfs_kernel.commands.study_options import unpacking_options

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["infer"]


def _with_unpacking(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(unpacking_options()):
        command = option(command)
    return command


@click.command(cls=Command)
@click.argument("network", type=NETWORK)
@with_input
@click.option("--board", type=BOARD, default="virtual", show_default=True, help="Or nucleo[:port].")
@click.option("--profile", type=PROFILE, help="Board profile (TOML) of a virtual board.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@with_clocks
@click.option("--runs", type=click.IntRange(1, 65535), default=1, show_default=True)
@click.option(
    "--level",
    type=click.Choice(["off", "layer", "segment"]),
    default="segment",
    show_default=True,
    help="Of profile.",
)
@click.option(
    "--window",
    type=TIME,
    help="Let each run begin a window of this length, such as 80ms, and idle until it ends.",
)
@click.option("--idle", type=click.Choice(["sleep", "gated", "stop"]), help="How; default sleep.")
@with_pll_lock
@_with_unpacking
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--output",
    type=OutputFile(".npy", ".npz"),
    help="Write the output tensor; .npz for a network with several.",
)
@click.option(
    "--timeline", type=OutputFile(".svg", ".json"), help="Write SYSCLK over time: .svg or .json."
)
@click.option(
    "--timeline-layers",
    type=LAYERS,
    metavar="N[:M]",
    help="Layer N, or layers N to M, instead of the whole inference.",
)
def infer(*, network: str, as_json: bool, **arguments: Any) -> None:
    """Run NETWORK, the name of a built-in one or an int8 .tflite file, on a board.

    Shows cycles, time, average current and energy of every layer and segment, and the output.
    """
    result = dvfs.infer(network, **arguments, ask=ask_at_terminal())
    if as_json:
        emulation = result.emulation.to_dict() if result.emulation is not None else None
        click.echo(json.dumps({**result.to_dict(), "emulation": emulation}, indent=1))
    else:
        print_inference(result)
