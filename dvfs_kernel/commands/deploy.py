"""``dvfs deploy``: a plan on the board, what it should take against what it took."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.study_options import bench_options
from dvfs_kernel.commands.study_tables import print_deployment

__all__ = ["deploy"]


@click.command(cls=Command)
@click.argument("plan", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--network", help="Use this network; by default the one that the plan names.")
@bench_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def deploy(*, plan: Path, as_json: bool, **arguments: Any) -> None:
    """Run PLAN, a file of dvfs optimise or dvfs run, and compare it with its prediction.

    Fails where the output differs from that of the plain schedule, where the bound is not kept, or
    where time is off by more than 1 % or energy by more than 2 %.
    """
    result = dvfs.deploy(plan, **arguments, ask=ask_at_terminal())
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        print_deployment(result)
    result.verify()
