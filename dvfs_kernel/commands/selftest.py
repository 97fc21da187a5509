"""``dvfs selftest``: whether a board is wired as the guide says."""

from __future__ import annotations

import json
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.inference_options import with_shunt
from dvfs_kernel.commands.parameters import BOARD, FREQUENCY

__all__ = ["selftest"]

_ADDRESSES = [f"0x{address:02x}" for address in range(0x40, 0x50)]


@click.command(cls=Command)
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="Or virtual.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@click.option(
    "--address", type=click.Choice(_ADDRESSES), default="0x40", show_default=True, help="INA219's."
)
@with_shunt("Between IN+ and IN-, such as 100mohm.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def selftest(*, board: dvfs.BoardSpec, address: str, as_json: bool, **arguments: Any) -> None:
    """Check clock, sensor, supply and shunt of a board, and say what is wired wrongly.

    Ends with exit code 1 where something is wrong.
    """
    result = dvfs.self_test(board, **arguments, address=int(address, 16), ask=ask_at_terminal())
    if as_json:
        click.echo(json.dumps(result.to_list(), indent=1))
    else:
        hello = result.readings.hello
        click.echo(f"firmware {hello.build_id:08x} on chip 0x{hello.device_id & 0xFFF:03x}")
        for finding in result.findings:
            click.echo(f"{'ok   ' if finding.ok else 'FAULT'} {finding.check}: {finding.text}")
    result.verify()
