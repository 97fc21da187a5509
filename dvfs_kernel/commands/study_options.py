"""Options that explore, optimise, run and deploy share; `dvfs.Making` says what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.inference_options import with_input
from dvfs_kernel.commands.parameters import (
    BOARD,
    CHARGE,
    CLOCKS,
    FREQUENCY,
    MEMORY,
    PERCENT,
    PERIOD,
    PROFILE,
    TIME,
    with_pll_lock,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "bench_options",
    "bound_options",
    "duty_options",
    "joint_bench_options",
    "space_options",
    "unpacking_options",
]

_GRANULARITY_MAX = 255


def bench_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says on which board runs are made, by whom, and where they are kept."""
    return _with(command, *_board_options(), *unpacking_options(), *_keeping_options())


def joint_bench_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same for a command that chooses forms itself."""
    flash = click.option(
        "--flash",
        type=MEMORY,
        metavar="BYTES",
        help="For the whole image, such as 512KiB; by default all there is.",
    )
    return _with(command, *_board_options(), flash, *_keeping_options())


def _board_options() -> list[Callable[..., Any]]:
    return [
        with_input,
        click.option("--board", type=BOARD, default="virtual", show_default=True),
        click.option("--hse", type=FREQUENCY, help="HSE of the board; by default its own."),
        with_pll_lock,
        click.option("--profile", type=PROFILE, help="Board profile (TOML) of a virtual board."),
    ]


def _keeping_options() -> list[Callable[..., Any]]:
    return [
        click.option(
            "--cache",
            type=click.Path(file_okay=False),
            help="Folder of kept runs; by default the user's cache.",
        ),
        click.option("--no-cache", is_flag=True, help="Keep nothing, and look up nothing."),
        click.option(
            "--executor",
            default="local",
            show_default=True,
            metavar="WHERE",
            help="local, local:N processes, here (this one), or dask://host:port.",
        ),
    ]


def unpacking_options() -> list[Callable[..., Any]]:
    """Return what says whether layers bring code of their own."""
    return [
        click.option(
            "--unpack", is_flag=True, help="Let layers bring code of their own; faster, same bytes."
        ),
        click.option(
            "--flash", type=MEMORY, metavar="BYTES", help="For the image then, such as 512KiB."
        ),
    ]


def space_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says which options each layer has."""
    return _with(
        command,
        click.option(
            "--clocks",
            type=CLOCKS,
            default="default",
            show_default=True,
            metavar="LIST",
            help=f"{', '.join(dvfs.CLOCK_LISTS)}, or settings such as pll:25/216/2,pll:25/100/2.",
        ),
        click.option(
            "-g",
            "--granularities",
            multiple=True,
            type=click.IntRange(0, _GRANULARITY_MAX),
            metavar="G …",
            help="Granularities to choose from (0: none); default those of 0 2 4 8 12 16 that fit.",
        ),
    )


def bound_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the bounds on latency."""
    return _with(
        command,
        click.option(
            "--qos",
            multiple=True,
            type=PERCENT,
            metavar="PERCENT …",
            help="Bounds in per cent over the baseline's latency; default 10 30 50.",
        ),
        click.option(
            "--latency",
            multiple=True,
            type=TIME,
            metavar="TIME …",
            help="Bounds as times, such as 180ms.",
        ),
    )


def duty_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a battery is asked."""
    return _with(
        command,
        click.option(
            "--period",
            type=PERIOD,
            metavar="TIME",
            help="One inference every so often, such as 1s: tell the average current.",
        ),
        click.option(
            "--battery",
            type=CHARGE,
            metavar="CHARGE",
            help="Charge of a battery, such as 1200mAh: tell how many days it lasts.",
        ),
    )


def _with(
    command: Callable[..., Any], *options: Callable[..., Callable[..., Any]]
) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
