"""Runs that take no board: their records, and stand-ins for `make_run` in worker processes."""

import time

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError
from dvfs_kernel.exploration.runs.origin import Origin
from dvfs_kernel.exploration.runs.record import CLOCK_DTYPE, SEGMENT_DTYPE, Record

#: Windows of jobs that end otherwise than with a record.
HANGS_S, REFUSED_S = 60.0, 61.0


def record(seed=0, layers=3, **changes):
    rng = np.random.default_rng(seed)
    clock = np.zeros(2, CLOCK_DTYPE)
    clock["time_s"], clock["sysclk_hz"] = (0.0, rng.random()), (16_000_000, 216_000_000)
    clock["source"], clock["current_a"] = ("hsi", "pll"), rng.random(2)
    segments = np.zeros(layers, SEGMENT_DTYPE)
    segments["end_s"], segments["layer"] = rng.random(layers), np.arange(layers)
    fields = {
        "entry_time_s": rng.random(layers),
        "entry_energy_j": rng.random(layers),
        "time_s": rng.random(layers),
        "energy_j": rng.random(layers),
        "counters": rng.integers(0, 1000, (layers, 2, 2)),
        "piece_time_s": rng.random((layers, 2)),
        "piece_energy_j": rng.random((layers, 2)),
        "hops": rng.integers(0, 9, layers),
        "clock": clock,
        "segments": segments,
        "totals": {"latency_s": float(rng.random()), "window_s": None, "relocks": 2},
        "output_digest": f"{seed:064x}",
        "build_id": seed,
        "counter_names": ("cycles", "instructions"),
        "made_by": Origin.here().to_dict(),
    }
    return Record(**{**fields, **changes})


def same(first, second):
    """Tell whether two records are equal to the last bit."""
    return all(
        mine.dtype == theirs.dtype and mine.shape == theirs.shape
        and mine.tobytes() == theirs.tobytes()
        if isinstance(mine, np.ndarray)
        else mine == theirs
        for mine, theirs in (
            (getattr(first, name), getattr(second, name)) for name in vars(first)
        )
    )  # fmt: skip


def make_run(_workload, job):
    """Give a record that tells the job, at once."""
    if job.window_s == HANGS_S:
        time.sleep(HANGS_S)
    if job.window_s == REFUSED_S:
        raise InfeasibleBoundError(job.window_s, 0.5)
    return record(len(job.schedule.layers), build_id=round((job.window_s or 0) * 1000))


class Counted:
    """Something that knows how often this process has unpickled such a thing."""

    unpickled = 0

    def __init__(self, data):
        self.data = data

    def __setstate__(self, state):
        self.__dict__ |= state
        Counted.unpickled += 1


def times_unpickled(one):
    """Return how often, after a moment in which the other workers get something to do."""
    assert isinstance(one, Counted)
    time.sleep(0.05)
    return Counted.unpickled
