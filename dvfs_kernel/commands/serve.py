"""``dvfs serve``: the virtual board as a serial port, for software that talks to a real one."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.parameters import FREQUENCY, with_pll_lock

__all__ = ["serve"]


@click.command(cls=Command, talks=True)
@click.argument("network", required=False)
@click.option("--hse", type=FREQUENCY, help="HSE of the board; by default 8MHz, as sold.")
@with_pll_lock
@click.option("--firmware", type=click.Path(path_type=Path), help="An ELF file of your own.")
@click.option("--link", type=click.Path(path_type=Path), help="Make a link to the terminal there.")
def serve(*, network: str | None, **arguments: Any) -> None:
    """Put the virtual board behind a pseudo-terminal, until Ctrl-C.

    Any program can open the terminal as the serial port of a Nucleo, this one with
    --board nucleo:PATH. NETWORK is put into flash memory beforehand, which is quicker than to send
    it over the line.
    """
    with dvfs.served_board(network, **arguments) as served:
        signal.signal(signal.SIGTERM, lambda *_: served.stop())
        click.echo(f"the virtual board is at {served.path}; Ctrl-C takes it away")
        try:
            served.wait()
        except KeyboardInterrupt:
            click.echo("the board is gone", err=True)
