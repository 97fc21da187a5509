"""Switching costs measured on the virtual board, against the computed ones and the data sheet."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState, states_of
from dvfs_kernel.clocks.supply_current import FIRMWARE_CLOCKS, run_charges
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.exploration.switching.measurement import measure_switching
from dvfs_kernel.exploration.switching.network import switching_network
from dvfs_kernel.exploration.switching.walks import walk_schedule
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import zoo
from dvfs_kernel.networks.input_tensor import sample_input
from renode_platform.devices.registers import RCC

pytestmark = pytest.mark.board

# Every voltage scale, both sides of over-drive, fewer and more APB dividers than HSE has.
TEXTS = {
    50_000_000: ("pll:25/60/4", "pll:25/150/2", "pll:25/180/2", "pll:25/216/2", "pll:25/84/2:ahb2"),
    8_000_000: ("pll:4/60/4", "pll:4/216/2"),
}
SHORT_S = 100e-6  # no relock is as short, nothing else as long
RELOCK_TOLERANCE = 0.04
SHORT_TOLERANCE_CYCLES = 80  # the first change to the HSE starts it, and fetches its code
LAYERS = 24


class SilentBoard(VirtualBoard):
    """A board of which only the firmware's own measurements are known."""

    def ground_truth(self):
        return None


@contextmanager
def deploy(network, **options):
    with VirtualBoard(**options) as board:
        yield Deployment(network, board)


def measure(deployment, states, progress=None):
    network = deployment.network
    return measure_switching(
        deployment, sample_input(network.tensors[network.input]), states, progress
    )


@pytest.fixture(scope="module", params=sorted(TEXTS))
def run(request):
    hse_hz = request.param
    states = states_of(map(ClockSetting.parse, TEXTS[hse_hz]), hse_hz)
    told = []
    with deploy(switching_network(LAYERS), hse_hz=hse_hz) as deployment:
        made = measure(deployment, states, lambda *what: told.append(what))
    assert [done for _, done, _ in told] == list(range(len(made.walks) + 1))
    assert told[-1] == ("switching", len(made.walks), len(made.walks))
    return made


def test_the_documentation_tells_what_is_measured():
    states = states_of([ClockSetting.parse("pll:25/100/2"), ClockSetting.parse("pll:25/216/2")],
                       50_000_000)  # fmt: skip
    with deploy(switching_network(LAYERS)) as deployment:
        costs = measure(deployment, states).costs
    slow, fast = states[1:3]
    aside = ClockState(fast.pll, on_hse=True)
    changes = [(fast, fast), (fast, aside), (slow, fast), (fast, slow), (IDLE, fast)]
    page = (Path(__file__).parents[3] / "docs" / "clocks.md").read_text(encoding="utf-8")
    lines = page.partition("| change | µs | µJ |")[2].splitlines()[2:7]
    for line, change in zip(lines, changes, strict=True):
        _, time_us, energy_uj = line.split("|")[1:4]
        time_s, energy_j = costs.cost(*change)
        assert float(time_us) == pytest.approx(time_s * 1e6, rel=0.02, abs=0.3)
        assert float(energy_uj) == pytest.approx(energy_j * 1e6, rel=0.02, abs=0.08)


def test_every_change_between_layers_is_measured(run):
    states = run.costs.states
    for before in states:
        for after in states:
            time_s, energy_j = run.costs.cost(before, after)
            place = run.costs.index(before), run.costs.index(after)
            assert run.costs.measured[place] == before.reaches(after)
            assert np.isfinite(time_s) == (before.reaches(after) or after == IDLE)
            assert np.isfinite(energy_j) == np.isfinite(time_s)


def test_the_firmware_relocked_exactly_where_the_pll_changes(run):
    for walk, result in zip(run.walks, run.results, strict=True):
        relocks = sum(
            before.factors != after.factors
            for before, after in zip((IDLE, *walk), walk, strict=False)
        )
        assert result.profile.relocks == relocks


def test_computed_costs_are_near_the_measured_ones(run):
    measured = run.costs
    modelled = SwitchCosts.modelled(measured.states, measured.hse_hz)
    relock = measured.measured & (measured.time_s > SHORT_S)
    for name in ("time_s", "energy_j"):
        true, made = getattr(measured, name)[relock], getattr(modelled, name)[relock]
        assert made == pytest.approx(true, rel=RELOCK_TOLERANCE)
        assert np.mean(made / true) == pytest.approx(1, abs=0.02)
    # What takes no lock is the firmware's own instructions and little else.
    short = measured.measured & (measured.time_s < SHORT_S)
    for row, column in np.argwhere(short):
        ends = measured.states[row], measured.states[column]
        slowest_hz = min(state.setting.hclk_hz(measured.hse_hz) for state in ends)
        difference_s = modelled.time_s[row, column] - measured.time_s[row, column]
        assert abs(difference_s) * slowest_hz < SHORT_TOLERANCE_CYCLES, ends


