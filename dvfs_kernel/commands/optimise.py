"""``dvfs optimise``: the schedule of least energy for each bound on latency."""

from __future__ import annotations

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
from dvfs_kernel.link import abi

__all__ = ["optimise"]


@click.command(cls=ManyValues)
@click.argument("network")
@bound_options
@space_options
@bench_options
@click.option(
    "--idle",
    type=click.Choice(["gated", "stop"]),
    default="stop",
    show_default=True,
    help="How the rest of the window is spent.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a plan for each bound into this folder, for dvfs deploy.",
)
def optimise(
    *,
    network: str,
    qos: tuple[float, ...],
    latency: tuple[float, ...],
    clocks: str,
    granularities: tuple[int, ...],
    idle: str,
    folder: Path | None,
    **common: Any,
) -> None:
    """Find the schedule of NETWORK with the least energy within each bound, and prove it.

    Nothing but the exploration is run; dvfs deploy runs a plan, dvfs run does everything.
    """
    setup = Setup(network, **common)
    if not qos and not latency:
        qos = PAPER_QOS
    with setup.bench() as bench:
        from dvfs_kernel.commands.study_tables import print_optima  # noqa: PLC0415
        from dvfs_kernel.studies import survey  # noqa: PLC0415
        from dvfs_kernel.studies.plans import plan_of, write_plans  # noqa: PLC0415

        study_plan = setup.study_plan(bench, clocks, granularities, qos, latency)
        ground = survey(bench, study_plan)
        mode = abi.IdleMode[idle.upper()]
        found = []
        for bound in study_plan.bounds:
            bound_s = bound.seconds(ground.baseline.latency_s)
            candidate, optimum = ground.candidates.dvfs(bound_s, mode)
            found.append((bound, candidate, optimum))
        if folder is not None:
            plans = {
                bound.slug: plan_of(candidate, bound, bench.workload, network)
                for bound, candidate, _ in found
            }
            written = write_plans(folder, plans)
        else:
            written = []
    print_optima(found, bench.workload)
    for path in written:
        click.echo(path)
