"""What was late is solved again with less time, until it keeps its bound."""

from contextlib import suppress
from dataclasses import replace

import explorations
import made_up_runs
import numpy as np
import pytest

from dvfs_kernel.errors import InfeasibleBoundError
from dvfs_kernel.inference.run_names import RunName, is_chosen
from dvfs_kernel.link import abi
from dvfs_kernel.studies.candidate import Outcome
from dvfs_kernel.studies.compared_schedules import Candidates
from dvfs_kernel.studies.missed_bound import keep_bounds

DIGEST = "0" * 64


class SlowBench:
    """Everything takes longer than predicted."""

    def __init__(self, candidates, excess):
        self.excess = excess
        self.predicted = {}
        self.batches = []
        self.candidates = candidates

    def run(self, jobs, _what):
        self.batches.append(len(jobs))
        return [self.record(job) for job in jobs]

    def record(self, job):
        latency_s = self.predicted[job] * (1 + self.excess)
        totals = {"latency_s": latency_s, "window_j": 1.0}
        return made_up_runs.record(totals=totals, output_digest=DIGEST)

    def outcome(self, candidate):
        self.predicted[candidate.job] = candidate.prediction.latency_s
        return Outcome(candidate, self.record(candidate.job), same_output=True)


class Watched(Candidates):
    """Tells the bench what is predicted."""

    def tightened(self, candidate, given_up_s):
        made = super().tightened(candidate, given_up_s)
        self.__dict__["bench"].predicted[made.job] = made.prediction.latency_s
        return made


@pytest.fixture
def candidates():
    rng = np.random.default_rng(11)
    idle = {
        mode: explorations.idle(power_w, mode=mode)
        for mode, power_w in zip(abi.IdleMode, (0.05, 0.01, 0.001), strict=True)
    }
    return Watched(explorations.exploration(rng, layers=5), explorations.switching(rng), idle)


def outcomes_of(candidates, bench, window_s):
    candidates.__dict__["bench"] = bench
    ours = [candidate for candidate, _ in candidates.every_dvfs(window_s)]
    group = [*candidates.baselines(window_s), candidates.paper(window_s), *ours]
    with suppress(InfeasibleBoundError):
        group.append(candidates.single_clock(window_s))
    return [bench.outcome(candidate) for candidate in group]


def windows(candidates):
    """Bounds that optima use up to the last."""
    problem = candidates.problem(abi.IdleMode.STOP)
    frontier = problem.frontier()
    return [float(time_s) * (1 + 1e-9) for time_s in frontier.time[4::3]]


@pytest.mark.parametrize("excess", [1e-4, 0.01])
def test_ours_keep_their_bounds_in_the_end(candidates, excess):
    bench = SlowBench(candidates, excess)
    seen = 0
    for window_s in windows(candidates):
        before = outcomes_of(candidates, bench, window_s)
        after = keep_bounds(bench, candidates, before, DIGEST)
        for old, new in zip(before, after, strict=True):
            name = old.candidate.name
            assert (new.candidate.name, new.candidate.window_s) == (name, window_s)
            if old.keeps_bound or not is_chosen(name):
                assert new is old
                continue
            given_up_s = new.candidate.given_up_s
            if new is not old:
                seen += 1
                assert given_up_s > 0
                assert new.same_output
                assert new.candidate.prediction.latency_s <= window_s - given_up_s
            if name != RunName.SINGLE:
                assert new.keeps_bound
                # No more is given up than another look at the next schedule would want.
                assert given_up_s <= 3 * excess * window_s + 5e-6
    assert seen >= 3


def test_what_kept_its_bound_costs_nothing(candidates):
    bench = SlowBench(candidates, 0.0)
    before = outcomes_of(candidates, bench, windows(candidates)[0] * 1.001)
    late = [o for o in before if not o.keeps_bound and is_chosen(o.candidate.name)]
    assert late == []
    assert keep_bounds(bench, candidates, before, DIGEST) == before
    assert bench.batches == []


def test_a_bound_that_nothing_keeps_is_left_as_it_came_out(candidates):
    least_s = candidates.problem(abi.IdleMode.STOP).graph.least_time
    bench = SlowBench(candidates, 0.05)
    candidates.__dict__["bench"] = bench
    dvfs, _ = candidates.dvfs(least_s * (1 + 1e-9), abi.IdleMode.STOP)
    (outcome,) = keep_bounds(bench, candidates, [bench.outcome(dvfs)], DIGEST)
    assert not outcome.keeps_bound
    assert outcome.candidate is dvfs


def test_it_gives_up_after_some_rounds(candidates):
    bench = SlowBench(candidates, 0.0)
    candidates.__dict__["bench"] = bench
    window_s = candidates.problem(abi.IdleMode.STOP).graph.least_time * 5
    dvfs, _ = candidates.dvfs(window_s, abi.IdleMode.STOP)
    outcome = bench.outcome(dvfs)
    bench.record = lambda _: made_up_runs.record(
        totals={"latency_s": window_s + 1e-6, "window_j": 1.0}, output_digest="another"
    )
    late = replace(outcome, record=bench.record(None))
    (after,) = keep_bounds(bench, candidates, [late], DIGEST)
    assert not after.keeps_bound
    assert 1 <= sum(bench.batches) <= 4
    assert not after.same_output