def test_measured_times_are_what_the_data_sheet_gives(run):
    """A relock is the lock (200 us) and some microseconds, 15 us more to leave over-drive."""
    costs, hse_hz = run.costs, run.costs.hse_hz
    plls = [s for s in costs.states if s.pll is not None and not s.on_hse]
    for before in plls:
        for after in plls:
            time_s, _ = costs.cost(before, after)
            if before == after:
                assert time_s < 4e-6
            elif before.factors != after.factors:
                over_s = 20e-6 if before.pll.needs_overdrive(hse_hz) else 0
                assert 200e-6 < time_s < 235e-6 + over_s
        if hse_hz > 16_000_000 and before.pll.ahb_divider == 1:
            assert costs.cost(before, ClockState(before.pll, on_hse=True))[0] < 7e-6


def test_layers_draw_what_the_current_model_says(run):
    """So the walks tell what each layer costs at its clock, and at which current."""
    for walk, result in zip(run.walks, run.results, strict=True):
        for stretch in result.inference_truth.stretches:
            if stretch.layer is None or stretch.segment is not abi.Segment.OTHER:
                continue
            if stretch.layer == 0 and stretch is result.inference_truth.stretches[0]:
                continue  # before the layer's own clock
            state = walk[stretch.layer]
            base_a, work_c, flash_c = run_charges(state, run.costs.hse_hz)
            counted = stretch.counters
            charge_c = base_a * stretch.duration_s + work_c * counted.busy_cycles
            charge_c += flash_c * counted.flash_words
            # With the PLL off, APB dividers are kept that the model does not know of.
            rel = 0.04 if state.pll is None else 1e-6
            assert SUPPLY_V * charge_c == pytest.approx(stretch.energy_j, rel=rel)


def test_a_board_without_ground_truth_measures_the_same_within_ticks():
    states = states_of([ClockSetting.parse("pll:25/100/2"), ClockSetting.parse("pll:25/216/2")], 0)
    states = [state for state in states if state != IDLE]
    network = switching_network(8)
    with SilentBoard() as board:
        deployment = Deployment(network, board)
        silent = measure(deployment, states).costs
    with deploy(network) as deployment:
        true = measure(deployment, states).costs
    assert silent.measured.all()
    assert silent.time_s == pytest.approx(true.time_s, abs=4 / abi.TICK_HZ)
    off = np.diag(np.ones(2, bool))
    assert silent.energy_j[~off] == pytest.approx(true.energy_j[~off], rel=0.03)


def test_caches_that_a_network_leaves_cold_add_little():
    """The same changes between layers of a real network take a few microseconds more at most."""
    states = [ClockState.parse(f"pll:25/{n}/2") for n in (100, 216)]
    with deploy(zoo.load("vww")) as deployment:
        real = measure(deployment, states).costs
    with deploy(switching_network(LAYERS)) as deployment:
        bare = measure(deployment, states).costs
    assert real.time_s == pytest.approx(bare.time_s, rel=0.04, abs=1e-6)
    assert real.energy_j == pytest.approx(bare.energy_j, rel=0.04, abs=0.1e-6)


def test_what_the_current_model_takes_for_clocked_is_clocked():
    with deploy(switching_network(1)) as deployment:
        clock = deployment.board.machine.devices.rcc
        for bus in ("AHB1", "AHB2", "AHB3", "APB1", "APB2"):
            register = RCC.registers[bus + "ENR"]
            wanted = register.reset
            for name in FIRMWARE_CLOCKS.get(bus, ()):
                wanted |= register.mask(name + "EN")
            assert clock.values[bus + "ENR"] == wanted, bus


def test_the_log_tells_the_clock_that_ran_from_reset_on():
    """Also where it is still the HSI of the very first reset."""
    network = switching_network(2)
    hse = ClockState(None, on_hse=True)
    with deploy(network) as deployment:
        data = sample_input(network.tensors[0])
        result = deployment.infer(data, walk_schedule((IDLE, hse), deployment.board.hse_hz))
    assert [c.source for c in result.inference_truth.clock_changes] == ["hsi", "hse"]
    first = [s for s in result.inference_truth.stretches if s.layer == 0]
    assert {piece.source for stretch in first for piece in stretch.pieces} == {"hsi"}


def test_the_pll_is_off_before_every_walk():
    network = switching_network(3)
    pll = ClockSetting.parse("pll:25/100/2")
    with deploy(network) as deployment:
        hse_hz = deployment.board.hse_hz
        deployment.session.set_schedule(Schedule.uniform(3, hse_hz, hfo=pll))
        run = measure(deployment, [IDLE, ClockState(pll)])
    entry_s, _ = run.costs.cost(IDLE, ClockState(pll))
    assert 200e-6 < entry_s < 235e-6
