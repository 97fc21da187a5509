"""Bounds as users give them, and the cost of idling and of schedules as sums."""

import string

import explorations
import made_up_runs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import BoardError, ScheduleError
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation import IdleCost, Prediction
from dvfs_kernel.studies import Bound
from dvfs_kernel.studies.bound import slug_of

SLEEP = abi.IdleMode.SLEEP


@given(st.floats(0, 1000), st.floats(1e-6, 10))
def test_per_cent_count_from_the_baseline(qos, baseline_s):
    assert Bound(qos=qos).seconds(baseline_s) == pytest.approx(baseline_s * (1 + qos / 100))
    assert Bound(latency_s=0.25).seconds(baseline_s) == 0.25


def test_bounds_have_names():
    assert (Bound(qos=12.5).name, Bound(qos=12.5).slug) == ("12.5 %", "qos12.5")
    assert (Bound(latency_s=0.18).name, Bound(latency_s=0.18).slug) == ("180 ms", "180ms")


@given(*[st.floats(0, 1e300, allow_subnormal=False)] * 2)
def test_two_bounds_have_two_names_and_files(first, second):
    """Written with six digits, bounds that differ further behind took each other's files."""
    kinds = [{"latency_s": first}, {"latency_s": second}, {"qos": first}, {"qos": second}]
    bounds = [Bound(**kind) for kind in kinds]
    different = len(set(bounds))
    assert len({bound.name for bound in bounds}) == different
    assert len({bound.slug for bound in bounds}) == different
    assert all(bound.slug == slug_of(bound.name) for bound in bounds)
    assert all(
        set(bound.slug) <= set(string.ascii_letters + string.digits + "+-.") for bound in bounds
    )


@pytest.mark.parametrize(
    ("latency_s", "name"),
    [(0.12345671, "123.45671 ms"), (1 / 3, "333.3333333333333 ms"), (2.0, "2000 ms")],
)
def test_a_bound_is_called_what_it_is(latency_s, name):
    assert Bound(latency_s=latency_s).name == name


@pytest.mark.parametrize(
    "given_as",
    [
        {},
        {"qos": 1.0, "latency_s": 1.0},
        {"qos": -1.0},
        {"latency_s": -0.1},
        {"qos": float("nan")},
        {"latency_s": float("inf")},
    ],
)
def test_other_bounds_are_refused(given_as):
    with pytest.raises(ScheduleError, match="bound"):
        Bound(**given_as)


def idle_run(window_s, latency_s, idle_j):
    totals = {"latency_s": latency_s, "window_s": window_s, "idle_j": idle_j}
    return made_up_runs.record(totals=totals)


@given(
    power_w=st.floats(1e-4, 1),
    fixed_j=st.floats(0, 1e-3),
    latency_s=st.floats(1e-3, 1),
    first_s=st.floats(1e-3, 1),
    more_s=st.floats(1e-3, 1),
)
def test_two_runs_give_the_line_through_them(power_w, fixed_j, latency_s, first_s, more_s):
    runs = [
        idle_run(latency_s + idle_s, latency_s, fixed_j + power_w * idle_s)
        for idle_s in (first_s, first_s + more_s)
    ]
    cost = IdleCost.measured(SLEEP, *runs)
    assert cost.power_w == pytest.approx(power_w, rel=1e-6)
    assert cost.energy_j(2.0) == pytest.approx(fixed_j + power_w * 2, rel=1e-6)
    with pytest.raises(BoardError, match="two different times"):
        IdleCost.measured(SLEEP, *reversed(runs))


def test_a_board_without_energies_has_no_idle_cost():
    runs = [idle_run(0.2, 0.1, None), idle_run(0.3, 0.1, None)]
    with pytest.raises(BoardError):
        IdleCost.measured(SLEEP, *runs)


@given(st.integers(0, 1000), st.integers(1, 6))
def test_a_prediction_is_the_sum_of_its_parts(seed, layers):
    rng = np.random.default_rng(seed)
    parts = rng.random((4, layers))
    prediction = Prediction(*parts)
    assert prediction.latency_s == pytest.approx(parts[[0, 2]].sum())
    assert prediction.inference_j == pytest.approx(parts[[1, 3]].sum())
    idle = explorations.idle(0.25, 0.5)
    window_s = prediction.latency_s + 2
    assert prediction.window_j(window_s, idle) == pytest.approx(prediction.inference_j + 1)
    # What is late has no idle time, but has to get there.
    late_j = prediction.window_j(prediction.latency_s / 2, idle)
    assert late_j == pytest.approx(prediction.inference_j + 0.5)
    plain = prediction.to_dict(window_s, idle)
    assert plain == {
        "latency_s": prediction.latency_s,
        "inference_j": prediction.inference_j,
        "window_j": prediction.window_j(window_s, idle),
    }
