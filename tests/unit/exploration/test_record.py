"""Records of runs as bytes."""

import io

import made_up_runs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.exploration.runs.record import Record

numbers = st.floats(allow_nan=False) | st.none() | st.integers(-(2**53), 2**53)
floats = hnp.arrays(np.float64, st.integers(0, 4), elements=st.floats())
counts = hnp.arrays(np.int64, st.tuples(st.integers(0, 3), st.just(2), st.integers(0, 3)))


@given(
    seed=st.integers(0, 99),
    layers=st.integers(0, 4),
    time_s=floats,
    counters=counts,
    totals=st.dictionaries(st.text(max_size=9), numbers, max_size=4),
    names=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    digest=st.text(max_size=9),
)
def test_a_record_comes_back_to_the_last_bit(seed, layers, time_s, counters, totals, names, digest):
    changes = {"time_s": time_s, "counters": counters, "totals": totals}
    changes |= {"counter_names": names, "output_digest": digest}
    before = made_up_runs.record(seed, layers, **changes)
    after = Record.from_bytes(before.to_bytes())
    assert made_up_runs.same(before, after)


def test_totals_that_are_not_known_are_not_a_number():
    record = made_up_runs.record(totals={"latency_s": 0.25, "idle_j": None})
    assert record.latency_s == 0.25
    assert np.isnan(record.total("idle_j"))
    with pytest.raises(KeyError):
        record.total("idle")


WHOLE = made_up_runs.record().to_bytes()


@given(st.integers(0, len(WHOLE) - 1))
def test_what_is_cut_off_is_refused(length):
    with pytest.raises(FileFormatError, match="no record of a run"):
        Record.from_bytes(WHOLE[:length])


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data):
    with pytest.raises(FileFormatError):
        Record.from_bytes(data)


@pytest.mark.parametrize("text", ["[]", "{}", '{"counter_names": []}', '"x"', "{"])
def test_an_archive_of_something_else_is_refused(text):
    file = io.BytesIO()
    np.savez(file, plain=np.frombuffer(text.encode(), np.uint8), time_s=np.zeros(3))
    for data in (file.getvalue(), text.encode()):
        with pytest.raises(FileFormatError, match="no record of a run"):
            Record.from_bytes(data)
