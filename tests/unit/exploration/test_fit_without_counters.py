"""Times fitted to a few clocks, and energies by the power of another board, on made-up runs."""

import made_up_runs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState, states_of
from dvfs_kernel.clocks.supply_current import state_clocks
from dvfs_kernel.exploration.design_space import DesignSpace
from dvfs_kernel.exploration.fit_without_counters import fit_form, measured_states
from dvfs_kernel.exploration.runs.record import HFO, LFO
from dvfs_kernel.exploration.runs.twin_power import with_power_of

HSE_HZ = 50_000_000
SETTINGS = [
    ClockSetting.parse(f"pll:25/{n}/2") for n in (75, 100, 120, 144, 150, 168, 180, 200, 216)
]
STATES = [state for state in states_of([*SETTINGS, ClockSetting("hse")], HSE_HZ) if state.setting]
MEASURED = [ClockState.parse(text) for text in ("hse", "pll:25/120/2", "pll:25/216/2")]
LAYERS = 3

positive = st.floats(1e3, 1e7)
unknowns = st.lists(st.tuples(positive, st.floats(0, 1e6)), min_size=LAYERS, max_size=LAYERS)


def plain_s(state, kernels):
    clocks = state_clocks(state, HSE_HZ)
    kernels = np.array(kernels)
    return (kernels[:, 0] + kernels[:, 1] * clocks.flash_wait_states) / clocks.hclk_hz


def run(time_s, pieces_s=None):
    pieces_s = np.stack([time_s, np.zeros(LAYERS)], axis=1) if pieces_s is None else pieces_s
    return made_up_runs.record(layers=LAYERS, time_s=time_s, piece_time_s=pieces_s)


@given(unknowns)
def test_every_clock_follows_from_a_few_of_one_clock(kernels):
    fit = fit_form(MEASURED, [run(plain_s(state, kernels)) for state in MEASURED], [], HSE_HZ)
    assert fit.error < 1e-9
    for state in STATES:
        assert fit.at(state, HSE_HZ).time_s == pytest.approx(plain_s(state, kernels), rel=1e-6)
        assert not fit.at(state, HSE_HZ).lfo_time_s.any()


@given(unknowns, unknowns, st.floats(1e-5, 1e-2))
def test_every_clock_follows_where_access_segments_hop(kernels, hops, access_s):
    measured = [ClockState.parse(f"pll:25/{n}/2") for n in (75, 150, 216)]
    hops = np.array(hops) * (1e-8, 1e-3)

    def whole_s(state):
        hopping_s = hops[:, 0] + hops[:, 1] / state_clocks(state, HSE_HZ).hclk_hz
        return access_s + plain_s(state, kernels) + hopping_s

    split = []
    for state in measured:
        pieces_s = np.zeros((LAYERS, 2))
        pieces_s[:, HFO], pieces_s[:, LFO] = plain_s(state, kernels), access_s
        split.append(run(whole_s(state), pieces_s))
    fit = fit_form(measured, [run(whole_s(state)) for state in measured], split, HSE_HZ)
    for setting in SETTINGS:
        state = ClockState.of(setting)
        times = fit.at(state, HSE_HZ)
        assert times.time_s == pytest.approx(whole_s(state), rel=1e-4)
        assert times.lfo_time_s == pytest.approx(np.full(LAYERS, access_s))


def test_noise_of_a_run_stays_about_as_large_between_the_clocks():
    random = np.random.default_rng(3)
    kernels = np.array([(2e5, 1e4), (5e5, 0.0), (1e5, 3e4)])
    worst = 0.0
    for _ in range(50):
        runs = [run(plain_s(s, kernels) * random.normal(1, 0.001, LAYERS)) for s in MEASURED]
        fit = fit_form(MEASURED, runs, [], HSE_HZ)
        for state in STATES:
            if state.setting.source != "hsi":
                error = fit.at(state, HSE_HZ).time_s / plain_s(state, kernels) - 1
                worst = max(worst, np.abs(error).max())
    assert 0 < worst < 0.006


def test_clocks_to_measure_span_the_space():
    space = DesignSpace(HSE_HZ, tuple(STATES), (0, 2), ((0, 2),), hops=True)
    plain = [state.setting.hclk_hz(HSE_HZ) for state in measured_states(space, hops=False)]
    hopping = [state.setting.hclk_hz(HSE_HZ) for state in measured_states(space, hops=True)]
    assert (len(plain), len(hopping)) == (4, 4)
    assert plain[-1] == hopping[-1] == 216_000_000
    assert hopping[0] > HSE_HZ >= plain[0]
    narrow = DesignSpace(HSE_HZ, tuple(STATES[1:2]), (0,), ((0,),), hops=True)
    assert measured_states(narrow, hops=False) == [STATES[1]]


# ---- energies ----------------------------------------------------------------------------------


def pair(window_s=None):
    """Return the same run as two boards have it, one of them without energies."""
    totals = {"latency_s": 4.0, "inference_j": 8.0, "window_s": window_s}
    totals |= {"idle_j": None if window_s is None else 0.5, "window_j": None}
    twin = made_up_runs.record(totals=totals)
    unknown = np.full(LAYERS, np.nan)
    totals = {**totals, "inference_j": None, "idle_j": None}
    return twin, made_up_runs.record(totals=totals, energy_j=unknown, entry_energy_j=unknown)


def test_equal_times_take_equal_energies():
    twin, record = pair(window_s=5.0)
    found = with_power_of(twin, record)
    assert found.energy_j == pytest.approx(twin.energy_j)
    assert found.entry_energy_j == pytest.approx(twin.entry_energy_j)
    assert found.total("inference_j") == pytest.approx(8.0)
    assert found.total("idle_j") == pytest.approx(0.5)
    assert found.total("window_j") == pytest.approx(8.5)


def test_a_layer_that_takes_longer_takes_more():
    twin, _ = pair()
    slower = made_up_runs.record(time_s=twin.time_s * (1.0, 1.5, 1.0), totals=twin.totals)
    found = with_power_of(twin, slower)
    assert found.energy_j == pytest.approx(twin.energy_j * (1.0, 1.5, 1.0))
    assert np.isnan(found.total("window_s"))


def test_idle_time_counts_even_where_the_other_board_had_none():
    twin, record = pair(window_s=4.0)
    record.totals["latency_s"] = 3.5
    found = with_power_of(twin, record)
    power_w = twin.energy_j[-1] / twin.time_s[-1]
    assert found.total("idle_j") == pytest.approx(0.5 * power_w)
