"""Measure the layered-graph solver side by side with its peers, and print one table.

    python benchmarks/solver.py [--limit SECONDS] [--quick]

Needs the extra ``benchmark``. Times are wall-clock; ours are the best of several runs after a
first one that loads the compiled code, the peers' of one run. "same": all that proved an optimum
have the same energy; "none better": no peer proved one, and none found less energy than ours.
A busy machine slows all alike, so look at the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import instances
import numpy as np
import solver_peers

from dvfs_kernel.layered_graph import LayeredGraph

REPEATS = 7


def graph_of(instance: instances.Instance) -> LayeredGraph:
    return LayeredGraph(
        instance.time,
        instance.energy,
        instance.state,
        switch_time=instance.switch_time,
        switch_energy=instance.switch_energy,
    )


def solve_repeatedly(instance: instances.Instance, limit_s: float) -> tuple[float, object]:
    """Return the best time to build the graph and solve it, and the solution."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        solution = graph_of(instance).solve(instance.bound, time_limit_s=limit_s)
        seconds.append(time.perf_counter() - started)
        if sum(seconds) > limit_s:
            break
    return min(seconds), solution


def cell(answer: solver_peers.Answer | None, ours: float) -> str:
    if answer is None:
        return "–"
    mark = "" if answer.proved else " (not proved)"
    return f"{1e3 * answer.seconds:,.0f} ms{mark}, {answer.seconds / ours:,.0f}×"


def compare(instance: instances.Instance, limit_s: float, *, table: bool) -> None:
    ours, solution = solve_repeatedly(instance, limit_s)
    answers = [
        solver_peers.timed_out_of_process(peer, instance, limit_s)
        for peer in (solver_peers.highs, solver_peers.cp_sat)
    ]
    answers.append(
        solver_peers.timed_out_of_process(solver_peers.dynamic_programming, instance, limit_s)
        if table
        else None
    )
    # rounding to whole numbers (CP-SAT) and feasibility tolerances (HiGHS) cost the peers digits
    close = 3e-7 * abs(solution.energy)
    same = "–"
    for answer in answers:
        if answer is None or answer.energy is None:
            continue
        if answer.energy < solution.lower_bound - close:
            same = f"NO: {answer.energy} < {solution.lower_bound}"
            break
        if answer.proved and solution.status == "optimal":
            if abs(answer.energy - solution.energy) > close:
                same = f"NO: {answer.energy} proved"
                break
            same = "yes"
        elif same == "–":
            same = "none better"
    shown = [cell(answer, ours) for answer in answers]
    state = (
        solution.status
        if solution.status == "optimal"
        else f"{solution.status}, gap {solution.gap:g}"
    )
    print(
        f"| {instance.name} | {1e3 * ours:,.2f} ms, {state} | {' | '.join(shown)} | {same} |",
        flush=True,
    )


def measure_frontiers() -> None:
    print("\n| frontier | points | time | error |\n|---|---|---|---|")
    for instance in (instances.dvfs(53), instances.dvfs(53, switching=False)):
        graph = graph_of(instance)
        for epsilon in (0.0, 1e-3):
            allowed = epsilon * graph.solve(instance.bound).energy
            seconds = []
            for _ in range(REPEATS):
                started = time.perf_counter()
                frontier = graph.frontier(epsilon=allowed)
                seconds.append(time.perf_counter() - started)
            kind = "exact" if epsilon == 0 else f"within {epsilon:.1%}"
            print(
                f"| {instance.name}, {kind} | {len(frontier):,} | {1e3 * min(seconds):,.0f} ms "
                f"(median {1e3 * np.median(seconds):,.0f}) | {frontier.error:.3g} |",
                flush=True,
            )


def child(kind: str) -> None:
    """Run one measurement in this fresh process and print it as JSON."""
    if kind == "cold":
        instance = instances.dvfs(53)
        started = time.perf_counter()
        solution = graph_of(instance).solve(instance.bound)
        first = time.perf_counter() - started
        started = time.perf_counter()
        frontier = graph_of(instance).frontier()
        result = {
            "solve": first,
            "frontier": time.perf_counter() - started,
            "points": len(frontier),
        }
    else:
        instance = instances.dvfs(1000, 8, 6, switching=kind == "switching")
        started = time.perf_counter()
        solution = graph_of(instance).solve(instance.bound)
        result = {"solve": time.perf_counter() - started}
    result["status"] = solution.status
    # of this program alone: getrusage would count the parent that it was forked from
    status = Path("/proc/self/status").read_text("ascii")
    result["mib"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps(result))


def in_fresh_process(kind: str) -> tuple[float, dict]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), "--child", kind],
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - started, json.loads(done.stdout)


def measure_processes() -> None:
    print("\n| fresh process, compiled code on disk | first solve | process | memory |")
    print("|---|---|---|---|")
    for kind, name in (
        ("cold", "DVFS 53×84, 14 states (then its frontier)"),
        ("plain", "DVFS 1000×48"),
        ("switching", "DVFS 1000×48, 6 states"),
    ):
        runs = [in_fresh_process(kind) for _ in range(3)]
        whole, result = min(runs, key=lambda run: run[1]["solve"])
        first = f"{1e3 * result['solve']:,.0f} ms"
        if "frontier" in result:
            first += f" + {1e3 * result['frontier']:,.0f} ms"
        print(f"| {name} | {first} | {whole:.2f} s | {result['mib']:,.0f} MiB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each peer")
    parser.add_argument("--quick", action="store_true", help="leave out the largest instances")
    parser.add_argument("--child", choices=("cold", "plain", "switching"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    for warm in (instances.dvfs(5), instances.pisinger("strongly", 5, 5, 100)):
        graph_of(warm).solve(warm.bound)
        graph_of(warm).frontier()
    load = f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
    print(f"{load}; peers' limit {arguments.limit:g} s\n")
    print("| instance | ours | HiGHS (SciPy) | CP-SAT | NumPy lists | same |")
    print("|---|---|---|---|---|---|")
    for instance in (
        instances.dvfs(53),
        instances.dvfs(53, tightness=0.1),
        instances.dvfs(53, switching=False),
    ):
        compare(instance, arguments.limit, table=True)
    sizes = ((50, 50),) if arguments.quick else ((50, 50), (1000, 100))
    if not arguments.quick:
        compare(instances.dvfs(1000, 8, 6, switching=False), arguments.limit, table=False)
        compare(instances.dvfs(1000, 8, 6), arguments.limit, table=False)
    for family in instances.FAMILIES:
        for layers, options in sizes:
            for span in (1_000, 10_000):
                instance = instances.pisinger(family, layers, options, span)
                compare(instance, arguments.limit, table=layers == 50)
    measure_frontiers()
    measure_processes()
    print(f"\nload average at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
