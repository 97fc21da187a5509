"""Who opens a board closes it, and workloads that take turns find their boards again."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs import bench as bench_module
from dvfs_kernel.exploration.runs import executors, ready_boards, worker
from dvfs_kernel.exploration.runs.ready_boards import MOST_READY, ReadyBoards, boards_of_thread

JOB = SimpleNamespace(schedule=0, level=0, window_s=0, idle=0)


class FakeBoard:
    def __init__(self, log, name):
        self._log, self._name = log, name
        log.append(f"open {name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._log.append(f"close {self._name}")


class FakeDeployment:
    """In place of a network on a board: flashing or running fails where the name says so."""

    def __init__(self, network, board, **_options):
        self.network, self.board = network, board
        if network == "not flashed":
            raise OSError("verify failed")

    def hold(self, _data): ...

    def restart(self): ...

    def infer(self, *_args, **_words):
        if self.network == "hanging":
            raise TimeoutError
        return self.network


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(ready_boards, "Deployment", FakeDeployment)
    monkeypatch.setattr(worker, "record_of", lambda result: result)
    return []


def workload(log, name):
    spec = SimpleNamespace(open=lambda: FakeBoard(log, name), key=lambda: name)
    return SimpleNamespace(
        network=name, digest=name, firmware=b"", image=b"", data=b"", board=spec, board_key=name
    )


def in_thread(act, boards=None):
    """Do something in a thread of its own, whose boards are closed behind it."""
    with boards or ReadyBoards() as own, executors._thread(own) as pool:
        return pool.submit(act).result()


def test_workloads_that_take_turns_are_each_flashed_once(log):
    """A board and its twin, made by one thread; it once was one board for the whole process."""
    pair = [workload(log, "nucleo"), workload(log, "twin")]
    in_thread(lambda: [worker.make_run(one, JOB) for one in pair * 3])
    assert log == ["open nucleo", "open twin", "close twin", "close nucleo"]


def test_threads_do_not_take_each_others_boards(log):
    pair = [workload(log, "here"), workload(log, "there")]
    with ReadyBoards(1) as first, ReadyBoards(1) as second:
        pools = [executors._thread(boards) for boards in (first, second)]
        for _ in range(3):
            for pool, one in zip(pools, pair, strict=True):
                assert pool.submit(worker.make_run, one, JOB).result() == one.network
        for pool in pools:
            pool.shutdown()
        assert log == ["open here", "open there"]
    assert log[2:] == ["close there", "close here"]


def test_the_board_that_was_not_used_for_longest_gives_way(log):
    several = [workload(log, str(number)) for number in range(MOST_READY + 1)]
    order = [0, 1, 2, 3, 0, 4]
    in_thread(lambda: [worker.make_run(several[number], JOB) for number in order])
    assert log[:6] == ["open 0", "open 1", "open 2", "open 3", "close 1", "open 4"]
    assert sorted(log[6:]) == ["close 0", "close 2", "close 3", "close 4"]


def test_of_one_board_one_is_open_at_a_time(log):
    pair = [workload(log, "a"), workload(log, "b")]
    in_thread(lambda: [worker.make_run(one, JOB) for one in pair * 2], ReadyBoards(1))
    assert log == [f"{what} {name}" for name in "abab" for what in ("open", "close")]


@pytest.mark.parametrize(("name", "error"), [("not flashed", OSError), ("hanging", TimeoutError)])
def test_a_board_that_fails_is_closed_and_the_next_job_begins_afresh(log, name, error):
    def work():
        for _ in range(2):
            with pytest.raises(error):
                worker.make_run(workload(log, name), JOB)

    in_thread(work)
    assert log == [f"open {name}", f"close {name}"] * 2


def test_a_board_of_another_kind_under_the_same_name_is_refused(log):
    other = workload(log, "renode")
    other.board_key = "another Renode"
    with pytest.raises(ExecutorError, match="is another one here than where the run is kept"):
        in_thread(lambda: worker.make_run(other, JOB))
    assert log == []


def test_a_bench_for_a_physical_board_gives_it_back(log):
    with executors.one_at_a_time() as pool:
        pool.submit(worker.make_run, workload(log, "nucleo"), JOB).result()
        assert log == ["open nucleo"]
    assert log == ["open nucleo", "close nucleo"]
    assert bench_module.one_at_a_time is executors.one_at_a_time


def test_a_thread_that_nobody_gave_boards_has_its_own():
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(boards_of_thread).result()
        assert pool.submit(boards_of_thread).result() is theirs
    assert theirs is not boards_of_thread()
