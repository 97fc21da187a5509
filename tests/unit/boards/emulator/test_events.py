"""The queue of events, and the clock that they are ordered by."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dvfs_kernel.boards.emulator.events import EventQueue
from dvfs_kernel.boards.emulator.virtual_time import VirtualTime
from dvfs_kernel.errors import ClockError

rates = some.integers(1_000_000, 216_000_000)


@given(some.lists(some.tuples(some.integers(0, 50), some.booleans())))
def test_callbacks_run_in_the_order_of_time_then_of_arrival(plan):
    queue = EventQueue()
    ran = []
    kept = []
    for index, (time_ps, cancelled) in enumerate(plan):
        token = queue.call_at(time_ps, lambda entry=(time_ps, index): ran.append(entry))
        if cancelled:
            queue.cancel(token)
        else:
            kept.append((time_ps, index))
    assert len(queue) == len(kept)
    assert queue.next_time_ps == (min(kept)[0] if kept else None)
    queue.run_due(lambda: 25)
    assert ran == sorted(entry for entry in kept if entry[0] <= 25)
    queue.run_due(lambda: 50)
    assert ran == sorted(kept)
    assert queue.run_due(lambda: 100) is False


def test_a_callback_may_add_another_for_now():
    queue = EventQueue()
    ran = []

    def again():
        ran.append(len(ran))
        if len(ran) < 3:
            queue.call_at(5, again)

    token = queue.call_at(5, again)
    queue.run_due(lambda: 5)
    assert ran == [0, 1, 2]
    queue.cancel(token)  # long gone
    queue.cancel(None)
    queue.call_at(6, again)
    queue.clear()
    assert queue.next_time_ps is None


@given(some.lists(some.tuples(rates, some.integers(0, 10**9)), min_size=1, max_size=50))
def test_time_is_the_sum_of_cycles_over_clock_without_drift(stretches):
    clock = VirtualTime(stretches[0][0])
    ticks = 0
    exact = Fraction(0)
    for rate, cycles in stretches:
        clock.change_rate(ticks, rate)
        ticks += cycles
        exact += Fraction(cycles * 10**12, rate)
    assert abs(clock.now_ps(ticks) - exact) < 1 + 1e-6


@given(rates, some.integers(0, 10**14), some.integers(0, 10**9))
def test_the_tick_of_a_time_is_the_first_that_is_not_before_it(rate, time_ps, begin):
    clock = VirtualTime(rate)
    clock.change_rate(begin, rate)
    tick = clock.tick_at(time_ps)
    grid = Fraction(1, 10**6)  # a stretch begins on a grid of 1e-9 ps
    assert Fraction(tick * 10**12, rate) >= time_ps - grid
    assert Fraction((tick - 1) * 10**12, rate) < time_ps + grid
    assert clock.tick_at(clock.time_of(tick)) == tick


def test_standing_still_moves_time_and_not_ticks():
    clock = VirtualTime(16_000_000)
    clock.advance_to(160, 50_000_000)
    assert clock.now_ps(160) == 50_000_000
    assert clock.now_ps(176) == 51_000_000
    clock.advance_to(176, 0)  # never back
    assert clock.now_ps(176) == 51_000_000
    clock.restart(176)
    assert clock.now_ps(16) == 52_000_000


def test_a_clock_of_zero_is_refused():
    with pytest.raises(ClockError, match="0 Hz"):
        VirtualTime(0)
