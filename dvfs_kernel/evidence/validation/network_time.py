"""A whole network against what other engines take on a chip with the same core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.evidence.validation.figure import Figure
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks import zoo
from dvfs_kernel.networks.input_tensor import sample_input
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.board_profile import BoardProfile

__all__ = ["measure_network"]

# MLPerf Tiny v1.1, benchmark VWW on the DISCO-F746NG at 216 MHz: 34.08 ms (Plumerai) and 57.18 ms
# (Bosch) for MobileNetV1-0.25 at 96 x 96. The F746 has caches of 4 KB.
_MLPERF_S = (34.08e-3, 57.18e-3)
_MLPERF_MACS = 7_489_664
_NETWORKS = ("vww", "person_detection")


def measure_network(profile: BoardProfile) -> Iterator[Figure]:
    """Yield cycles for each multiply-accumulate of networks that do the same task.

    They have other layers than the benchmark's, so that latencies cannot be compared.
    """
    spec = BoardSpec(hse_hz=PAPER_HSE_HZ, profile=profile)
    low, high = (seconds * ds.SYSCLK_MAX_HZ / _MLPERF_MACS for seconds in _MLPERF_S)
    for name in _NETWORKS:
        network = zoo.load(name)
        schedule = Schedule.uniform(len(network.layers), PAPER_HSE_HZ)
        with spec.open() as board:
            result = Deployment(network, board).infer(
                sample_input(network.tensors[network.input]), schedule
            )
        yield Figure(
            "whole network",
            f"{name} at 216 MHz",
            low,
            result.profile.cycles / sum(network.macs),
            "cycles/MAC",
            "mlcommons/tiny_results_v1.1, VWW on the DISCO-F746NG: Plumerai, Bosch",
            "predicted",
            band=high,
        )
