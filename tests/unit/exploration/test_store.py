"""The store: what a record depends on is in its key, and a file is whole or not there."""

from dataclasses import replace

import made_up_runs
import numpy as np
import pytest
from made_up_runs import same
from networks import two_layers

import dvfs_kernel.exploration.runs.workload as workload_module
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import CacheError, FileFormatError
from dvfs_kernel.exploration.runs import Job, Store, Workload
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.storage import atomic_file

HSE_HZ = 50_000_000
SCHEDULE = Schedule.uniform(2, HSE_HZ)
JOB = Job(SCHEDULE, 0.5, abi.IdleMode.STOP)
RECORD = made_up_runs.record(7)


def workload(**changes):
    network = two_layers()
    data = np.zeros(network.tensors[0].shape, np.int8)
    fields = {"network": network, "data": data, "board": BoardSpec(), "firmware": b"elf"}
    return Workload(**{**fields, **changes})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "not" / "there" / "yet")


def files(store):
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_what_was_kept_is_found_again(store):
    assert store.load(workload(), JOB) is None
    store.save(workload(), JOB, RECORD)
    assert same(Store(store.folder).load(workload(), JOB), RECORD)
    assert len(files(store)) == 1


def other_image():
    network = two_layers()
    layer = replace(network.layers[0], bias=network.layers[0].bias + 1)
    return replace(network, layers=(layer, *network.layers[1:]))


OTHERS = {
    "firmware": {"firmware": b"elf2"},
    "image": {"network": other_image()},
    "input": {"data": np.ones(two_layers().tensors[0].shape, np.int8)},
    "hse": {"board": BoardSpec(hse_hz=8_000_000)},
    "lock": {"board": BoardSpec(pll_lock=PllLock("max"))},
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_workload_is_another_run(store, name):
    store.save(workload(), JOB, RECORD)
    assert store.load(workload(**OTHERS[name]), JOB) is None


def test_other_sources_or_libraries_make_other_runs(store, monkeypatch):
    store.save(workload(), JOB, RECORD)
    monkeypatch.setattr(workload_module, "model_digest", lambda: "another")
    assert store.load(workload(), JOB) is None


OTHER_JOBS = [
    Job(SCHEDULE),
    Job(SCHEDULE, 0.5, abi.IdleMode.GATED),
    Job(SCHEDULE, 0.25, abi.IdleMode.STOP),
    Job(Schedule.uniform(2, HSE_HZ, hfo=ClockSetting.parse("pll:25/100/2")), 0.5, JOB.idle),
    Job(replace(SCHEDULE, layers=(LayerPlan(2), LayerPlan())), 0.5, JOB.idle),
]


@pytest.mark.parametrize("job", OTHER_JOBS)
def test_another_job_is_another_run(store, job):
    store.save(workload(), JOB, RECORD)
    assert store.load(workload(), job) is None


def test_without_a_window_the_idle_mode_does_not_matter(store):
    store.save(workload(), Job(SCHEDULE, None, abi.IdleMode.STOP), RECORD)
    assert store.load(workload(), Job(SCHEDULE)) is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:40],
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: b"x" + data[1:],
        lambda data: data[64:],
    ],
)
def test_a_damaged_file_is_named(store, damage):
    store.save(workload(), JOB, RECORD)
    (path,) = files(store)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CacheError, match=r"damaged.*delete it") as caught:
        store.load(workload(), JOB)
    assert str(path) in str(caught.value)
    path.unlink()
    assert store.load(workload(), JOB) is None


def test_a_file_that_was_moved_to_another_key_is_not_believed(store):
    store.save(workload(), JOB, RECORD)
    (path,) = files(store)
    store.save(workload(), OTHER_JOBS[0], RECORD)
    (other,) = set(files(store)) - {path}
    other.write_bytes(path.read_bytes())
    with pytest.raises(CacheError, match="does not begin with its own name"):
        store.load(workload(), OTHER_JOBS[0])


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CacheError, match=r"cannot be written: Not a directory.*--no-cache") as e:
        Store(file / "below")
    assert isinstance(e.value, OSError)


def test_a_path_that_cannot_be_read_or_written_is_named(store):
    store.save(workload(), JOB, RECORD)
    (path,) = files(store)
    path.unlink()
    path.mkdir()
    with pytest.raises(CacheError, match=r"cannot be read: Is a directory"):
        store.load(workload(), JOB)
    path.rmdir()
    path.parent.rmdir()
    path.parent.touch()
    with pytest.raises(CacheError, match="cannot be kept"):
        store.save(workload(), JOB, RECORD)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_no_half_file(store, monkeypatch, error):
    def interrupted(_):
        raise error

    monkeypatch.setattr(atomic_file.os, "fsync", interrupted)
    with pytest.raises((KeyboardInterrupt, CacheError)):
        store.save(workload(), JOB, RECORD)
    monkeypatch.undo()
    assert files(store) == []
    store.save(workload(), JOB, RECORD)
    assert same(store.load(workload(), JOB), RECORD)


def test_making_a_store_leaves_nothing_behind(store):
    assert list(store.folder.iterdir()) == []


def test_an_input_that_does_not_fit_is_refused():
    with pytest.raises(FileFormatError):
        Workload.of(two_layers(), BoardSpec(), np.zeros((3, 3), np.int8))
