"""``dvfs explore``: what every layer costs at every granularity and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.parameters import OutputFile
from dvfs_kernel.commands.study_options import Setup, bench_options, space_options
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["explore"]


@click.command(cls=ManyValues)
@click.argument("network")
@space_options
@bench_options
@click.option(
    "-o",
    "--output",
    type=OutputFile(".csv"),
    help="Write every option, one row a layer, granularity, clock and LFO.",
)
def explore(
    *, network: str, clocks: str, granularities: tuple[int, ...], output: Path | None, **common: Any
) -> None:
    """Explore NETWORK: time and energy of every layer at every granularity and clock.

    One run for each granularity gives counters from which every clock follows; samples are run at
    their real clocks, and the command fails where they disagree.
    """
    setup = Setup(network, **common)
    with setup.bench() as bench:
        from dvfs_kernel.commands.study_tables import print_ground  # noqa: PLC0415
        from dvfs_kernel.exploration.table import to_csv  # noqa: PLC0415
        from dvfs_kernel.studies import survey  # noqa: PLC0415

        ground = survey(bench, setup.study_plan(bench, clocks, granularities))
        if output is not None:
            write_atomically(output, to_csv(ground.exploration, bench.workload).encode())
    print_ground(ground, bench.workload)
    ground.check.verify()
