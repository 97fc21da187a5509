"""The table of docs/results.md: what DVFS saves on each network at each bound, executed.

python benchmarks/results.py vww person_detection mobilenet_v2 [model.tflite …]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import parse_clocks
from dvfs_kernel.exploration.runs import Bench, Store, Workload
from dvfs_kernel.inference.run_names import RunName
from dvfs_kernel.studies import Bound, StudyPlan, run_study

if TYPE_CHECKING:
    from dvfs_kernel.studies import BoundResult, Study

BOUNDS = (10, 30, 50)
BASELINES = (RunName.TINYENGINE, RunName.GATED, RunName.RACE, RunName.SINGLE, RunName.PAPER)


def study(name: str, store: Store | None, clocks: str) -> tuple[Study, float, int]:
    started = time.perf_counter()
    with Bench(Workload.of(load_network(name), BoardSpec()), store=store) as bench:
        bounds = tuple(Bound(qos=qos) for qos in BOUNDS)
        found = run_study(bench, StudyPlan(parse_clocks(clocks, bench.hse_hz), bounds))
        found.verify()
    return found, time.perf_counter() - started, bench.made


def row(name: str, result: BoundResult) -> list[str]:
    dvfs = result.outcome(RunName.DVFS)
    cells = [Path(name).name, result.bound.name, f"{result.bound_s * 1e3:.2f}"]
    cells += [f"{dvfs.record.latency_s * 1e3:.2f}", f"{dvfs.window_j * 1e3:.3f}"]
    for baseline in BASELINES:
        outcome = result.outcome(baseline)
        late = "" if outcome.keeps_bound else " (late)"
        cells.append(f"{(1 - dvfs.window_j / outcome.window_j) * 100:.1f}{late}")
    cells.append(dvfs.candidate.idle.mode.name.lower())
    cells += [f"{dvfs.latency_error * 100:+.2f}", f"{dvfs.energy_error * 100:+.2f}"]
    cells.append(f"{(1 - result.lower_bound_j / dvfs.window_j) * 100:.2f}")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--cache", type=Path, help="folder of kept runs; none by default")
    parser.add_argument("--clocks", default="default")
    arguments = parser.parse_args()
    store = None if arguments.cache is None else Store(arguments.cache)
    heads = ["network", "bound", "bound ms", "DVFS ms", "window mJ"]
    heads += [f"% less than {name}" for name in BASELINES]
    heads += ["idle", "latency %", "energy %", "above proof %"]
    print("| " + " | ".join(heads) + " |")
    print("| " + " | ".join("---" for _ in heads) + " |")
    notes = []
    for name in arguments.networks:
        found, wall_s, made = study(name, store, arguments.clocks)
        for result in found.results:
            print("| " + " | ".join(row(name, result)) + " |", flush=True)
        check = found.ground.check
        notes.append(
            f"{Path(name).name}: {made} runs, {wall_s:.0f} s; runs at other clocks predicted "
            f"within {check.worst_run_time:.2%} in time, {check.worst_run_energy:.2%} in energy, "
            f"layers within {check.worst_time:.2%}"
        )
    print("\n" + "\n".join(notes))


if __name__ == "__main__":
    main()
