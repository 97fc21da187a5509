"""What the numbers rest on, in words: one number each, its source, and what it moves."""

import re

import pytest

from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.parameters import cited, parameters
from dvfs_kernel.boards.source_comments import comments_of, groups_of, tags_of
from renode_platform.devices.datasheet import CURRENT_MODEL

UNITS = {"", "V", "mA", "mA/V", "pC/V", "nC", "MHz", "µs", "cycles", "half cycles", "a cycle"}


@pytest.mark.parametrize("one", parameters(), ids=lambda one: one.name)
def test_a_person_can_read_it(one):
    assert not re.search(r"_|[{}()]|\b[A-Z]{2,}_", one.title), one.title
    assert not re.search(r"[{}()\[\]_]", str(one.value)), one.value
    assert one.unit in UNITS
    assert one.source
    assert one.moves
    for tag in re.findall(r"\[(\w+)\]", one.source) + re.findall(
        r"\b(?:DS|HAL|INA|RM\d+|UM\d+|AN\d+)\b", one.source
    ):
        assert tag in cited(), tag


def test_nothing_is_left_out():
    names = {one.name for one in parameters()}
    assert len(names) == len(parameters())
    assert set(TimingParameters.__dataclass_fields__) <= names
    assert {f"CURRENT_MODEL.{name}" for name in CURRENT_MODEL} <= names
    assert len({one.title for one in parameters()}) == len(names)


def test_values_are_those_of_the_models():
    found = {one.name: one for one in parameters()}
    assert found["CURRENT_MODEL.static_a"].value == pytest.approx(CURRENT_MODEL["static_a"] * 1e3)
    assert found["flash_line_latency"].value == TimingParameters().flash_line_latency
    assert found["PLL_LOCK_MEASURED_PS"].value == 200.0


SOURCE = """
# ---- first ----
# Above.
A = 1
B = 2  # Own.
C = 3

D = {
    "x": 1,  # Of x.
    "y": 2,
}
# ---- second ----
E: int = 5
"""


def test_comments_are_those_beside_a_number():
    assert comments_of(SOURCE) == {
        "A": "Above.",
        "B": "Own.",
        "C": "Own.",
        "D": "",
        "D.x": "Of x.",
        "E": "",
    }
    assert groups_of(SOURCE) == dict.fromkeys("ABCD", "first") | {"E": "second"}


def test_tags_are_told_by_docstrings():
    assert tags_of("Sources. [AB] a page. [CD] another\n one (b.td).") == {
        "AB": "a page",
        "CD": "another one (b.td)",
    }
    assert tags_of("Sources: **EF** is ours, Rev 7; **GH** is ``it``. More.") == {
        "EF": "ours, Rev 7",
        "GH": "it",
    }
