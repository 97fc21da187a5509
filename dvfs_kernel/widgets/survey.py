"""What panels about a whole network have in common: it is explored once, beside the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.making import run_store
from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, parse_clocks
from dvfs_kernel.exploration.runs.bench import Bench
from dvfs_kernel.exploration.runs.workload import Workload
from dvfs_kernel.image import packing
from dvfs_kernel.studies.study import StudyPlan, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.studies.bound import Bound
    from dvfs_kernel.studies.study import Ground

__all__ = ["Surveyed"]

# Of the last networks of this process: a second panel of a notebook finds it here.
_known: dict[tuple[str, str, tuple[int, ...] | None], Ground] = {}


class Surveyed:
    """A network, the clocks and granularities to choose from, and what is known of them.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of a ``.tflite`` file.
    clocks
        As `parse_clocks` reads it, at an HSE of 50 MHz.
    granularities
        By default those of the paper that some layer of the network can have.
    """

    def __init__(
        self,
        network: Network | str = "vww",
        clocks: str = "paper",
        granularities: Sequence[int] | None = None,
    ) -> None:
        self.hse_hz = PAPER_HSE_HZ
        self.network = load_network(network) if isinstance(network, str) else network
        self.workload = Workload.of(self.network, BoardSpec(hse_hz=self.hse_hz))
        self.clocks = parse_clocks(clocks, self.hse_hz)
        self.granularities = None if granularities is None else tuple(granularities)

    def plan(self, bounds: Sequence[Bound] = ()) -> StudyPlan:
        """Return what there is to be found out."""
        return StudyPlan(self.clocks, tuple(bounds), self.granularities)

    def with_bench(self, progress: Progress, act: Callable[[Bench], Any]) -> Any:
        """Do something with a bench that keeps its runs, and let its workers go."""
        with Bench(self.workload, store=run_store(), progress=progress) as bench:
            return act(bench)

    def ground(self, progress: Progress) -> Ground:
        """Explore, or find what was explored before.

        Raises
        ------
        DvfsError
            As `study.survey`.
        """
        key = (self.workload.digest, self.clocks.name, self.granularities)
        if key not in _known:
            _known[key] = self.with_bench(progress, lambda bench: survey(bench, self.plan()))
        return _known[key]

    def layers(self) -> list[dict[str, Any]]:
        """Return name, operator and multiply-accumulates of every layer."""
        tensors = self.network.tensors
        return [
            {
                "layer": index,
                "name": f"{index}: {layer.name}",
                "operator": packing.operator_of(layer, tensors).name.lower(),
                "macs": macs,
            }
            for index, (layer, macs) in enumerate(
                zip(self.network.layers, self.network.macs, strict=True)
            )
        ]

    def schedule_rows(self, schedule: Schedule) -> list[dict[str, Any]]:
        """Return the layers with what a schedule gives each, for `charts.schedule_strip`."""
        return [
            {
                **layer,
                "granularity": plan.granularity,
                "hfo": str(schedule.clocks[plan.hfo]),
                "lfo": None if plan.lfo is None else str(schedule.clocks[plan.lfo]),
                "sysclk_hz": schedule.clocks[plan.hfo].sysclk_hz(self.hse_hz),
            }
            for layer, plan in zip(self.layers(), schedule.layers, strict=True)
        ]
