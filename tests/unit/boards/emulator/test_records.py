"""Records of a firmware that makes them without end are bounded."""

from dvfs_kernel.boards.emulator.events import EventQueue
from dvfs_kernel.boards.emulator.trace import Tally, Trace, Violation
from dvfs_kernel.boards.emulator.virtual_time import picoseconds


def test_a_tally_counts_texts_and_lumps_those_beyond_the_first():
    tally = Tally(most=3)
    for text in "abcabdefa":
        tally.add(text)
    assert tally.counts == {"a": 3, "b": 2, "c": 1}
    assert tally.others == 3
    assert tally.total == 9
    tally.clear()
    assert (tally.counts, tally.total) == ({}, 0)


def test_a_trace_keeps_the_first_and_counts_all():
    trace = Trace()
    for number in range(3000):
        trace.add_violation(Violation(number, "rule", f"store at {number % 2000}"))
        trace.add_message(number, "overrun")
    assert [found.time_ps for found in trace.violations] == list(range(1000))
    assert len(trace.messages) == len(trace.violation_tally.counts) == 1000
    assert trace.violation_tally.total == 3000
    assert trace.message_tally.counts == {"overrun": 3000}
    trace.clear()
    assert trace.violation_tally.total == trace.message_tally.total == 0
    assert trace.violations == trace.messages == []


def test_a_timer_that_is_always_set_anew_leaves_nothing_behind():
    queue = EventQueue()
    called = []
    queue.call_at(5, lambda: called.append(5))
    for number in range(100_000):
        queue.cancel(queue.call_at(10**12 + number, lambda: called.append(None)))
    assert len(queue) == 1
    assert len(queue._heap) < 2000
    queue.run_due(lambda: 10**13)
    assert called == [5]


def test_a_positive_time_is_at_least_a_picosecond():
    assert [picoseconds(t) for t in (1e-3, 1.4e-12, 1e-15, 0.0, -1.0)] == [10**9, 1, 1, 0, 0]
