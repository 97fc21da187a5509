"""Everything that a study leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel import report
from dvfs_kernel.exploration.table import to_csv
from dvfs_kernel.inference.run_names import RunName
from dvfs_kernel.report.study_document import study_document
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.studies.plans import drop_other_plans, plan_of, write_plans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.studies.study import Study

__all__ = ["EXPLORATION", "write_study"]

EXPLORATION = "exploration.csv"


def write_study(
    folder: Path,
    study: Study,
    workload: Workload,
    network: str,
    command: str,
    progress: Progress | None = None,
    duty: Mapping[str, float] | None = None,
) -> Path:
    """Write plans, options, document, figures and page; return the path of the page.

    Parameters
    ----------
    network
        Name of a built-in network, or path of its file, for the plans.
    command
        What was typed.
    duty
        As of `study_document`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plans = {}
    for result in study.results:
        outcome = result.outcome(RunName.DVFS)
        if outcome is not None:
            plans[result.bound.slug] = plan_of(outcome.candidate, result.bound, workload, network)
    drop_other_plans(folder, write_plans(folder, plans))
    table = to_csv(study.ground.exploration, workload)
    write_atomically(folder / EXPLORATION, table.encode())
    document = study_document(study, workload, command, duty)
    return report.write(folder, document, progress=progress)
