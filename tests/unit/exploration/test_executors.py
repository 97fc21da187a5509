"""Where runs are made: processes and clusters, and what becomes of them when something ends."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import made_up_runs
import numpy as np
import pytest
from loky.backend.reduction import dumps
from made_up_runs import HANGS_S, REFUSED_S, same
from networks import two_layers

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import ExecutorError, InfeasibleBoundError
from dvfs_kernel.exploration.runs import Bench, Job, Store, Workload, dask_cluster, open_executor
from dvfs_kernel.exploration.runs import bench as bench_module
from dvfs_kernel.exploration.runs.executors import shared
from dvfs_kernel.exploration.runs.local_processes import LocalProcesses
from dvfs_kernel.exploration.runs.origin import Origin
from dvfs_kernel.inference.schedule import Schedule

SCHEDULE = Schedule.uniform(2, 50_000_000)


def jobs(*windows_s):
    return [Job(SCHEDULE, window_s) for window_s in windows_s]


@pytest.fixture
def workload():
    network = two_layers()
    return Workload(network, np.zeros((6, 5, 2), np.int8), BoardSpec(), b"elf")


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    """No boards: workers import the stand-in by its name."""
    monkeypatch.setattr(bench_module, "make_run", made_up_runs.make_run)


def workers(bench):
    return list(bench._executor._processes)


def gone(pid):
    """Tell whether a process has ended; nobody may have asked how, where its parent is gone."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"


@pytest.mark.parametrize("address", ["local", "local:1", "local:3"])
def test_local_processes_make_runs_in_order(workload, tmp_path, address):
    told = []
    asked = jobs(0.3, 0.1, 0.2, 0.1)
    with Bench(
        workload, store=Store(tmp_path), executor=address, progress=lambda *w: told.append(w)
    ) as bench:
        records = bench.run(asked, "numbers")
        pids = workers(bench)
    assert [record.build_id for record in records] == [300, 100, 200, 100]
    assert (bench.made, bench.found) == (3, 0)
    assert told == [("numbers", done, 3) for done in range(4)]
    assert all(map(gone, pids))
    with Bench(workload, store=Store(tmp_path), executor="nobody") as bench:
        again = bench.run(asked)  # everything is found: no worker is wanted
        assert (bench.made, bench.found) == (0, 3)
    assert all(map(same, records, again))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "local:0",
        "local:x",
        "local:-1",
        "remote",
        "local:1:2",
        "dask:x",
        *(
            f"dask://{place}"
            for place in ("", "nowhere", ":8786", "host:", "host:port", "host:65536")
        ),
    ],
)
def test_other_addresses_are_refused(address):
    with pytest.raises(ExecutorError, match=r"allowed: local, local:N .*dask://host:port"):
        open_executor(address).__enter__()


def test_what_jobs_have_in_common_goes_to_each_worker_once(workload):
    with open_executor("local:2") as pool:
        given = shared(pool, "a" * 64, made_up_runs.Counted(b"0" * 1_000_000))
        assert len(dumps((given, jobs(0.1)[0]))) < 5000
        made = [pool.submit(made_up_runs.times_unpickled, given) for _ in range(20)]
        assert {future.result() for future in made} == {1}
        assert shared(pool, "a" * 64, None) == given
    with open_executor("here") as thread:
        assert shared(thread, workload.digest, workload) is workload


def test_a_job_of_a_bench_is_small(workload, monkeypatch):
    """Network, input, image and firmware are a megabyte or two; every job once took them along."""
    sizes = []
    monkeypatch.setattr(
        LocalProcesses, "submit", lambda _, *job: sizes.append(len(dumps(job))) or Future()
    )
    monkeypatch.setattr(bench_module, "check_workers", lambda _: 1 / 0)
    monkeypatch.setattr(bench_module, "_LOOK_S", 0.01)
    large = replace(workload, firmware=b"0" * 1_000_000)
    with Bench(large, executor="local:1") as bench, pytest.raises(ZeroDivisionError):
        bench.run(jobs(0.1, 0.2))
    assert len(sizes) == 2
    assert max(sizes) < 5000


def test_nothing_to_run_needs_no_worker(workload):
    with Bench(workload, executor="nobody") as bench:
        assert bench.run([]) == []


