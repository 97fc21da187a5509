"""``dvfs validate``: published figures of the chip, or a board, against the virtual board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dvfs_kernel.api.board import load_profile
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.board_validation import validate_board
from dvfs_kernel.commands.console import open_console
from dvfs_kernel.commands.parameters import BOARD, PROFILE, OutputFile
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.evidence.validation import Figure, Summary

__all__ = ["validate"]

SCHEMA = "dvfs-kernel/validation"
SCHEMA_VERSION = 1

_SOURCES = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--coremark", type=_SOURCES, help="Folder of EEMBC's CoreMark, to build and run.")
@click.option("--dhrystone", type=_SOURCES, help="Folder of Dhrystone 2.1 in C, likewise.")
@click.option("--profile", type=PROFILE, help="A board profile (TOML) instead of the defaults.")
@click.option("--json", "json_path", type=OutputFile(".json"), help="Write the figures as JSON.")
@click.option("--board", type=BOARD, help="Compare with this board instead, such as nucleo.")
@click.option("--network", default="vww", show_default=True, help="What it runs, with --board.")
@click.option(
    "--energy/--no-energy",
    default=True,
    show_default=True,
    help="Measure by its INA219, with --board.",
)
@click.option(
    "--shunt",
    "shunt_ohm",
    type=click.FloatRange(0.001, 10),
    default=0.1,
    show_default=True,
    help="Ohms of its INA219's shunt, with --board.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the page, with --board; default dvfs-validation in this folder.",
)
def validate(
    *,
    board: BoardSpec | None,
    network: str,
    energy: bool,
    shunt_ohm: float,
    folder: Path | None,
    coremark: Path | None,
    dhrystone: Path | None,
    profile: Path | None,
    json_path: Path | None,
) -> None:
    """Compare the virtual board with what is published of the chip.

    Pipeline rules, cycle figures, times, every row of the data sheet's current tables, and a whole
    network: each with its source and its error, then the mean of each group. CoreMark and Dhrystone
    do not come with this package; their folders are named by options, and a compiler builds them.

    With --board the same image and schedules run there and on the virtual board, and a page tells
    where they differ, by layer and segment, in time, cycles and measured energy.
    """
    if board is not None:
        if coremark or dhrystone or json_path:
            raise click.UsageError(
                "--coremark, --dhrystone and --json are for published figures, not for a --board"
            )
        page = validate_board(
            board,
            network,
            load_profile(profile),
            shunt_ohm if energy else None,
            folder or Path("dvfs-validation"),
        )
        click.echo(page)
        return
    from dvfs_kernel.evidence.validation import summarise  # noqa: PLC0415
    from dvfs_kernel.evidence.validation import validate as measure  # noqa: PLC0415
    from dvfs_kernel.evidence.validation.user_programs import WHERE_FROM  # noqa: PLC0415

    with shown_progress() as progress:
        figures = measure(
            coremark=coremark, dhrystone=dhrystone, profile=load_profile(profile), progress=progress
        )
    summaries = summarise(figures)
    if json_path is not None:
        write_atomically(json_path, _document(figures, summaries))
    console = open_console()
    console.print(_table(figures))
    console.print(_summary_table(summaries))
    for name, sources in (("CoreMark", coremark), ("Dhrystone", dhrystone)):
        if sources is None:
            click.echo(f"{name} was left out; its sources: {WHERE_FROM[name]}", err=True)


def _document(figures: list[Figure], summaries: list[Summary]) -> bytes:
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "figures": [figure.to_dict() for figure in figures],
        "groups": [
            {"group": s.group, "count": s.count, "mean": s.mean, "worst": s.worst}
            for s in summaries
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _table(figures: list[Figure]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure", overflow="fold")
    for name in ("published", "found"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("error", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("source", overflow="fold")
    for figure in figures:
        published = f"{figure.published:.4g}"
        if figure.band is not None:
            published += f" to {figure.band:.4g}"
        table.add_row(
            figure.name,
            published,
            f"{figure.found:.4g}",
            figure.unit,
            f"{100 * figure.error:+.1f}%" if figure.error else "0",
            "excepted" if figure.excepted else figure.basis,
            figure.source,
        )
    return table


def _summary_table(summaries: list[Summary]) -> Table:
    from dvfs_kernel.evidence.validation.figure import GROUPS  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("group", no_wrap=True)
    for name in ("figures", "mean error", "worst"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for summary in summaries:
        table.add_row(
            GROUPS[summary.group],
            f"{summary.count}",
            f"{100 * summary.mean:.1f}%",
            f"{100 * summary.worst:.1f}%",
            summary.worst_name if summary.worst else "",
        )
    return table
