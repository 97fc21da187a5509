"""What docs/solver.md promises, held against the enumeration of all schedules in fractions.

    PYTHONPATH=tests/support python tests/support/solver_promise.py --instances 100000

draws small instances by number, prints progress, and ends with 1 at the first that breaks a
promise, naming it: ``--first NUMBER --instances 1`` is that one again.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
import warnings
from typing import Any

import numpy as np
from exact_schedules import Schedule, added, all_schedules, summed, undominated
from solver_instances import draw, draw_resources, numbers

from dvfs_kernel.errors import InfeasibleBoundError, InfeasibleBudgetError, UnreachableError
from dvfs_kernel.layered_graph import LayeredGraph, solve_intervals, solve_samples

_PROGRESS_S = 10.0


def check_instance(number: int) -> str:
    """Hold one instance against all that is promised of it; return what it was about."""
    rng = np.random.default_rng([2026, number])
    kind = ("plain", "plain", "plain", "budgets", "intervals", "samples")[number % 6]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CHECKS[kind](rng)
    return kind


def check_plain(rng: np.random.Generator) -> None:
    """Check the answers of a graph without budgets."""
    arguments = draw(rng)
    schedules = all_schedules(arguments)
    if not schedules:
        _raises(UnreachableError, lambda: LayeredGraph(**arguments))
        return
    graph = LayeredGraph(**arguments)
    by_choice = {item.choice: item for item in schedules}
    times = sorted(item.time for item in schedules)
    assert graph.least_time == times[0]
    bounds = _bounds(rng, times)
    for bound in bounds:
        check_solve(graph, schedules, by_choice, bound)
    check_frontier(graph, schedules, by_choice, bounds)
    check_k_best(graph, schedules, by_choice, bounds[0], int(rng.integers(1, 7)))
    step = float(rng.choice([np.spacing(bounds[0]) * 2, 0.1, max(bounds[0], 1e-300)]))
    check_shadow_price(graph, schedules, bounds[0], step)
    check_limits(graph, schedules, bounds[0], rng)


def check_solve(
    graph: LayeredGraph,
    schedules: list[Schedule],
    by_choice: dict[tuple[int, ...], Schedule],
    bound: float,
) -> None:
    """Check the answer for one bound."""
    allowed = [item for item in schedules if item.time <= bound]
    if not allowed:
        _raises(InfeasibleBoundError, lambda: graph.solve(bound))
        return
    found = graph.solve(bound)
    taken = by_choice[tuple(found.choice.tolist())]
    assert (found.energy, found.time) == (taken.energy, taken.time), (found, taken)
    assert found.time <= bound, (found, bound)
    assert (found.status, found.gap) == ("optimal", 0.0), found
    assert found.energy == allowed[0].energy, (found, allowed[0])
    assert np.isfinite(found.multiplier), found.multiplier


def check_frontier(
    graph: LayeredGraph,
    schedules: list[Schedule],
    by_choice: dict[tuple[int, ...], Schedule],
    bounds: list[float],
) -> None:
    """Check the exact frontier, one up to a longest time, and one that is off by epsilon."""
    exact = undominated(schedules)
    frontier = graph.frontier()
    assert list(zip(frontier.time.tolist(), frontier.energy.tolist(), strict=True)) == exact
    assert frontier.error == 0.0
    for point in frontier:
        taken = by_choice[tuple(point.choice.tolist())]
        assert (point.time, point.energy) == (taken.time, taken.energy)
        assert np.isfinite(point.multiplier), point.multiplier
    for bound in bounds:
        if bound >= exact[0][0]:
            least = [energy for time, energy in exact if time <= bound][-1]
            assert frontier.at(bound).energy == least
    part = graph.frontier(longest=bounds[0])
    kept = [point for point in exact if point[0] <= bounds[0]]
    assert list(zip(part.time.tolist(), part.energy.tolist(), strict=True)) == kept
    epsilon = (exact[0][1] - exact[-1][1]) * 0.1
    close = graph.frontier(epsilon=epsilon)
    check_error(close, exact, by_choice)
    assert close.error <= epsilon


def check_error(
    frontier: Any, exact: list[tuple[float, float]], by_choice: dict[tuple[int, ...], Schedule]
) -> None:
    """Check that a frontier is off by no more than it says, at every bound."""
    assert (np.diff(frontier.time) > 0).all()
    assert (np.diff(frontier.energy) < 0).all()
    for point in frontier:
        taken = by_choice[tuple(point.choice.tolist())]
        assert (point.time, point.energy) == (taken.time, taken.energy)
    for time, energy in exact:
        assert energy <= frontier.at(time).energy <= _up(energy + frontier.error), (time, energy)


def check_k_best(
    graph: LayeredGraph,
    schedules: list[Schedule],
    by_choice: dict[tuple[int, ...], Schedule],
    bound: float,
    count: int,
) -> None:
    """Check energies and times of the best schedules, and that they are distinct."""
    allowed = [item for item in schedules if item.time <= bound]
    found = graph.k_best(bound, count)
    assert [(item.energy, item.time) for item in found] == [item[:2] for item in allowed[:count]]
    choices = [tuple(item.choice.tolist()) for item in found]
    assert len(set(choices)) == len(found)
    for item, choice in zip(found, choices, strict=True):
        assert by_choice[choice][:2] == (item.energy, item.time)


def check_shadow_price(
    graph: LayeredGraph, schedules: list[Schedule], bound: float, step: float
) -> None:
    """Check what a step of time is worth."""

    def least(most: float) -> float:
        return min((item.energy for item in schedules if item.time <= most), default=np.inf)

    price = graph.shadow_price(bound, step)
    here = least(bound)
    assert price.saved_by_more == here - least(bound + step)
    assert price.lost_by_less == least(bound - step) - here


def check_limits(
    graph: LayeredGraph, schedules: list[Schedule], bound: float, rng: np.random.Generator
) -> None:
    """Check what is proved where a limit ends a search."""
    limits: dict[str, Any] = {"label_limit": int(rng.integers(1, 9))}
    if rng.random() < 0.3:
        limits = {"time_limit_s": 0.0}
    least = min(item.energy for item in schedules if item.time <= bound)
    found = graph.solve(bound, **limits)
    assert found.lower_bound <= least <= found.energy
    assert found.time <= bound
    assert (found.gap == 0.0) == (found.status == "optimal")
    by_choice = {item.choice: item for item in schedules}
    check_error(graph.frontier(**limits), undominated(schedules), by_choice)


def check_budgets(rng: np.random.Generator) -> None:
    """Check the answers of a graph with budgets."""
    arguments = draw(rng)
    resources = draw_resources(rng, arguments)
    schedules = all_schedules(arguments)
    if not schedules:
        return
    graph = LayeredGraph(**arguments, resources=resources)
    amounts = {
        item.choice: {
            name: summed(row[option] for row, option in zip(rows, item.choice, strict=True))
            for name, rows in resources.items()
        }
        for item in schedules
    }
    bound = _bounds(rng, sorted(item.time for item in schedules))[0]
    budgets = {
        name: sorted(taken[name] for taken in amounts.values())[int(rng.random() * len(schedules))]
        for name in resources
    }
    kept = [
        item
        for item in schedules
        if all(amounts[item.choice][name] <= budgets[name] for name in budgets)
    ]
    allowed = [item for item in kept if item.time <= bound]
    if not allowed:
        _raises(InfeasibleBudgetError, lambda: graph.solve(bound, budgets=budgets))
    else:
        found = graph.solve(bound, budgets=budgets)
        taken = next(item for item in schedules if item.choice == tuple(found.choice.tolist()))
        assert (found.energy, found.time) == (taken.energy, taken.time)
        assert found.resources == amounts[taken.choice]
        assert taken in allowed
        assert (found.status, found.gap) == ("optimal", 0.0), found
        assert found.energy == allowed[0].energy, (found, allowed[0])
    if not kept:
        _raises(InfeasibleBudgetError, lambda: graph.frontier(budgets=budgets))
        return
    frontier = graph.frontier(budgets=budgets)
    points = list(zip(frontier.time.tolist(), frontier.energy.tolist(), strict=True))
    assert (points, frontier.error) == (undominated(kept), 0.0)
    for point in frontier:
        assert point.resources == amounts[tuple(point.choice.tolist())]


def check_intervals(rng: np.random.Generator) -> None:
    """Check the best schedule for times in intervals."""
    arguments = draw(rng)
    for name in ("entry_time", "entry_energy", "exit_time", "exit_energy"):
        arguments.pop(name, None)
    kind = str(rng.choice(["whole", "tenths", "ulps", "real", "hundredths", "tiny"]))
    deviation = [numbers(rng, kind, len(row)) for row in arguments["time"]]
    schedules = all_schedules(arguments)
    if not schedules:
        return
    layers = len(deviation)
    budget = [None, 0, 1, 2][int(rng.integers(0, 4))]
    count = layers if budget is None else min(budget, layers)

    def worst(item: Schedule) -> float:
        own = sorted((float(row[j]) for row, j in zip(deviation, item.choice, strict=True)))
        total = item.time
        for value in own[::-1][:count]:
            total = added(total, value)
        return total

    held = {item.choice: worst(item) for item in schedules}
    bound = _bounds(rng, sorted(held.values()))[0]
    switch = {name: arguments[name] for name in arguments if name.startswith("s")}
    found = solve_intervals(
        arguments["time"], deviation, arguments["energy"], bound, budget=budget, **switch
    )
    allowed = [item for item in schedules if held[item.choice] <= bound]
    choice = tuple(found.choice.tolist())
    assert found.protected_time == held[choice] <= bound
    assert (found.status, found.lower_bound) == ("optimal", found.energy), found
    assert found.energy == allowed[0].energy, (found, allowed[0])


def check_samples(rng: np.random.Generator) -> None:
    """Check the best schedule for times that were measured."""
    arguments = draw(rng)
    for name in ("entry_time", "entry_energy", "exit_time", "exit_energy"):
        arguments.pop(name, None)
    kind = str(rng.choice(["whole", "tenths", "ulps", "real", "hundredths", "tiny"]))
    count = int(rng.integers(1, 6))
    measured = [numbers(rng, kind, (count, len(row))) for row in arguments["time"]]
    quantile = float(rng.choice([0.3, 0.5, 0.8, 1.0]))
    needed = max(int(np.ceil(quantile * count - 1e-9)), 1)
    held: dict[tuple[int, ...], list[float]] = {}
    for which in range(count):
        for item in all_schedules(arguments | {"time": [rows[which] for rows in measured]}):
            held.setdefault(item.choice, []).append(item.time)
    schedules = [item for item in all_schedules(arguments) if item.choice in held]
    if not schedules:
        return
    worst = {choice: sorted(times)[needed - 1] for choice, times in held.items()}
    bound = _bounds(rng, sorted(worst.values()))[0]
    switch = {name: arguments[name] for name in arguments if name.startswith("s")}
    found = solve_samples(measured, arguments["energy"], bound, quantile=quantile, **switch)
    allowed = [item for item in schedules if worst[item.choice] <= bound]
    assert found.protected_time == worst[tuple(found.choice.tolist())] <= bound
    assert (found.status, found.lower_bound) == ("optimal", found.energy), found
    assert found.energy == allowed[0].energy, (found, allowed[0])


CHECKS = {
    "plain": check_plain,
    "budgets": check_budgets,
    "intervals": check_intervals,
    "samples": check_samples,
}


def _bounds(rng: np.random.Generator, times: list[float]) -> list[float]:
    """Return bounds that schedules just keep, just miss, and others; the first can be kept."""
    middle = times[int(rng.random() * len(times))]
    return [middle, float(np.nextafter(middle, -np.inf)), middle * 1.0000001, np.inf]


def _up(value: float) -> float:
    """Return the next larger number: room for the rounding of a test's own sum."""
    return float(np.nextafter(value, np.inf))


def _raises(expected: type[Exception], call: Any) -> None:
    try:
        answer = call()
    except expected:
        return
    raise AssertionError(f"{answer} instead of {expected.__name__}")


def main() -> int:
    """Check many instances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--go-on", action="store_true", help="do not end at the first that fails")
    given = parser.parse_args()
    started = told = clock.monotonic()
    counts = dict.fromkeys(CHECKS, 0)
    failed = 0
    for number in range(given.first, given.first + given.instances):
        try:
            counts[check_instance(number)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its number
            failed += 1
            print(f"instance {number}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            if not given.go_on:
                return 1
        if clock.monotonic() - told > _PROGRESS_S:
            told = clock.monotonic()
            done = number - given.first + 1
            print(f"{done:,} of {given.instances:,}, {told - started:.0f} s", flush=True)
    shown = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    print(f"{shown}; {failed} failed; {clock.process_time():.0f} s of processor time")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
