"""Time and cycles of a core on Renode, against a Renode that only counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renode_platform.ironpython.core_time import CoreTime

MHZ = 1_000_000
MICROSECOND = 1_000_000


class FakeCore:
    """Counts instructions at a rate, and sleeps."""

    def __init__(self):
        self.executed = self.skipped = self.renode_ps = 0
        self.mips = 400
        self.ordered = 0
        self.slept = 0
        self.asks = False

    def waits(self):
        return self.slept

    def count(self):
        return self.executed, self.skipped, self.renode_ps, self.mips

    def executing(self):
        return self.asks

    def set_mips(self, mips):
        self.mips = mips

    def skip(self, instructions):
        self.ordered += instructions

    def run(self, instructions):
        """Carry out what was ordered, then execute."""
        ordered, self.ordered = self.ordered, 0
        self.skipped += ordered
        self.executed += instructions
        self.renode_ps += (ordered + instructions) * MICROSECOND // self.mips

    def sleep(self, time_ps):
        self.slept += 1
        self.renode_ps += time_ps


def core_time(hclk_hz=200 * MHZ, cycles=1, instructions=2):
    core = FakeCore()
    return core, CoreTime(core, hclk_hz, (cycles, instructions, cycles, 0))


def test_instructions_take_the_mean():
    core, time = core_time()
    core.run(4000)
    assert time.now_ps() == 10 * MICROSECOND
    assert time.cycles() == 2000
    assert core.mips == 400


def test_a_table_overrules_the_mean():
    core, time = core_time()
    time.set_cost((3, 1, 2, 0))
    core.run(1000)
    assert time.cycles() == 3000
    assert time.now_ps() == 15 * MICROSECOND
    time.set_cost(None)
    core.run(1000)
    assert time.cycles() == 3500


@given(st.integers(-60, 60), st.lists(st.integers(0, 300), max_size=4))
def test_a_piece_costs_what_it_should_however_late_its_instructions_are_told(late, looks):
    core, time = core_time()
    time.set_cost((3000, 1000, 2000, 10))
    seen = [time.now_ps()]
    left = 1000 + late
    for step in looks:
        core.run(min(step, left))
        left -= min(step, left)
        seen.append(time.now_ps())
    core.run(left)
    time.end_piece()
    seen.append(time.now_ps())
    assert seen == sorted(seen)
    assert time.activity() == pytest.approx((3000, 2000, 10))
    time.set_cost(None)
    core.run(2000)
    assert time.cycles() == 4000


def test_a_piece_that_took_another_way_costs_what_it_executed():
    core, time = core_time()
    time.set_cost((3000, 1000, 2000, 10))
    core.run(2000)
    time.end_piece()
    assert time.cycles() == 6000
    time.set_cost((3000, 1000, 2000, 10))
    core.run(100)
    time.end_piece()
    assert time.cycles() == 6300


@given(st.lists(st.tuples(st.integers(1, 216), st.integers(1, 10_000)), min_size=1, max_size=20))
def test_every_clock_takes_its_own_time_and_renode_follows(stretches):
    core, time = core_time()
    expected_ps = 0
    for mhz, instructions in stretches:
        time.set_hclk(mhz * MHZ)
        core.run(instructions)
        time.now_ps()
        time.settle()
        expected_ps += instructions * MICROSECOND / 2 / mhz
    assert time.now_ps() == pytest.approx(expected_ps, abs=len(stretches))
    core.run(0)  # what was ordered last
    assert abs(core.renode_ps - time.now_ps()) <= 2 * MICROSECOND
    assert time.asleep_ps == 0


def test_sleep_is_what_renode_goes_on_beyond_the_instructions():
    core, time = core_time()
    told = []
    time.on_sleep = lambda asleep: told.append(asleep) or 0
    core.run(4000)
    core.sleep(500 * MICROSECOND)
    assert time.now_ps() == 510 * MICROSECOND
    assert (time.asleep_ps, time.cycles(), told) == (500 * MICROSECOND, 2000, [True])
    core.run(400)
    assert time.now_ps() == 511 * MICROSECOND
    assert told == [True, False]


def test_sleep_that_is_looked_at_often_is_not_lost():
    core, time = core_time()
    for _ in range(100):
        core.sleep(MICROSECOND)
        time.now_ps()
    assert time.now_ps() == 100 * MICROSECOND


def test_a_quantum_that_renode_adds_to_a_core_at_work_is_no_sleep():
    core, time = core_time()
    core.asks = True
    core.run(4000)
    core.renode_ps += 100 * MICROSECOND
    assert time.now_ps() == 10 * MICROSECOND
    assert time.asleep_ps == 0
    core.run(4000)
    core.sleep(100 * MICROSECOND)
    assert time.now_ps() == 120 * MICROSECOND
    core.run(4000)
    assert time.now_ps() == 130 * MICROSECOND


def test_time_stands_during_an_access():
    core, time = core_time()
    time.hold()
    core.run(4000)
    assert time.now_ps() == 0
    time.release()
    assert time.now_ps() == 10 * MICROSECOND


def test_an_access_costs_cycles_where_the_mean_holds():
    core, time = core_time()
    core.asks = True
    time.access_cycles = 6
    core.run(400)
    for known in (None, (100, 200, 100, 0)):
        time.set_cost(known)
        time.hold()
        time.release()
    assert time.cycles() == 206


def test_waking_costs_what_the_listener_says():
    core, time = core_time()
    time.on_sleep = lambda asleep: 0 if asleep else 7 * MICROSECOND
    core.sleep(50 * MICROSECOND)
    time.now_ps()
    core.run(400)
    assert time.now_ps() == 58 * MICROSECOND


def test_a_stall_is_paid_in_skipped_instructions():
    core, time = core_time()
    time.stall_until(10 * MICROSECOND)
    time.settle()
    core.run(0)
    assert core.renode_ps == 10 * MICROSECOND
    assert time.now_ps() == 10 * MICROSECOND
