"""Every reader meets damaged files with an error of the package, at once.

The same with as many files as wanted is `benchmarks/fuzz_readers.py`; docs/reliability.md has
what a million gave.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_targets import SLOW_S, attempt, targets

# Files of each reader: the slowest reads a hundred in a second.
EXAMPLES = 60
OPTIONAL = {"jls": "pyjls", "parquet": "pyarrow"}


@pytest.mark.parametrize("name", sorted(targets()))
def test_a_damaged_file_is_read_or_refused(name, tmp_path, monkeypatch):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name], reason=f"reads {name} files; an optional extra")
    monkeypatch.chdir(tmp_path)
    target = targets()[name]
    seeds = list(target.seeds())

    @settings(max_examples=EXAMPLES)
    @given(st.integers(0, 2**32 - 1))
    def damaged(seed):
        before = time.process_time()
        attempt(target, seeds, seed)
        assert time.process_time() - before < SLOW_S

    damaged()


@pytest.mark.parametrize("name", sorted(targets()))
def test_a_good_file_is_read(name, tmp_path, monkeypatch):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name], reason=f"reads {name} files; an optional extra")
    monkeypatch.chdir(tmp_path)
    target = targets()[name]
    read = 0
    for number, seed in enumerate(target.seeds()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / f"good{target.suffix}"
        path.write_bytes(seed)
        try:
            target.read(path)
        except ValueError:  # of pictures, formats that are not read
            assert name in ("picture", "npy", "kept array", "archive")
        else:
            read += 1
    assert read
