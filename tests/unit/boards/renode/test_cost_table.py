"""Tables of what stretches cost: text and look-up."""

import pytest

from dvfs_kernel.boards.emulator.trace import Counters
from dvfs_kernel.boards.ground_truth import ClockChange, GroundTruth, MarkerEvent
from dvfs_kernel.boards.renode.cost_table import table_rows
from renode_platform.ironpython.markers import read_table

TRIGGER = 4


def test_pins_that_differ_end_the_table():
    table = read_table(["4 30 40 20 1", "5 60 20 40 2"])
    table.begin()
    assert table.next(6) is None
    assert table.missed == 1
    assert table.next(5) is None


def test_inferences_wait_for_their_turn_and_the_last_serves_again():
    table = read_table(["4 1 1 1 0", "", "4 2 2 2 0.5  # a comment"])
    found = []
    for _ in range(3):
        table.begin()
        found.append(table.next(4))
    assert found == [(1, 1, 1, 0), (2, 2, 2, 0.5), (2, 2, 2, 0.5)]


def test_a_stretch_goes_on_where_the_clock_changes():
    table = read_table(["4 10 5 9 1", "+ 20 6 9 2", "5 30 7 9 3", "6 40 8 9 4"])
    table.begin()
    assert table.next(4) == (10, 5, 9, 1)
    assert table.go_on() == (20, 6, 9, 2)
    assert table.next(5) == (30, 7, 9, 3)
    assert table.go_on() is None  # a change that the table does not have
    assert table.next(6) == (40, 8, 9, 4)
    assert table.go_on() is None
    assert table.missed == 1


def test_a_change_that_does_not_come_is_passed():
    table = read_table(["4 10 5 9 1", "+ 20 6 9 2", "5 30 7 9 3"])
    table.begin()
    assert [table.next(4), table.next(5)] == [(10, 5, 9, 1), (30, 7, 9, 3)]
    assert table.missed == 1


def test_a_table_that_is_left_tells_no_more():
    table = read_table(["4 10 5 9 1", "+ 20 6 9 2"])
    table.begin()
    table.next(4)
    table.leave()
    assert table.go_on() is None
    assert table.missed == 0


def counters(instructions, busy=0, words=0):
    none = Counters(*[0] * len(Counters._fields))
    return none._replace(instructions=instructions, base_cycles=busy, flash_waits=words)


def test_a_truth_is_cut_where_the_clock_changes_and_read_back():
    moments = [counters(0), counters(30, 20, 1), counters(50, 40, 3), counters(70, 48, 3)]
    markers = [
        MarkerEvent(0, 0, 0.0, TRIGGER, moments[0], 0),
        MarkerEvent(20, 90, 0.0, TRIGGER | 1, moments[2], 50),
        MarkerEvent(30, 99, 0.0, 0, moments[3], 70),
    ]
    changes = [
        ClockChange(-5, 16_000_000, "hsi", 0.0, 0, 0.0, moments[0]),
        ClockChange(10, 50_000_000, "hse", 0.0, 40, 0.0, moments[1]),
    ]
    (truth,) = GroundTruth.from_trace(markers, changes, 0.0, 70).inferences
    table = read_table(table_rows(truth).splitlines())
    table.begin()
    assert table.next(TRIGGER) == (40, 30, 20, 1)
    assert table.go_on() == (50, 20, 20, 2)
    assert table.next(TRIGGER | 1) == (9, 20, 8, 0)
    assert table.next(0) is None
    assert table.missed == 0


@pytest.mark.parametrize("line", ["4 1", "4 one 1 1 0", "4 0 1 1 0", "4 1 -1 1 0", "4 1 1 1 x"])
def test_a_damaged_line_is_named(line):
    with pytest.raises(ValueError, match=r"^line 2: "):
        read_table(["4 1 1 1 0", line])
