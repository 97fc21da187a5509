"""One layer alone, at every granularity and clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.exploration.design_space import HSE, DesignSpace
from dvfs_kernel.exploration.exploration import explore, reference_jobs
from dvfs_kernel.exploration.runs.bench import Bench
from dvfs_kernel.exploration.runs.executors import HERE
from dvfs_kernel.exploration.runs.workload import Workload
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.networks.single_layer import single_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.exploration.runs.store import Store
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["LayerStudy", "study_layer"]

_MISSES = ("dcache_flash_misses", "dcache_sram_misses")


@dataclass(frozen=True, eq=False)
class LayerStudy:
    """A layer's options, and what it counted at each granularity.

    Parameters
    ----------
    workload
        A network of that layer alone.
    records
        The run of each granularity, without and with hops to the HSE.
    """

    workload: Workload
    exploration: Exploration
    records: dict[tuple[int, bool], Record]

    @property
    def granularities(self) -> tuple[int, ...]:
        """Those that the layer can have."""
        return self.exploration.space.fits[0]

    def points(self) -> list[dict[str, Any]]:
        """Return every option as plain values, in SI units.

        ``dcache_misses`` are line fills of the data cache; they do not depend on the clock.
        """
        space = self.exploration.space
        return [
            {
                "granularity": int(row["granularity"]),
                "clock": str(space.states[row["state"]]),
                "sysclk_hz": space.states[row["state"]].setting.sysclk_hz(space.hse_hz),
                "lfo": str(HSE) if row["hops"] else None,
                "time_s": float(row["time_s"]),
                "energy_j": float(row["energy_j"]),
                "power_w": float(row["energy_j"] / row["time_s"]),
                "dcache_misses": self._misses(int(row["granularity"]), hops=bool(row["hops"])),
            }
            for row in self.exploration.options
        ]

    def _misses(self, granularity: int, *, hops: bool) -> int:
        record = self.records[granularity, hops]
        columns = [record.counter_names.index(name) for name in _MISSES]
        return int(record.counters[0, :, columns].sum())

    def schedule(self, granularity: int, hfo: ClockSetting, *, hops: bool) -> Schedule:
        """Return the schedule of one option."""
        clocks = (hfo, HSE) if hops and granularity else (hfo,)
        plan = LayerPlan(granularity, 0, 1 if len(clocks) > 1 else None)
        return Schedule(self.exploration.space.hse_hz, clocks, (plan,))


def study_layer(
    network: Network,
    layer: int,
    board: BoardSpec,
    clocks: Sequence[ClockSetting],
    hse_hz: int,
    granularities: Sequence[int],
    *,
    store: Store | None = None,
    progress: Progress | None = None,
) -> LayerStudy:
    """Run one layer alone at each granularity that fits it, and work out every clock.

    Parameters
    ----------
    granularities
        Those that do not fit the layer are left out.

    Raises
    ------
    NetworkError
        The layer cannot stand alone.
    DvfsError
        As `Bench.run`.
    """
    alone = single_layer(network, layer)
    workload = Workload.of(alone, board)
    fitting = [g for g in granularities if workload.image.fits(0, g)]
    space = DesignSpace.of(workload, hse_hz, clocks, fitting)
    only_pll = tuple(s for s in space.states if s.runs_on_pll)
    slow = tuple(ClockState.of(HSE) for _ in range(HSE in clocks))
    space = DesignSpace(
        space.hse_hz, (*slow, *only_pll), space.granularities, space.fits, space.hops
    )
    jobs = reference_jobs(space)
    with Bench(workload, store=store, executor=HERE, progress=progress) as bench:
        records = dict(zip(jobs, bench.run(list(jobs.values()), "granularities"), strict=True))
        exploration = explore(bench, space)
    return LayerStudy(workload, exploration, records)
