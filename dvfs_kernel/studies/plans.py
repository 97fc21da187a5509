"""Plans of candidates, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.image.forms import forms_of
from dvfs_kernel.inference.deployment_plan import LayerPrediction, Plan
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.studies.bound import slug_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.studies.bound import Bound
    from dvfs_kernel.studies.candidate import Candidate

__all__ = ["drop_other_plans", "plan_file", "plan_of", "write_plans"]


def plan_of(candidate: Candidate, bound: Bound, workload: Workload, network: str) -> Plan:
    """Return what is needed to run a candidate again, elsewhere and later.

    Parameters
    ----------
    network
        Name of a built-in network, or path of its file.
    """
    prediction = candidate.prediction
    return Plan(
        network=network,
        image_digest=workload.image_digest,
        bound=bound.name,
        window_s=candidate.window_s,
        idle=candidate.idle.mode,
        latency_s=prediction.latency_s,
        inference_j=prediction.inference_j,
        window_j=candidate.predicted_window_j,
        layers=tuple(
            LayerPrediction(float(time_s), float(energy_j))
            for time_s, energy_j in zip(prediction.time_s, prediction.energy_j, strict=True)
        ),
        schedule=candidate.schedule,
        forms=forms_of(workload.network),
    )


def plan_file(slug: str) -> str:
    """Return the name of the file that holds the plan of a bound."""
    return f"schedule-{slug}.json"


def write_plans(folder: Path, plans: Mapping[str, Plan]) -> list[Path]:
    """Write ``schedule-NAME.json`` for each plan; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, plan in plans.items():
        path = folder / plan_file(name)
        write_atomically(path, plan.to_json().encode())
        paths.append(path)
    return paths


def drop_other_plans(folder: Path, written: Iterable[Path]) -> None:
    """Remove the plans of an earlier study, which would look like this one's; other files stay."""
    kept = {path.name for path in written}
    for path in folder.glob("schedule-*.json"):
        if path.name not in kept and _is_plan(path):
            path.unlink()


def _is_plan(path: Path) -> bool:
    """Tell whether a file is a plan under the name that `write_plans` gave it."""
    try:
        name = Plan.load(path).bound
    except (ScheduleError, OSError):
        return False
    return path.name == plan_file(slug_of(name))
