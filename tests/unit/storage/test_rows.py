"""Rows of plain values as tables."""

import csv
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import MissingExtraError
from dvfs_kernel.storage.rows import to_csv, to_html, to_pandas

VALUES = st.one_of(st.integers(), st.booleans(), st.text(max_size=5), st.none())


@given(st.lists(st.fixed_dictionaries({"name": st.text(max_size=5), "n": st.integers()})))
def test_csv_can_be_read_back(rows):
    read = list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))
    assert [int(row["n"]) for row in read] == [row["n"] for row in rows]


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "<b>": VALUES}), max_size=3))
def test_html_holds_no_markup_of_the_values(rows):
    page = to_html("<caption>", rows)
    assert "<b>" not in page
    assert "&lt;caption&gt;" in page
    assert page.count("<tr>") == len(rows) + bool(rows)


def test_html_shows_units_that_people_read():
    rows = [{"time_s": 0.0125, "sysclk_hz": 216_000_000, "energy_j": None, "kept": True}]
    page = to_html("run", rows)
    for text in ("time (ms)", "12.5000", "sysclk (MHz)", "216", "energy (mJ)", "–", "yes"):
        assert text in page


def test_html_counts_what_it_does_not_show():
    assert "… 1,940 more rows" in to_html("many", [{"n": n} for n in range(2000)])


def test_a_data_frame_has_the_rows():
    frame = to_pandas([{"name": "stem", "time_s": 0.1}, {"name": "head", "time_s": 0.2}])
    assert list(frame.columns) == ["name", "time_s"]
    assert frame["time_s"].sum() == pytest.approx(0.3)


def test_without_pandas_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'dvfs-kernel\[pandas\]'"):
        to_pandas([])
