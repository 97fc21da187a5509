"""Optima in a window against every path there is, and against integer programming."""

import explorations
import numpy as np
import pytest
from explorations import HSE_HZ, STATES

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import InfeasibleLatencyError, ScheduleError
from dvfs_kernel.exploration import pareto
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation import paper_problem, window_problem

FAST, SLOW, FAST_ASIDE, SLOW_ASIDE, HSE = STATES


def draw(seed, **changes):
    rng = np.random.default_rng(seed)
    return explorations.exploration(rng, **changes), explorations.switching(rng)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("power_w", [0.0, 0.02, 5.0])
def test_the_optimum_is_the_best_of_all_paths(seed, power_w):
    explored, costs = draw(seed)
    idle = explorations.idle(power_w)
    problem = window_problem(explored, costs, idle)
    least_s = problem.graph.least_time
    for factor in (1.0, 1.2, 2.0):
        window_s = least_s * factor * (1 + 1e-12)
        optimum = problem.solve(window_s)
        rows = problem.rows(optimum.solution.choice)
        time_s, energy_j = explorations.window_of(rows, STATES, costs, idle, window_s)
        assert time_s <= window_s * (1 + 1e-12)
        assert energy_j == pytest.approx(
            explorations.least_window_j(explored, costs, idle, window_s), rel=1e-12
        )
        assert optimum.prediction.latency_s == pytest.approx(time_s)
        assert optimum.prediction.window_j(window_s, idle) == pytest.approx(energy_j)
        # The graph leaves out what all schedules pay alike.
        rest_j = idle.energy_j(window_s)
        assert optimum.solution.energy + rest_j == pytest.approx(energy_j)
        assert optimum.solution.lower_bound <= optimum.solution.energy


