"""The method on a small network: what is predicted comes about, and bounds are kept."""

from itertools import pairwise

import numpy as np
import pytest
from small_model import small_model

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import ClockList
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE
from dvfs_kernel.errors import InfeasibleBoundError
from dvfs_kernel.exploration.runs import Bench, Job, Store, Workload
from dvfs_kernel.exploration.switching.from_runs import measured_switching
from dvfs_kernel.exploration.switching.measurement import costs_of_walks
from dvfs_kernel.exploration.switching.walks import plan_walks, walk_schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.tflite_reader import read_bytes
from dvfs_kernel.studies import Bound, StudyPlan, run_study, survey

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
CLOCKS = ClockList(
    "some",
    HSE_HZ,
    tuple(map(ClockSetting.parse, ("pll:25/90/2", "pll:25/150/2", "pll:25/216/2"))),
)
BOUNDS = (Bound(qos=15), Bound(qos=40), Bound(qos=120), Bound(latency_s=0.03))
TIME, ENERGY = 0.01, 0.02


@pytest.fixture(scope="module")
def workload():
    return Workload.of(read_bytes(small_model(32, 1), "small"), BoardSpec())


@pytest.fixture(scope="module")
def bench(workload, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    with Bench(workload, store=store, executor="local:2") as opened:
        yield opened


@pytest.fixture(scope="module")
def study(bench):
    return run_study(bench, StudyPlan(CLOCKS, BOUNDS, (0, 2, 4)))


@pytest.fixture(scope="module")
def ground(study):
    return study.ground


def test_schedules_at_random_take_what_was_predicted(bench, ground):
    """Each layer at any option there is: hops, HSE with and without PLL, granularities."""
    problem = ground.candidates.problem(abi.IdleMode.GATED)
    rng = np.random.default_rng(4)
    made = []
    while len(made) < 12:
        rows = problem.rows([rng.integers(len(options)) for options in problem.options])
        if np.isfinite(problem.predict(rows).latency_s):
            made.append(rows)
    window_s = 0.06
    jobs = [Job(problem.schedule(rows), window_s, abi.IdleMode.GATED) for rows in made]
    for rows, record in zip(made, bench.run(jobs), strict=True):
        prediction = problem.predict(rows)
        assert prediction.latency_s == pytest.approx(record.latency_s, rel=TIME)
        assert prediction.inference_j == pytest.approx(record.total("inference_j"), rel=ENERGY)
        window_j = prediction.window_j(window_s, problem.idle)
        assert window_j == pytest.approx(record.total("window_j"), rel=ENERGY)
        assert record.output_digest == ground.baseline.output_digest
    states = {str(problem.states[row["state"]]) for rows in made for row in rows}
    assert any(text.endswith("+hse") for text in states)
    assert "hse" in states
    assert any(rows["hops"].any() for rows in made)


def test_each_layer_and_each_option_was_explored(ground):
    explored = ground.exploration
    assert explored.space.granularities == (0, 2, 4)
    for layer, fits in enumerate(explored.space.fits):
        options = explored.of_layer(layer)
        assert set(options["granularity"]) == set(fits)
        assert set(options["state"]) == set(range(len(explored.space.states)))
        assert (options["hops"] <= (options["granularity"] > 0)).all()
        assert options["hops"].any() == (len(fits) > 1)
        for index in range(len(explored.space.states)):
            same = options[options["state"] == index]
            assert same["pareto_in_state"].any()
            assert (same["pareto"] <= same["pareto_in_state"]).all()


def test_sampled_changes_of_clock_tell_those_that_were_not_made(bench, ground):
    """Against a matrix in which every change was made."""
    space = ground.exploration.space
    costs = measured_switching(bench, space)
    walks = plan_walks(space.states, len(space.fits))
    records = bench.run([Job(walk_schedule(walk, HSE_HZ)) for walk in walks])
    taken = [
        list(zip(r.entry_time_s.tolist(), r.entry_energy_j.tolist(), strict=True)) for r in records
    ]
    every = costs_of_walks(costs.states, walks, taken, HSE_HZ)
    for before in costs.states:
        for after in space.states:
            place = costs.index(before), costs.index(after)
            if not before.reaches(after):
                assert not np.isfinite(costs.time_s[place])
                continue
            if before.factors == after.factors:
                assert costs.measured[place]
            # The first entry holds the markers around the layers too.
            more_s = 20e-6 if before == IDLE else 3e-6
            assert costs.time_s[place] == pytest.approx(every.time_s[place], abs=more_s)
            assert costs.energy_j[place] == pytest.approx(
                every.energy_j[place], rel=0.03, abs=more_s * 0.4
            )
    assert costs.measured.sum() < every.measured.sum()


def test_what_is_executed_is_what_was_predicted(study):
    for result in study.results:
        for outcome in result.outcomes:
            assert abs(outcome.latency_error) <= TIME, outcome.candidate.name
            assert abs(outcome.energy_error) <= ENERGY, outcome.candidate.name
            assert outcome.same_output


def test_bounds_are_kept_when_executed_and_the_lower_bound_holds(study, ground):
    for bound, result in zip(BOUNDS, study.results, strict=True):
        assert result.bound_s == bound.seconds(ground.baseline.latency_s)
        dvfs = result.outcome("dvfs")
        assert dvfs.keeps_bound
        assert dvfs.record.latency_s <= result.bound_s
        assert result.lower_bound_j <= dvfs.window_j * 1.02
        assert dvfs.candidate.given_up_s <= 0.01 * result.bound_s
        assert result.solution.status == "optimal"
        assert result.outcomes[-1] is dvfs
        names = [outcome.candidate.name for outcome in result.outcomes]
        assert names[:3] == ["tinyengine", "tinyengine-gated", "race-to-stop"]
        assert len(set(names)) == len(names)
        # Every run that keeps the bound takes at least what no schedule can go below.
        for outcome in result.outcomes:
            if outcome.keeps_bound and outcome.candidate.idle.mode is dvfs.candidate.idle.mode:
                assert outcome.window_j >= result.lower_bound_j * 0.98


def test_a_longer_window_costs_at_most_the_idling_that_it_adds(study, ground):
    """What a shorter window chose may be run in a longer one too."""
    for mode in (abi.IdleMode.GATED, abi.IdleMode.STOP):
        idle = ground.idle[mode]
        optima = [ground.candidates.dvfs(r.bound_s, mode)[0] for r in study.results[:3]]
        for shorter, longer in pairwise(optima):
            more_j = idle.power_w * (longer.window_s - shorter.window_s)
            most_j = shorter.predicted_window_j + more_j
            assert longer.predicted_window_j <= most_j * (1 + 1e-9)
            assert longer.predicted_window_j > 0
    for shorter, longer in pairwise(study.results[:3]):
        more_j = shorter.outcome("dvfs").candidate.idle.power_w * (longer.bound_s - shorter.bound_s)
        # Executed, both are as far from the optimum as predictions are from executions.
        most_j = shorter.outcome("dvfs").window_j + more_j
        assert longer.outcome("dvfs").window_j <= most_j * (1 + ENERGY)


def test_idling_deeper_takes_less(ground):
    sleep, gated, stop = (ground.idle[mode].power_w for mode in abi.IdleMode)
    assert sleep > gated > stop > 0


def test_a_second_study_makes_no_run(bench, study):
    made = bench.made
    again = run_study(bench, StudyPlan(CLOCKS, BOUNDS, (0, 2, 4)))
    assert bench.made == made
    assert again.ground.runs_made == 0
    for first, second in zip(study.results, again.results, strict=True):
        assert [o.window_j for o in first.outcomes] == [o.window_j for o in second.outcomes]


def test_a_bound_that_nothing_keeps_tells_the_least_latency(bench, ground):
    plan = StudyPlan(CLOCKS, (Bound(latency_s=1e-4),), (0, 2, 4))
    with pytest.raises(InfeasibleBoundError) as caught:
        run_study(bench, plan)
    least_s = caught.value.least_time
    assert 1e-4 < least_s <= ground.baseline.latency_s * 1.5


def test_a_bound_between_the_optimum_and_the_best_single_clock_is_answered(bench, ground):
    least_s = ground.candidates.problem(abi.IdleMode.STOP).graph.least_time
    with pytest.raises(InfeasibleBoundError):
        ground.candidates.single_clock(least_s * 0.999)
    plan = StudyPlan(CLOCKS, (Bound(latency_s=least_s * 1.002),), (0, 2, 4))
    (result,) = run_study(bench, plan).results
    assert result.outcome("dvfs") is not None
    assert survey(bench, plan).runs_made == 0
