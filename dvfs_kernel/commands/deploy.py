"""``dvfs deploy``: a plan on the board, what it should take against what it took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dvfs_kernel.commands.study_options import Setup, bench_options
from dvfs_kernel.errors import ScheduleError

__all__ = ["deploy"]


@click.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--network", help="Use this network; by default the one that the plan names.")
@bench_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def deploy(*, plan_path: Path, network: str | None, as_json: bool, **common: Any) -> None:
    """Run PLAN, a file of dvfs optimise or dvfs run, and compare it with its prediction.

    Fails where the output differs from that of the plain schedule, where the bound is not kept, or
    where time is off by more than 1 % or energy by more than 2 %.
    """
    from dvfs_kernel.inference.plan import Plan  # noqa: PLC0415

    plan = Plan.load(plan_path)
    if common["hse"] is not None and int(common["hse"]) != plan.schedule.hse_hz:
        raise ScheduleError(
            f"{plan_path} counts on an HSE of {plan.schedule.hse_hz / 1e6:g} MHz; "
            f"--hse {common['hse'] / 1e6:g}MHz does not go with it"
        )
    common["hse"] = float(plan.schedule.hse_hz)
    with Setup(network or plan.network, **common).bench() as bench:
        from dvfs_kernel.commands.study_tables import print_deployment  # noqa: PLC0415
        from dvfs_kernel.studies.plan_run import deploy as run_plan  # noqa: PLC0415

        deployment = run_plan(bench, plan)
    if as_json:
        import json  # noqa: PLC0415

        click.echo(json.dumps(deployment.to_dict(), indent=1))
    else:
        print_deployment(deployment, bench.workload)
    deployment.verify()
