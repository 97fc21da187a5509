"""How far the savings of DVFS depend on the parameters of the models: docs/fidelity.md.

python benchmarks/sensitivity.py [--network vww] [--qos 30 50]

The optimum and the baselines of a study are run again with one parameter changed, their windows as
much longer as the baseline's latency has become. Timing parameters move by what stands in TIMING;
those of the current model by one standard deviation of their fit (`fit_current`). The last row is
what all of them come to: the fit's covariance, carried through these slopes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from fit_current import NAMES, READS, fit

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import parse_clocks
from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.exploration.runs import Bench, Workload
from dvfs_kernel.exploration.runs.worker import make_run
from dvfs_kernel.studies import Bound, StudyPlan, run_study
from dvfs_kernel.studies.compared_schedules import Names
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.exploration.runs import Job
    from dvfs_kernel.studies import Study

BASELINES = (Names.TINYENGINE, Names.RACE)
#: Values to try: what other readings of the same sources, or of none, would give.
TIMING = {
    "flash_line_latency": (0, 6),
    "sram_line_cycles": (7, 16),
    "store_miss_cycles": (0, 10),
    "write_back_cycles": (0, 10),
    "mispredict_cycles": (4, 8),
    "load_to_address_extra": (0, 2),
    "branch_pairing_half_cycles": (0,),
    "loads_per_cycle": (1,),
    "narrow_load_latency": (1, 3),
    "multiply_latency": (1, 3),
    "apb_cycles": (0, 6),
}
LOCKS = ("min", "max")
#: Not in these runs: the firmware runs from one bank, with caches on.
UNUSED = {READS, "flash_half_word_c", "itcm_ram_c_per_v"}


def jobs_of(study: Study) -> dict[tuple[str, str], Job]:
    """Return the runs to repeat, by bound and candidate."""
    return {
        (result.bound.name, name): result.outcome(name).candidate.job
        for result in study.results
        for name in (*BASELINES, Names.DVFS)
    }


def savings(workload: Workload, jobs: dict[tuple[str, str], Job], latency_s: float) -> np.ndarray:
    """Return the savings in per cent, bound by bound, over each baseline."""
    first = next(iter(jobs.values()))
    factor = make_run(workload, replace(first, window_s=None)).latency_s / latency_s
    window_j = {
        key: make_run(workload, replace(job, window_s=job.window_s * factor)).total("window_j")
        for key, job in jobs.items()
    }
    bounds = list(dict.fromkeys(bound for bound, _ in jobs))
    return 100 * np.array(
        [
            1 - window_j[bound, Names.DVFS] / window_j[bound, baseline]
            for bound in bounds
            for baseline in BASELINES
        ]
    )


def timing_changes() -> Iterator[tuple[str, BoardSpec]]:
    """Yield every change of a timing parameter and of the lock time."""
    for name, values in TIMING.items():
        for value in values:
            yield f"{name} = {value}", BoardSpec(profile=BoardProfile.of("", {name: value}))
    for lock in LOCKS:
        yield f"PLL lock {lock}", BoardSpec(pll_lock=PllLock(lock))


def current_boards(name: str, deviation: float) -> list[BoardSpec]:
    """Return boards with one parameter of the current model a deviation lower, and higher."""
    present = ds.CURRENT_MODEL[name]
    profiles = (BoardProfile.of("", None, {name: present + sign * deviation}) for sign in (-1, 1))
    return [BoardSpec(profile=profile) for profile in profiles]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="vww")
    parser.add_argument("--qos", type=float, nargs="+", default=[30, 50])
    arguments = parser.parse_args()
    workload = Workload.of(load_network(arguments.network), BoardSpec())
    with Bench(workload) as bench:
        bounds = tuple(Bound(qos=qos) for qos in arguments.qos)
        study = run_study(bench, StudyPlan(parse_clocks("default", bench.hse_hz), bounds))
    jobs = jobs_of(study)
    plain = make_run(workload, replace(next(iter(jobs.values())), window_s=None))
    base = savings(workload, jobs, plain.latency_s)
    heads = [
        f"{bound}, {baseline}"
        for bound in dict.fromkeys(bound for bound, _ in jobs)
        for baseline in BASELINES
    ]
    print("| change | " + " | ".join(heads) + " |\n|" + " --- |" * (len(heads) + 1))

    def show(name: str, values: np.ndarray, form: str = "+.2f") -> None:
        cells = " | ".join(f"{value:{form}}" for value in values)
        print(f"| {name} | {cells} |", flush=True)

    show("none: saving in %", base, ".2f")
    for name, spec in timing_changes():
        show(name, savings(replace(workload, board=spec), jobs, plain.latency_s) - base)
    _, covariance = fit()
    deviations = np.sqrt(np.diag(covariance))
    slopes = np.zeros((len(NAMES), len(base)))
    for index, (name, deviation) in enumerate(zip(NAMES, deviations, strict=True)):
        if name in UNUSED:
            continue
        low, high = (
            savings(replace(workload, board=spec), jobs, plain.latency_s) - base
            for spec in current_boards(name, float(deviation))
        )
        share = deviation / ds.CURRENT_MODEL[name]
        show(f"{name} {-share:+.1%}", low)
        show(f"{name} {share:+.1%}", high)
        slopes[index] = (high - low) / 2 / deviation
    variance = np.einsum("pk,pq,qk->k", slopes, covariance, slopes)
    show("current model: standard deviation", np.sqrt(variance), ".2f")


if __name__ == "__main__":
    main()
