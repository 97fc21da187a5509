"""Tables for people: nothing is cut, whatever the window."""

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.commands.console import printable, say
from dvfs_kernel.commands.text_table import TextTable, left, right

TITLE = "Best single clock: pll:25/168/2, Sleep with clocks gated"


def outcomes():
    table = TextTable(
        "", left("idle", spare=2), right("ms"), right("window mJ"), right("hops", spare=3)
    )
    table.add_row(TITLE, "gated", "80.079", "17.898", "0")
    table.add_row("DVFS, Stop", "stop", "80.930", "17.451", "3")
    return table


def lines_of(table, width):
    return [click.unstyle(line) for line in table.lines(width)]


def test_a_pipe_gets_every_column_in_one_line_a_row():
    assert lines_of(outcomes(), None) == [
        " " * len(TITLE) + "  idle       ms  window mJ  hops",
        f"{TITLE}  gated  80.079     17.898     0",
        f"{'DVFS, Stop':{len(TITLE)}}  stop   80.930     17.451     3",
    ]


def test_the_least_wanted_column_goes_before_rows_are_stacked():
    shown = lines_of(outcomes(), 85)
    assert shown[1] == f"{TITLE}  gated  80.079     17.898"
    assert shown[-1] == "no room for hops: a wider window shows them"


def test_a_narrow_window_gets_two_lines_a_row():
    assert lines_of(outcomes(), 60) == [
        "  idle       ms  window mJ  hops",
        TITLE,
        "  gated  80.079     17.898     0",
        "DVFS, Stop",
        "  stop   80.930     17.451     3",
    ]


def test_a_narrower_one_says_what_has_no_room():
    shown = lines_of(outcomes(), 30)
    assert shown[0] == "  idle       ms  window mJ"
    assert shown[1:3] == ["Best single clock:", "pll:25/168/2, Sleep with"]
    assert shown[-2:] == ["no room for hops: a wider", "window shows them"]


def test_the_narrowest_one_gets_a_line_a_cell():
    table = TextTable("layer", right("a long heading"), right("another heading"))
    table.add_row("conv", "1", "2")
    assert lines_of(table, 24) == ["conv", "  a long heading: 1", "  another heading: 2"]


words = st.text("abc -", min_size=1, max_size=30).map(str.strip).filter(bool)


@given(
    st.lists(st.tuples(words, words, words, words), min_size=1, max_size=4),
    st.integers(40, 140),
    st.integers(0, 2),
)
def test_no_line_is_wider_than_the_window_and_no_cell_is_cut(rows, width, titles):
    columns = (left("one", folds=True), left("two"), right("three", spare=1), right("four"))
    table = TextTable(*columns, titles=titles)
    for row in rows:
        table.add_row(*row)
    shown = lines_of(table, width)
    assert all(len(line) <= width for line in shown)
    assert "…" not in "".join(shown)
    letters = re.sub(r"\W", "", "".join(shown))
    for row in rows:
        for number, cell in enumerate(row):
            # Cells that are not wrapped stand as they are; what is left out is named.
            whole = re.sub(r"\W", "", cell)
            assert number in (0, 2) or whole in letters or cell in "\n".join(shown)


def test_a_name_from_a_file_cannot_steer_the_terminal():
    table = TextTable("layer")
    table.add_row("a\x1b[2Jb\n")
    assert lines_of(table, None)[1] == "a�[2Jb�"
    assert printable("conv µ") == "conv µ"


@pytest.mark.parametrize("width", [None, 40])
def test_prose_breaks_between_words_at_a_terminal_alone(width, monkeypatch, capsys):
    monkeypatch.setattr("dvfs_kernel.commands.console.terminal_width", lambda: width)
    text = "  a line that is much longer than forty columns, and goes on\nshort"
    say(text)
    shown = capsys.readouterr().out.splitlines()
    if width is None:
        assert "\n".join(shown) == text
    else:
        assert shown == [
            "  a line that is much longer than forty",
            "  columns, and goes on",
            "short",
        ]
