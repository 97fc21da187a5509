"""``dvfs run``: explore, optimise, deploy, verify, report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.study_options import (
    PAPER_QOS,
    Setup,
    bench_options,
    bound_options,
    space_options,
)

__all__ = ["run"]


@click.command(cls=ManyValues)
@click.argument("network")
@bound_options
@space_options
@bench_options
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; default dvfs-NETWORK in this folder.",
)
def run(
    *,
    network: str,
    qos: tuple[float, ...],
    latency: tuple[float, ...],
    clocks: str,
    granularities: tuple[int, ...],
    folder: Path | None,
    **common: Any,
) -> None:
    """Find, prove and run the schedules of NETWORK with the least energy within each bound.

    Explores every layer, optimises for each bound, runs the optimum and what one would have shipped
    instead in windows of equal length, and writes a folder: report.html, report.json,
    exploration.csv, a plan for each bound (for dvfs deploy) and the figures.
    """
    setup = Setup(network, **common)
    if not qos and not latency:
        qos = PAPER_QOS
    folder = folder or Path(f"dvfs-{Path(network).stem}")
    with setup.bench() as bench:
        from dvfs_kernel.commands.study_tables import print_study  # noqa: PLC0415
        from dvfs_kernel.report.study_folder import write_study  # noqa: PLC0415
        from dvfs_kernel.studies import run_study  # noqa: PLC0415

        study_plan = setup.study_plan(bench, clocks, granularities, qos, latency)
        # A folder that cannot be written is worth knowing before a minute of work, not after it.
        folder.mkdir(parents=True, exist_ok=True)
        study = run_study(bench, study_plan)
        command = shlex.join(["dvfs", *sys.argv[1:]])
        page = write_study(folder, study, bench, network, command)
    print_study(study, bench.workload)
    click.echo(page)
    study.verify()
