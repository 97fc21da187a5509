"""What the solver is measured against: integer programming, CP-SAT, and plain dynamic programming.

Each peer gets the formulation that suits it: one binary per option, exactly one per layer, and
with switching one binary per pair of states between two layers, tied to the options on both
sides. Each runs in a process of its own, so that it can be ended when it ignores its time limit.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from instances import Instance
    from scipy.optimize import LinearConstraint

OVERTIME = 1.25  # times the limit (and 2 s to start), after which a peer's process is ended


@dataclass(frozen=True)
class Answer:
    """Seconds, the least energy found (None: nothing), and whether it was proved."""

    seconds: float
    energy: float | None
    proved: bool


def _pairs(instance: Instance) -> tuple[int, int]:
    layers = instance.time.shape[0]
    states = 0 if instance.switch_time is None else instance.switch_time.shape[0]
    return layers - 1, states


def _whole(values: np.ndarray) -> bool:
    return bool((values == np.rint(values)).all())


def highs(
    instance: Instance, limit_s: float, extra: Sequence[tuple[np.ndarray, float]] = ()
) -> Answer:
    """Solve by SciPy's interface to HiGHS; ``extra`` are (options) amounts and their budgets."""
    from scipy import optimize, sparse  # noqa: PLC0415  (only the benchmark's users have it)

    layers, options = instance.time.shape
    boundaries, states = _pairs(instance)
    count = layers * options
    cost, spent = [instance.energy.ravel()], [instance.time.ravel()]
    rows = [np.repeat(np.arange(layers), options)]
    columns = [np.arange(count)]
    values = [np.ones(count)]
    row = layers
    if states:
        cost.append(np.tile(instance.switch_energy.ravel(), boundaries))
        spent.append(np.tile(instance.switch_time.ravel(), boundaries))
        grid = np.arange(states * states).reshape(states, states)
        for boundary in range(boundaries):
            block = count + boundary * states * states
            for side in range(2):
                layer = boundary + side
                rows.append(row + instance.state[layer])
                columns.append(layer * options + np.arange(options))
                values.append(np.ones(options))
                pairs = grid if side == 0 else grid.T
                rows.append(row + np.repeat(np.arange(states), states))
                columns.append(block + pairs.ravel())
                values.append(-np.ones(states * states))
                row += states
    cost, spent = np.concatenate(cost), np.concatenate(spent)
    matrix = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(row, cost.size),
    )
    right = np.concatenate([np.ones(layers), np.zeros(row - layers)])
    # its tolerances are absolute: real numbers are brought near 1 per layer; whole ones stay
    whole = _whole(instance.time) and _whole(instance.energy)
    time_unit = 1.0 if whole else instance.bound / layers
    energy_unit = 1.0 if whole else np.abs(instance.energy).mean()
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        result = optimize.milp(
            cost / energy_unit,
            integrality=np.ones(cost.size),
            bounds=optimize.Bounds(0, 1),
            constraints=[
                optimize.LinearConstraint(matrix, right, right),
                optimize.LinearConstraint(
                    sparse.csr_matrix(spent / time_unit), -np.inf, instance.bound / time_unit
                ),
                *(_budget(amount, most, cost.size) for amount, most in extra),
            ],
            options={"time_limit": limit_s, "mip_rel_gap": 0.0},
        )
    seconds = time.perf_counter() - started
    energy = None if result.x is None else float(cost @ np.rint(result.x))
    return Answer(seconds, energy, result.status == 0)


def _budget(amount: np.ndarray, most: float, variables: int) -> LinearConstraint:
    from scipy import optimize, sparse  # noqa: PLC0415  (as above)

    row = np.zeros(variables)
    unit = max(most, 1.0) / 100
    row[: amount.size] = amount / unit
    return optimize.LinearConstraint(sparse.csr_matrix(row), -np.inf, most / unit)