def test_an_error_of_a_run_comes_as_itself(workload, tmp_path):
    with Bench(workload, store=Store(tmp_path), executor="local:1") as bench:
        with pytest.raises(InfeasibleBoundError, match="0\\.5") as caught:
            bench.run(jobs(0.1, REFUSED_S, 0.2))
        assert (caught.value.bound, caught.value.least_time) == (REFUSED_S, 0.5)
        # The worker is still there, and what went well is kept.
        assert bench.run(jobs(0.1))[0].build_id == 100
        assert bench.found == 1


def test_a_killed_worker_is_told_and_the_next_runs_go_on(workload, tmp_path):
    def kill(what, done, _total):
        if what == "first" and done == 1:
            for pid in workers(bench):
                os.kill(pid, signal.SIGKILL)

    bench = Bench(workload, store=Store(tmp_path), executor="local:2", progress=kill)
    with bench:
        with pytest.raises(ExecutorError, match="finished runs are kept"):
            bench.run(jobs(0.1, HANGS_S), "first")
        assert bench.run(jobs(0.1, 0.2), "second")[1].build_id == 200
        assert (bench.made, bench.found) == (2, 1)


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
import made_up_runs, numpy as np
from networks import two_layers
from dvfs_kernel.exploration.runs import Bench, Job, Store, Workload, bench as bench_module
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.inference.schedule import Schedule

def told(what, done, total):
    if done == 1:
        print(*bench._executor._processes, flush=True)

if __name__ == "__main__":
    bench_module.make_run = made_up_runs.make_run
    workload = Workload(two_layers(), np.zeros((6, 5, 2), np.int8), BoardSpec(), b"elf")
    schedule = Schedule.uniform(2, 50_000_000)
    made_up_runs.HANGS_S = 60.0
    with Bench(workload, store=Store(Path(sys.argv[2])), executor="local:1",
               progress=told) as bench:
        bench.run([Job(schedule, 0.1), *(Job(schedule, 1.0 + n / 1000) for n in range(3000))])
"""


@contextmanager
def at_work(tmp_path):
    """A process that has made one run of many, and its workers."""
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    support = Path(made_up_runs.__file__).parent
    process = subprocess.Popen(
        [sys.executable, script, str(support), tmp_path / "store"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids
        yield process, pids


def test_an_interrupt_keeps_finished_runs_and_leaves_no_worker(workload, tmp_path):
    store = tmp_path / "store"
    with at_work(tmp_path) as (process, pids):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert all(map(gone, pids))
    assert not list(store.rglob("*.tmp"))
    kept = len(list(store.rglob("*.run")))
    assert 1 <= kept < 3001
    with Bench(workload, store=Store(store), executor="local:1") as bench:
        bench.run(jobs(0.1))
        assert (bench.made, bench.found) == (0, 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_workers_end_with_their_parent_whatever_ends_it(tmp_path, number):
    with at_work(tmp_path) as (process, pids):
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == -number
    deadline = time.monotonic() + 20
    while not all(map(gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert all(map(gone, pids))


def test_a_result_that_another_package_made_is_not_kept(workload, tmp_path, monkeypatch):
    ours = Origin.here().to_dict()
    for made_by, message in (
        ({**ours, "version": "0.0.9"}, r"made by another package: version 0\.0\.9, here "),
        (
            {**ours, "parameters": "f" * 64},
            "made by another package: parameters ffffffffffff, here",
        ),
        ({**ours, "firmware": ""}, "made by another package: firmware none, here"),
        (None, "does not tell what made it"),
    ):
        monkeypatch.setattr(
            bench_module,
            "make_run",
            lambda _workload, _job, made_by=made_by: made_up_runs.record(made_by=made_by),
        )
        with Bench(workload, store=Store(tmp_path), executor="here") as bench:
            with pytest.raises(ExecutorError, match=message):
                bench.run(jobs(0.1))
            assert bench.made == 0
    assert not list(tmp_path.rglob("*.run"))


def test_another_python_makes_the_same_results():
    ours = Origin.here()
    assert ours.difference(replace(ours, python="3.99.0")) is None


def test_without_a_scheduler_the_message_comes_soon(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECT_TIMEOUT_S", 1)
    started = time.monotonic()
    with pytest.raises(ExecutorError, match=r"no Dask scheduler answers at 127\.0\.0\.1:1 within"):
        open_executor("dask://127.0.0.1:1").__enter__()
    assert time.monotonic() - started < 10


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExecutorError, match=r"pip install 'dvfs-kernel\[dask\]'"):
        open_executor("dask://127.0.0.1:8786").__enter__()