def test_where_idling_is_dear_options_win_that_take_more_time_and_more_energy():
    rng = np.random.default_rng(3)
    explored = explorations.exploration(rng, granularities=(0,))
    costs = explorations.switching(rng, largest_s=0.0)
    options = explored.options
    quick = options["state"] != STATES.index(SLOW)
    options["time_s"], options["energy_j"] = (
        np.where(quick, 1e-3, 2e-3),
        np.where(quick, 2e-4, 9e-3),
    )
    # A millisecond of idle time less saves 10 mJ at 10 W ...
    best = window_problem(explored, costs, explorations.idle(10.0)).solve(0.05)
    assert best.prediction.time_s == pytest.approx(2e-3)
    # ... and nothing where idling is free.
    best = window_problem(explored, costs, explorations.idle(0.0)).solve(0.05)
    assert best.prediction.time_s == pytest.approx(1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_an_infeasible_bound_tells_the_least_latency(seed):
    explored, costs = draw(seed)
    problem = window_problem(explored, costs, explorations.idle())
    with pytest.raises(InfeasibleLatencyError) as caught:
        problem.solve(1e-3)
    least_s = caught.value.least_time
    assert caught.value.bound == 1e-3
    assert explorations.least_window_j(explored, costs, problem.idle, least_s * 0.999999) == np.inf
    assert problem.solve(least_s * (1 + 1e-9)).prediction.latency_s == pytest.approx(least_s)


@pytest.mark.parametrize("seed", range(8))
def test_the_frontier_holds_every_optimum(seed):
    explored, costs = draw(seed)
    problem = window_problem(explored, costs, explorations.idle(0.05))
    frontier = problem.frontier()
    for factor in (1.05, 1.5, 3.0):
        bound_s = problem.graph.least_time * factor
        within = frontier.energy[frontier.time <= bound_s]
        assert within.min() == pytest.approx(problem.solve(bound_s).solution.energy)


@pytest.mark.parametrize("seed", range(6))
def test_integer_programming_agrees_on_the_papers_problem(seed):
    optimize = pytest.importorskip("scipy.optimize")
    explored, costs = draw(seed, layers=7, granularities=(0, 2, 4))
    idle = explorations.idle(0.02)
    problem = paper_problem(explored, costs, idle)
    bound_s = problem.graph.least_time * (1.1 + 0.2 * seed)
    rows = np.concatenate(problem.options)
    layers = np.equal.outer(np.arange(7), rows["layer"]).astype(float)
    result = optimize.milp(
        (rows["energy_j"] - idle.power_w * rows["time_s"]) * 1e4,
        integrality=np.ones(len(rows)),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(layers, 1, 1),
            optimize.LinearConstraint(rows["time_s"], -np.inf, bound_s),
        ],
        options={"mip_rel_gap": 0},
    )
    assert result.success
    assert problem.solve(bound_s).solution.energy == pytest.approx(result.fun / 1e4, rel=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_the_papers_options_are_pareto_points_on_the_pll_that_hop_where_they_can(seed):
    explored, costs = draw(seed)
    problem = paper_problem(explored, costs, explorations.idle())
    for layer, kept in enumerate(problem.options):
        meant = [
            row
            for row in explored.of_layer(layer)
            if STATES[row["state"]] in (FAST, SLOW)
            and bool(row["hops"]) == (row["granularity"] > 0)
        ]
        efficient = pareto.efficient([r["time_s"] for r in meant], [r["energy_j"] for r in meant])
        wanted = [row for row, good in zip(meant, efficient, strict=True) if good]
        assert kept.tolist() == [row.tolist() for row in wanted]


def test_the_paper_does_not_know_what_switching_costs_but_its_prediction_does():
    explored, costs = draw(1)
    problem = paper_problem(explored, costs, explorations.idle())
    optimum = problem.solve(1.0)
    rows = problem.rows(optimum.solution.choice)
    assert optimum.solution.time == pytest.approx(rows["time_s"].sum())
    assert optimum.prediction.latency_s > optimum.solution.time


def rows_of(problem, *wanted):
    explored = problem.exploration
    return np.array(
        [
            explored.cost(layer, g, STATES.index(state), hops=hops)
            for layer, (g, state, hops) in enumerate(wanted)
        ]
    )


@pytest.fixture
def problem():
    return window_problem(*draw(0), explorations.idle())


def test_a_schedule_names_each_clock_once_and_idles_on_hsi(problem):
    rows = rows_of(problem, (0, SLOW, False), (2, FAST, True), (0, SLOW, False))
    schedule = problem.schedule(rows)
    assert [str(c) for c in schedule.clocks] == ["pll:25/180/2", "pll:25/216/2", "hsi", "hse"]
    assert [(p.granularity, p.hfo, p.lfo) for p in schedule.layers] == [
        (0, 0, None),
        (2, 1, 3),
        (0, 0, None),
    ]
    assert schedule.clocks[schedule.idle_clock] == IDLE.setting
    assert schedule.hse_hz == HSE_HZ


def test_sysclk_on_the_hse_with_the_pll_locked_is_the_clock_hse(problem):
    rows = rows_of(problem, (0, SLOW, False), (0, SLOW_ASIDE, False), (2, SLOW, True))
    schedule = problem.schedule(rows, idle_clock=SLOW.setting)
    assert [str(c) for c in schedule.clocks] == ["pll:25/180/2", "hse"]
    assert [(p.hfo, p.lfo) for p in schedule.layers] == [(0, None), (1, None), (0, 1)]
    assert schedule.clocks[schedule.idle_clock] == SLOW.setting


def test_more_clocks_than_the_firmware_holds_are_refused():
    settings = [f"pll:25/{n}/2" for n in range(100, 100 + abi.CLOCKS_MAX)]
    states = tuple(ClockState.parse(text) for text in settings)
    rng = np.random.default_rng(0)
    layers = len(states)
    explored = explorations.exploration(rng, layers, (0,), states)
    costs = SwitchCosts.modelled((IDLE, *states), HSE_HZ)
    problem = window_problem(explored, costs, explorations.idle())
    rows = [explored.cost(layer, 0, layer, hops=False) for layer in range(layers)]
    assert len(problem.schedule(np.array([rows[0], *rows[:-1]])).clocks) == abi.CLOCKS_MAX
    with pytest.raises(ScheduleError, match=f"needs {abi.CLOCKS_MAX + 1} clocks; .* fewer"):
        problem.schedule(np.array(rows))


def test_a_uniform_row_and_its_prediction_from_the_same_clock(problem):
    rows = problem.uniform(FAST)
    assert set(rows["state"]) == {0}
    assert set(rows["granularity"]) == {0}
    parked = problem.predict(rows)
    staying = problem.predict(rows, FAST)
    first = [problem.switching.cost(before, FAST)[0] for before in (IDLE, FAST)]
    assert [parked.entry_time_s[0], staying.entry_time_s[0]] == first
    assert ClockSetting.fastest(HSE_HZ) == FAST.setting


def test_an_option_that_a_layer_does_not_have_is_a_key_error(problem):
    with pytest.raises(KeyError):
        problem.exploration.cost(0, 16, 0, hops=False)
