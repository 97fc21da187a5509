"""A whole network against what other engines take on a chip with the same core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel import zoo
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.inference import Deployment
from dvfs_kernel.input_tensor import sample_input
from dvfs_kernel.schedule import Schedule
from dvfs_kernel.validation.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.board_profile import BoardProfile

__all__ = ["measure_network"]

# Results of MLPerf Tiny v1.1 on the DISCO-F746NG at 216 MHz, benchmark VWW: MobileNetV1-0.25 at
# 96 x 96, as the built-in network. The F746 has caches of 4 KB.
_BAND_MS = (34.08, 57.18)
_HSE_HZ = 50_000_000


def measure_network(profile: BoardProfile) -> Iterator[Figure]:
    """Yield the latency of the visual wake words benchmark's network at 216 MHz."""
    network = zoo.load("person_detection")
    schedule = Schedule.uniform(len(network.layers), _HSE_HZ)
    spec = BoardSpec(hse_hz=_HSE_HZ, profile=profile)
    with spec.open() as board, Deployment(network, board) as ready:
        result = ready.infer(sample_input(network.tensors[network.input]), schedule)
    yield Figure(
        "whole network",
        "VWW 96 × 96, one inference at 216 MHz",
        _BAND_MS[0],
        result.run.total_s * 1e3,
        "ms",
        "mlcommons/tiny_results_v1.1, DISCO-F746NG: Plumerai to Bosch",
        "predicted",
        band=_BAND_MS[1],
    )
