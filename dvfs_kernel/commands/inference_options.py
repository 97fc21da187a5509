"""Options that infer and measure share: what is run, on which clocks, and what feeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel.commands.parameters import CLOCK, PATH, RESISTANCE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_clocks", "with_input", "with_shunt"]

with_input = click.option(
    "--input",
    type=PATH,
    help="Input tensor: an .npy file or a picture; by default a sample picture.",
)


def with_clocks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add a schedule, or one choice of clocks and form for every layer."""
    for option in (
        click.option(
            "-g", "--granularity", type=click.IntRange(0, 255), help="Of the DAE form; 0: none."
        ),
        click.option("--lfo", type=CLOCK, help="SYSCLK of memory segments, such as hse."),
        click.option("--clock", type=CLOCK, help="SYSCLK, such as pll:25/216/2; default 216 MHz."),
        click.option("--schedule", type=PATH, help="JSON file."),
    ):
        command = option(command)
    return command


def with_shunt(what: str) -> Callable[..., Any]:
    """Return the option for the INA219's resistor, with what its help says."""
    return click.option("--shunt", type=RESISTANCE, default="100mohm", show_default=True, help=what)