def cp_sat(instance: Instance, limit_s: float) -> Answer:
    """Solve by OR-tools' CP-SAT with two workers; real numbers become whole ones."""
    from ortools.sat.python import cp_model  # noqa: PLC0415  (only the benchmark's users have it)

    layers, options = instance.time.shape
    boundaries, states = _pairs(instance)
    scale = 1.0 if _whole(instance.time) else 1e9
    energy_scale = 1.0 if _whole(instance.energy) else 1e12

    def whole(values: np.ndarray, unit: float) -> list[int]:
        return np.rint(values * unit).astype(np.int64).ravel().tolist()

    started = time.perf_counter()
    model = cp_model.CpModel()
    chosen = [[model.new_bool_var("") for _ in range(options)] for _ in range(layers)]
    variables = [variable for layer in chosen for variable in layer]
    cost, spent = whole(instance.energy, energy_scale), whole(instance.time, scale)
    for layer in chosen:
        model.add_exactly_one(layer)
    for boundary in range(boundaries if states else 0):
        pairs = [[model.new_bool_var("") for _ in range(states)] for _ in range(states)]
        for side in range(2):
            layer = boundary + side
            for state in range(states):
                here = [chosen[layer][j] for j in np.flatnonzero(instance.state[layer] == state)]
                line = pairs[state] if side == 0 else [row[state] for row in pairs]
                model.add(sum(here) == sum(line))
        variables += [variable for row in pairs for variable in row]
        cost += whole(instance.switch_energy, energy_scale)
        spent += whole(instance.switch_time, scale)
    total = cp_model.LinearExpr.weighted_sum(variables, spent)
    model.add(total <= int(instance.bound * scale))
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, cost))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    seconds = time.perf_counter() - started
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return Answer(seconds, None, proved=False)
    return Answer(seconds, solver.objective_value / energy_scale, status == cp_model.OPTIMAL)


def dynamic_programming(instance: Instance, limit_s: float) -> Answer:
    """Solve by lists of undominated (time, energy) per state, in NumPy, without bounds."""
    started = time.perf_counter()
    layers = instance.time.shape[0]
    _, states = _pairs(instance)
    states = max(states, 1)
    quickest = instance.time.min(axis=1)
    rest = np.concatenate([np.cumsum(quickest[::-1])[::-1][1:], [0.0]])
    lists = [(np.zeros(1), np.zeros(1)) for _ in range(states)]
    for layer in range(layers):
        state = np.zeros(instance.time.shape[1], int) if states == 1 else instance.state[layer]
        new = []
        for target in range(states):
            if layer and states > 1:
                arrival = _undominated(
                    [t + instance.switch_time[s, target] for s, (t, _) in enumerate(lists)],
                    [e + instance.switch_energy[s, target] for s, (_, e) in enumerate(lists)],
                    np.inf,
                )
            else:
                arrival = lists[target]
            here = np.flatnonzero(state == target)
            new.append(
                _undominated(
                    [arrival[0] + instance.time[layer, j] for j in here],
                    [arrival[1] + instance.energy[layer, j] for j in here],
                    instance.bound - rest[layer],
                )
            )
            if time.perf_counter() - started > limit_s:
                return Answer(time.perf_counter() - started, None, proved=False)
        lists = new
    energy = min(float(e[-1]) for _, e in lists if e.size)
    return Answer(time.perf_counter() - started, energy, proved=True)


def _undominated(
    times: list[np.ndarray], energies: list[np.ndarray], latest: float
) -> tuple[np.ndarray, np.ndarray]:
    if not times:
        return np.empty(0), np.empty(0)
    t, e = np.concatenate(times), np.concatenate(energies)
    # a hair of room: sums in another order than the bound's must not lose the quickest schedule
    kept = t <= latest + 1e-9 * abs(latest)
    t, e = t[kept], e[kept]
    order = np.lexsort((e, t))
    t, e = t[order], e[order]
    lowest = np.minimum.accumulate(e)
    better = np.concatenate([[True], e[1:] < lowest[:-1]])[: t.size]
    return t[better], e[better]


def timed_out_of_process(
    peer: Callable[[Instance, float], Answer], instance: Instance, limit_s: float
) -> Answer:
    """Run a peer in a process of its own, ended when it overruns its limit."""
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=lambda: results.put(peer(instance, limit_s)), daemon=True)
    started = time.perf_counter()
    process.start()
    deadline = started + OVERTIME * limit_s + 2.0
    while process.is_alive() and results.empty() and time.perf_counter() < deadline:
        time.sleep(0.01)
    answer = Answer(time.perf_counter() - started, None, proved=False)
    if not results.empty():
        answer = results.get()
    process.kill()
    process.join()
    return answer
