"""``dvfs flash``: the firmware onto a physical board."""

from __future__ import annotations

from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.parameters import BOARD

__all__ = ["flash"]

_PROGRAMS = ["pyocd", "openocd", "st-flash"]


@click.command(cls=Command)
@click.argument("network", required=False)
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="nucleo[:port].")
@click.option(
    "--with", "program", type=click.Choice(_PROGRAMS), help="By default what is installed."
)
def flash(*, network: str | None, **arguments: Any) -> None:
    """Program a Nucleo with the firmware, and with NETWORK if one is named.

    What is in the board's flash memory is overwritten. A board that has the firmware already is
    left alone.
    """
    result = dvfs.flash(network, **arguments)
    click.echo(f"the board at {result.device} runs firmware {result.firmware_build_id:08x}")
