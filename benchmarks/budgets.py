"""Measure the solver under budgets side by side with HiGHS, and print one table.

    python benchmarks/budgets.py [--limit SECONDS] [--quick]

Needs no extra: HiGHS is SciPy's `milp` with gap 0, in a process of its own that is ended when it
overruns its limit. Ours is the better of two runs, graph included, in parentheses the processor
time, which other work on the machine moves less. Instances are made up in the
shape of networks: an option is a kernel's form (packed, or unpacked with a part of the products
skipped), a granularity and a clock; flash and loss depend on the form alone.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, field
from functools import partial

import instances
import numpy as np
import solver_peers

from dvfs_kernel.layered_graph import LayeredGraph


@dataclass(frozen=True)
class Budgeted(instances.Instance):
    """An instance with (layers, options) amounts of resources, and budgets for them."""

    resources: dict[str, np.ndarray] = field(default_factory=dict)
    budgets: dict[str, float] = field(default_factory=dict)


def network(
    layers: int = 60, forms: int = 5, granularities: int = 2, clocks: int = 10, *,
    flash: float, loss: float, whole_loss: bool = True, switching: bool = True, seed: int = 1,
) -> Budgeted:  # fmt: skip
    """Return an instance whose budgets lie at these parts between the least and the most."""
    rng = np.random.default_rng([layers, forms, granularities, clocks, seed])
    clock_hz = np.linspace(50e6, 216e6, clocks)
    volt = 1.05 + 0.27 * (clock_hz - 50e6) / 166e6
    power_w = 0.03 + 1.35e-9 * clock_hz * volt**2
    products = rng.lognormal(np.log(4e5), 0.8, layers)
    weights = np.rint(rng.lognormal(np.log(8000), 1.0, layers))
    times, energies, flashes, losses = np.zeros((4, layers, forms, granularities, clocks))
    for layer in range(layers):
        sensitivity = rng.lognormal(0, 0.7)
        stall = products[layer] * rng.uniform(0.1, 0.5)
        for form in range(forms):
            cycles, taken, lost = products[layer] * rng.uniform(0.85, 1.2), weights[layer], 0.0
            if form:
                skipped = (form - 1) / max(forms - 2, 1) * 0.5
                cycles = products[layer] * (0.05 + (0.56 + 0.1 * rng.random()) * (1 - skipped))
                taken = np.rint(weights[layer] * 15 * (1 - skipped))
                lost = sensitivity * skipped**2 * 40 * rng.uniform(0.8, 1.2)
            flashes[layer, form] = taken
            losses[layer, form] = np.rint(lost) if whole_loss else lost
            for index in range(granularities):
                part = (0.3 + 0.7 / (1 + index)) * rng.uniform(0.9, 1.1)
                work = cycles * (1 + 0.03 * index * rng.uniform(0.5, 1.5))
                memory_s = stall * part / 100e6
                times[layer, form, index] = work / clock_hz + memory_s
                energies[layer, form, index] = power_w * work / clock_hz
                energies[layer, form, index] += (0.6 * power_w + 0.02) * memory_s
    bound = float(times[:, 0].min(axis=(1, 2)).sum()) * 1.1
    state = np.broadcast_to(np.arange(clocks), times.shape).reshape(layers, -1).copy()
    switch_time = np.full((clocks, clocks), 200e-6)
    np.fill_diagonal(switch_time, 0.0)
    switch_time[:, 0] = 0.0
    arrays = [array.reshape(layers, -1) for array in (times, energies, flashes, losses)]
    kind = f"{clocks} states" if switching else "no switching"
    name = (
        f"network {layers}×{arrays[0].shape[1]}, flash {flash:.0%}, "
        f"loss {loss:.0%} ({'whole' if whole_loss else 'real'}), {kind}"
    )
    ends = (state, switch_time, switch_time * 0.05) if switching else (None, None, None)
    resources = {"flash": arrays[2], "loss": arrays[3]}
    return Budgeted(
        name, arrays[0], arrays[1], bound, *ends, resources,
        {"flash": _between(arrays[2], flash), "loss": _between(arrays[3], loss)},
    )  # fmt: skip


def random(family: str, layers: int = 60, options: int = 100, seed: int = 1) -> Budgeted:
    """Return an instance of whole numbers up to 1,000: three weights and a profit."""
    rng = np.random.default_rng([layers, options, 2, seed])
    weight = rng.integers(1, 1001, (3, layers, options)).astype(float)
    profit = rng.integers(1, 1001, (layers, options)).astype(float)
    if family == "weakly":
        profit = np.maximum(np.rint(weight.mean(axis=0)) + rng.integers(-100, 101, profit.shape), 1)
    elif family == "strongly":
        profit = np.rint(weight.mean(axis=0)) + 100
    share = 0.5 if family == "uncorrelated" else 1.0
    bound, first, second = np.floor(weight.mean(axis=2).sum(axis=1) * share).tolist()
    return Budgeted(
        f"{family} {layers}×{options}", weight[0], -profit, bound, None, None, None,
        {"a": weight[1], "b": weight[2]}, {"a": first, "b": second},
    )  # fmt: skip


def _between(amount: np.ndarray, share: float) -> float:
    least, most = amount.min(axis=1).sum(), amount.max(axis=1).sum()
    return float(np.floor(least + share * (most - least)))


def graph_of(instance: Budgeted) -> LayeredGraph:
    return LayeredGraph(
        instance.time, instance.energy, instance.state,
        switch_time=instance.switch_time, switch_energy=instance.switch_energy,
        resources=instance.resources,
    )  # fmt: skip


def compare(instance: Budgeted, limit_s: float, peer_limit_s: float) -> None:
    seconds, processor = [], []
    for _ in range(2):
        started, before = time.perf_counter(), time.process_time()
        solution = graph_of(instance).solve(
            instance.bound, budgets=instance.budgets, time_limit_s=limit_s
        )
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - before)
    ours = min(seconds)
    extra = [(instance.resources[name].ravel(), most) for name, most in instance.budgets.items()]
    peer = partial(solver_peers.highs, extra=extra)
    answer = solver_peers.timed_out_of_process(peer, instance, peer_limit_s)
    # feasibility tolerances cost HiGHS digits
    close = 3e-7 * abs(solution.energy)
    same = "–"
    if answer.energy is not None:
        same = "none better"
        if answer.energy < solution.lower_bound - close:
            same = f"NO: {answer.energy}"
        elif answer.proved and solution.status == "optimal":
            same = "yes" if abs(answer.energy - solution.energy) <= close else "NO"
    state = "optimal"
    if solution.status != "optimal":
        state = f"{solution.status}, gap {solution.gap / abs(solution.energy):.2e}"
    mark = "" if answer.proved else " (not proved)"
    print(
        f"| {instance.name} | {ours:,.2f} s ({min(processor):,.2f} s), {state} | "
        f"{answer.seconds:,.1f} s{mark}, {answer.seconds / ours:,.0f}× | {same} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=30.0, help="seconds for ours")
    parser.add_argument("--peer-limit", type=float, default=30.0, help="seconds for HiGHS")
    parser.add_argument("--quick", action="store_true", help="networks only")
    arguments = parser.parse_args()
    for whole_loss in (True, False):
        warm = network(6, flash=0.3, loss=0.3, whole_loss=whole_loss)
        graph_of(warm).solve(warm.bound, budgets=warm.budgets)
    graph_of(warm).frontier(budgets=warm.budgets)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; limits ", end="")
    print(f"{arguments.limit:g} s and {arguments.peer_limit:g} s\n")
    print("| instance | ours | HiGHS (SciPy) | same |\n|---|---|---|---|")
    for flash, loss in ((0.6, 0.6), (0.4, 0.4), (0.2, 0.2), (0.15, 0.1), (0.1, 0.05)):
        compare(network(flash=flash, loss=loss), arguments.limit, arguments.peer_limit)
    for instance in (
        network(flash=0.4, loss=0.4, whole_loss=False),
        network(flash=0.15, loss=0.1, whole_loss=False),
        network(flash=0.4, loss=0.4, switching=False),
        network(flash=0.15, loss=0.1, switching=False),
        network(60, 7, 1, 14, flash=0.2, loss=0.1, seed=5),
        network(30, 5, 2, 3, flash=0.3, loss=0.3),
    ):
        compare(instance, arguments.limit, arguments.peer_limit)
    for family in () if arguments.quick else ("uncorrelated", "weakly", "strongly"):
        compare(random(family), arguments.limit, arguments.peer_limit)
    print("\n| frontier | points | time | error |\n|---|---|---|---|")
    for instance, epsilon in (
        (network(8, 4, 1, 3, flash=0.4, loss=0.4), 0.0),
        (network(flash=0.4, loss=0.4), 0.01),
    ):
        started = time.perf_counter()
        graph = graph_of(instance)
        allowed = epsilon * graph.solve(instance.bound, budgets=instance.budgets).energy
        frontier = graph.frontier(budgets=instance.budgets, epsilon=allowed, time_limit_s=60.0)
        print(
            f"| {instance.name} | {len(frontier):,} | {time.perf_counter() - started:.1f} s | "
            f"{frontier.error:.3g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
