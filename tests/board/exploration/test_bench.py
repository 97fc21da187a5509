"""Runs on virtual boards: the same to the last bit wherever and after whatever they are made."""

import itertools

import pytest
from made_up_runs import same
from small_model import small_model

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.exploration.runs import Bench, Job, Workload, worker
from dvfs_kernel.exploration.runs.ready_boards import boards_of_thread
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.tflite_reader import read_bytes

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
FAST, SLOW, HSE, HSI = (
    ClockSetting.parse(text) for text in ("pll:25/216/2", "pll:25/100/2", "hse", "hsi")
)
HOPPING = Schedule(
    HSE_HZ, (FAST, HSE, HSI), (LayerPlan(), LayerPlan(2, 0, 1), LayerPlan(4, 0, 1)), 2
)
RELOCKING = Schedule(HSE_HZ, (SLOW, FAST, HSI), (LayerPlan(), LayerPlan(2, 1), LayerPlan()), 2)
WINDOW_S = 0.02
JOBS = [
    Job(HOPPING),
    Job(RELOCKING),
    *(Job(schedule, WINDOW_S, mode) for schedule in (HOPPING, RELOCKING) for mode in abi.IdleMode),
]


@pytest.fixture(scope="module")
def workload():
    return Workload.of(read_bytes(small_model(), "small"), BoardSpec())


@pytest.fixture(scope="module")
def alone(workload):
    """Each job on a board of its own, on which nothing ran before."""
    records = []
    for job in JOBS:
        boards_of_thread().close()
        records.append(worker.make_run(workload, job))
    yield records
    boards_of_thread().close()


def test_a_run_does_not_depend_on_what_ran_before(workload, alone):
    # Every job behind every other one, each pair once: a walk over all edges between jobs.
    count = len(JOBS)
    order = [0]
    pairs = set(itertools.product(range(count), repeat=2))
    while pairs:
        following = [later for earlier, later in pairs if earlier == order[-1]]
        order.append(following[0] if following else min(pairs)[0])
        pairs.discard((order[-2], order[-1]))
    for before, index in itertools.pairwise(order):
        record = worker.make_run(workload, JOBS[index])
        assert same(record, alone[index]), (JOBS[before], JOBS[index])


def test_workers_give_the_same_records(workload, alone):
    with Bench(workload, executor="local:2") as bench:
        assert all(map(same, bench.run(JOBS), alone))


def test_a_record_tells_what_was_asked_for(alone):
    for job, record in zip(JOBS, alone, strict=True):
        relocks, hops = record.total("relocks"), record.total("hops")
        assert (relocks > 1) == (job.schedule is RELOCKING)
        assert (hops > 0) == (job.schedule is HOPPING) == bool(record.hops.any())
        # Beside its layers an inference has a few markers to set, on the slow clock.
        beside = record.segments[record.segments["layer"] < 0]
        for whole, parts, rest in (
            (record.latency_s, (record.entry_time_s, record.time_s),
             beside["end_s"] - beside["start_s"]),
            (record.total("inference_j"), (record.entry_energy_j, record.energy_j),
             beside["energy_j"]),
        ):  # fmt: skip
            assert whole == pytest.approx(sum(p.sum() for p in parts) + rest.sum(), rel=1e-9)
            assert rest.sum() < 0.05 * whole
        assert record.piece_time_s.sum(axis=1) == pytest.approx(record.time_s, rel=1e-9)
        assert record.piece_energy_j.sum(axis=1) == pytest.approx(record.energy_j, rel=1e-9)
        if job.window_s is None:
            assert record.totals["window_s"] is None
            continue
        assert record.total("window_s") == pytest.approx(job.window_s, abs=2e-6)
        assert record.total("window_j") == pytest.approx(
            record.total("inference_j") + record.total("idle_j"), rel=1e-9
        )
    assert len({record.output_digest for record in alone}) == 1


def test_the_timeline_begins_with_the_current_of_its_first_clock(alone):
    for job, record in zip(JOBS, alone, strict=True):
        first, second = record.clock[:2]
        slept = job.window_s is not None and job.idle is abi.IdleMode.SLEEP
        assert (first["time_s"], first["source"]) == (0.0, "hsi"), slept
        segment = record.segments[0]
        if second["time_s"] > segment["end_s"]:
            power_w = segment["energy_j"] / (segment["end_s"] - segment["start_s"])
            assert first["current_a"] * 3.3 == pytest.approx(power_w, rel=1e-6)


def test_what_a_board_refuses_comes_from_the_worker_as_itself(workload, alone):
    short = Schedule.uniform(2, HSE_HZ)
    with Bench(workload, executor="local:1") as bench:
        with pytest.raises(ScheduleError, match="the schedule has 2 layers"):
            bench.run([Job(short)])
        assert same(bench.run([JOBS[0]])[0], alone[0])


# Dask's own servers leave sockets and event loops to the garbage collector, which is no business of
# this package; nothing else is let through.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dask_cluster_gives_the_same_records(workload, alone):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        with Bench(workload, executor=f"dask://{address}") as bench:
            assert all(map(same, bench.run(JOBS[:4]), alone))
            with pytest.raises(ScheduleError, match="the schedule has 2 layers"):
                bench.run([Job(Schedule.uniform(2, HSE_HZ))])
