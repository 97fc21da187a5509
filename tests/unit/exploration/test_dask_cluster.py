"""Dask clusters: workers prove what they are, and what is not there is told."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import made_up_runs
import pytest

from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs import dask_cluster
from dvfs_kernel.exploration.runs.origin import Origin

pytest.importorskip("distributed")

SUPPORT = str(Path(made_up_runs.__file__).parent)

# Errors of the client's own threads would be told on stderr, which this has to itself.
CLIENT = """
import sys, time
import made_up_runs, numpy as np
from networks import two_layers
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs import Bench, Job, Workload, dask_cluster, bench as bench_module
from dvfs_kernel.inference.schedule import Schedule

bench_module.make_run = made_up_runs.make_run
bench_module._LOOK_S, dask_cluster._CONNECT_TIMEOUT_S, dask_cluster._PATIENCE_S = 0.1, 2, 1
workload = Workload(two_layers(), np.zeros((6, 5, 2), np.int8), BoardSpec(), b"elf")
schedule = Schedule.uniform(2, 50_000_000)
told = lambda what, done, total: print(done, flush=True)
try:
    with Bench(workload, executor=sys.argv[1], progress=told) as bench:
        jobs = [Job(schedule, float(window_s)) for window_s in sys.argv[2:]]
        print(*[record.build_id for record in bench.run(jobs)])
except ExecutorError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""

OTHER_PARAMETERS = """
from dvfs_kernel.exploration.runs import origin
found = origin._here()
origin._here = lambda: {**found, "parameters": "f" * 64}
"""


class Cluster:
    """A scheduler, and workers to be added and killed, each a process of its own."""

    def __init__(self, folder):
        self._folder = folder
        self.processes = []
        place = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", place)
        deadline = time.monotonic() + 60
        while not place.is_file():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address = json.loads(place.read_text())["address"]

    def _start(self, what, *words):
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": SUPPORT},
        )
        self.processes.append(process)
        return process

    def worker(self, beforehand=""):
        """Start a worker that does something before it begins."""
        script = self._folder / f"beforehand{len(self.processes)}.py"
        script.write_text(beforehand)
        # Two: which of two runs Dask begins first is its own affair, and one of ours hangs.
        words = ("--nthreads", "2", "--no-nanny", "--preload", script)
        return self._start("worker", self.address, *words)

    def client(self, *windows_s):
        """Start a client that wants runs."""
        address = self.address.replace("tcp://", "dask://")
        process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, address, *map(str, windows_s)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": SUPPORT},
        )
        self.processes.append(process)
        return process

    def close(self):
        """End every process that was started here."""
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def refused(client):
    """Return what a client says that could not have its runs made: one line, and nothing else."""
    _, errors = client.communicate(timeout=120)
    assert client.returncode == 1
    (line,) = errors.splitlines()
    return line


def test_without_a_worker_or_its_scheduler_the_client_says_so_and_ends(cluster):
    assert "has no worker: start some with dask worker tcp://" in refused(cluster.client(0.1))
    worker = cluster.worker()
    hanging = cluster.client(0.1, made_up_runs.HANGS_S)
    while hanging.stdout.readline() != "1\n":
        assert hanging.poll() is None, hanging.stderr.read()
    worker.kill()
    assert "has had no worker for 1 s; finished runs are kept" in refused(hanging)
    cluster.worker()
    orphaned = cluster.client(0.1, made_up_runs.HANGS_S)
    while orphaned.stdout.readline() != "1\n":
        assert orphaned.poll() is None, orphaned.stderr.read()
    cluster.scheduler.kill()
    assert "is gone; finished runs are kept" in refused(orphaned)


@pytest.mark.parametrize(
    ("beforehand", "words"),
    [
        ("import dvfs_kernel; dvfs_kernel.__version__ = '0.0.9'", "version 0.0.9, here"),
        (
            OTHER_PARAMETERS,
            "parameters ffffffffffff, here",
        ),
        ("import sys; sys.modules['dvfs_kernel'] = None", "cannot tell what it is"),
    ],
    ids=["version", "parameters", "package"],
)
def test_a_worker_of_another_kind_is_refused_before_it_is_given_work(cluster, beforehand, words):
    cluster.worker(beforehand)
    client = cluster.client(0.1)
    message = refused(client)
    assert words in message
    assert message.startswith("the Dask worker tcp://")


def test_a_worker_that_comes_later_refuses_what_it_would_make_otherwise():
    ours = Origin.here().to_dict()
    assert dask_cluster._proved(ours, divmod, 7, 2) == (3, 1)
    with pytest.raises(ExecutorError, match=r"firmware .*, here 000000000000"):
        dask_cluster._proved({**ours, "firmware": "0" * 64}, divmod, 7, 2)
