"""Prints a digest of everything that some runs and computations come to, to the last bit."""

import hashlib
import itertools
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import numpy as np  # noqa: E402  the checkout's own package has to be found first
from small_model import small_model  # noqa: E402

from dvfs_kernel.boards.spec import BoardSpec  # noqa: E402
from dvfs_kernel.clocks.lists import parse_clocks  # noqa: E402
from dvfs_kernel.clocks.setting import ClockSetting  # noqa: E402
from dvfs_kernel.clocks.state import states_of  # noqa: E402
from dvfs_kernel.exploration.runs import Job, Workload, worker  # noqa: E402
from dvfs_kernel.exploration.switching.model import modelled_switch  # noqa: E402
from dvfs_kernel.inference.parts import parts_of  # noqa: E402
from dvfs_kernel.inference.schedule import LayerPlan, Schedule  # noqa: E402
from dvfs_kernel.link import abi  # noqa: E402
from dvfs_kernel.networks.tflite_reader import read_bytes  # noqa: E402

HSE_HZ = 50_000_000


def records():
    """Yield the runs of a few schedules: hops, a relock, and each idle mode."""
    workload = Workload.of(read_bytes(small_model(), "small"), BoardSpec())
    clocks = tuple(map(ClockSetting.parse, ("pll:25/216/2", "pll:25/100/2", "hse", "hsi")))
    plans = (LayerPlan(), LayerPlan(2, 0, 2), LayerPlan(4, 1))
    schedule = Schedule(HSE_HZ, clocks, plans, 3)
    for window_s, mode in (
        (None, abi.IdleMode.SLEEP),
        *((0.02, mode) for mode in abi.IdleMode),
    ):
        yield worker.make_run(workload, Job(schedule, window_s, mode))


def figures():
    """Return every figure as text that tells all of its bits."""
    found = {}
    for number, record in enumerate(records()):
        for name, value in sorted(vars(record).items()):
            if name == "made_by":
                continue
            text = value.tobytes().hex() if isinstance(value, np.ndarray) else repr(value)
            found[f"{number} {name}"] = hashlib.sha256(text.encode()).hexdigest()
        layers = zip(map(str, itertools.count()), record.time_s.tolist(), record.energy_j.tolist(),
                     strict=False)  # fmt: skip
        window = (record.totals["window_s"], record.totals["window_j"])
        if window[0] is not None:
            latency = (record.latency_s, record.total("inference_j"))
            found[f"{number} parts"] = repr(parts_of(layers, latency, window))
    states = states_of(parse_clocks("paper", HSE_HZ).settings, HSE_HZ)
    found["switching"] = repr(
        [modelled_switch(*p, HSE_HZ) for p in itertools.product(states, states)]
    )
    return found


if __name__ == "__main__":
    print(json.dumps(figures(), sort_keys=True))
