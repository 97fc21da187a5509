"""Tables of what stretches cost: text and look-up."""

import pytest

from dvfs_kernel.boards.cost_table import table_rows
from dvfs_kernel.ground_truth import GroundTruth, MarkerEvent
from renode_platform.ironpython.markers import read_table

TRIGGER = 4


def test_the_rows_of_a_truth_are_read_back():
    markers = [
        MarkerEvent(0, 100, 0.0, TRIGGER, None, 10),
        MarkerEvent(1, 130, 0.0, TRIGGER | 1, None, 50),
        MarkerEvent(2, 190, 0.0, 0, None, 70),
    ]
    (truth,) = GroundTruth.from_trace(markers, [], 0.0, 70).inferences
    table = read_table(table_rows(truth).splitlines())
    table.begin()
    assert table.next(TRIGGER) == (30, 40)
    assert table.next(TRIGGER | 1) == (60, 20)
    assert table.next(0) is None
    assert table.missed == 0


def test_pins_that_differ_end_the_table():
    table = read_table(["4 30 40", "5 60 20"])
    table.begin()
    assert table.next(6) is None
    assert table.missed == 1
    assert table.next(5) is None


def test_inferences_wait_for_their_turn_and_the_last_serves_again():
    table = read_table(["4 1 1", "", "4 2 2  # a comment"])
    found = []
    for _ in range(3):
        table.begin()
        found.append(table.next(4))
    assert found == [(1, 1), (2, 2), (2, 2)]


@pytest.mark.parametrize("line", ["4 1", "4 one 1", "4 0 1", "4 1 -1"])
def test_a_damaged_line_is_named(line):
    with pytest.raises(ValueError, match=r"^line 2: "):
        read_table(["4 1 1", line])
