"""``dvfs.explore``: what every layer costs at every granularity and clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from dvfs_kernel.api.arguments.making import Making, open_bench, takes_making
from dvfs_kernel.api.arguments.study_plan import check_study, study_plan
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.rows import Tabled
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from dvfs_kernel.api.arguments.study_plan import ClocksLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.storage.rows import Row
    from dvfs_kernel.studies.study import Ground

__all__ = ["ExplorationResult", "LayerOptions", "explore"]


@dataclass(frozen=True, repr=False)
class LayerOptions(Tabled):
    """A layer, and every option that it has.

    Parameters
    ----------
    options
        One for each granularity, clock and LFO: ``granularity``, ``state``, ``hfo``, ``lfo``,
        ``sysclk_hz``, ``time_s``, ``energy_j``, ``cycles``, ``pareto``, ``pareto_in_state``, …
    """

    index: int
    name: str
    operator: str
    macs: int
    options: tuple[Row, ...]

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self.options):,} options, {len(self.pareto)} of them Pareto>"

    @property
    def rows(self) -> tuple[Row, ...]:
        """The options."""
        return self.options

    @property
    def pareto(self) -> list[Row]:
        """The options than which none is both quicker and more frugal, quickest first."""
        return sorted((row for row in self.options if row["pareto"]), key=lambda row: row["time_s"])

    @property
    def quickest(self) -> Row:
        """The option of least time."""
        return min(self.options, key=lambda row: row["time_s"])

    @property
    def cheapest(self) -> Row:
        """The option of least energy."""
        return min(self.options, key=lambda row: row["energy_j"])

    def at(self, sysclk_hz: float, granularity: int = 0, lfo: str = "") -> Row:
        """Return the cheapest option at a SYSCLK.

        Parameters
        ----------
        granularity
            Of the DAE form; 0: interleaved.
        lfo
            ``"hse"`` where memory segments run on the HSE; empty where the layer does not hop.

        Raises
        ------
        ScheduleError
            There is none.
        """
        found = [
            row
            for row in self.options
            if (row["sysclk_hz"], row["granularity"], row["lfo"]) == (sysclk_hz, granularity, lfo)
        ]
        if not found:
            clocks = sorted({row["sysclk_hz"] for row in self.options})
            raise ScheduleError(
                f"{self.name} has no option at {megahertz(sysclk_hz)} with granularity "
                f"{granularity}{' and LFO ' + lfo if lfo else ''}; granularities are "
                f"{', '.join(map(str, sorted({row['granularity'] for row in self.options})))}, "
                f"SYSCLKs {', '.join(map(megahertz, clocks))}"
            )
        return min(found, key=lambda row: float(row["energy_j"]))


@dataclass(frozen=True, eq=False, repr=False)
class ExplorationResult(Tabled):
    """Every option of every layer, what clock changes and idling cost, and how far that is true.

    Parameters
    ----------
    workload
        Network, input and board.
    ground
        What was found out.
    """

    workload: Workload
    ground: Ground

    def __repr__(self) -> str:
        exploration = self.ground.exploration
        return (
            f"<Exploration of {self.workload.network.name}: {len(exploration.options):,} options "
            f"of {exploration.layers} layers in {len(exploration.space.states)} clock states>"
        )

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One row a layer, granularity, clock and LFO, as ``dvfs explore --output`` writes them."""
        from dvfs_kernel.exploration.table import rows

        return tuple(rows(self.ground.exploration, self.workload))

    @cached_property
    def layers(self) -> ByName[LayerOptions]:
        """The layers, by name or number."""
        by_layer: dict[int, list[Row]] = {}
        for row in self.rows:
            by_layer.setdefault(row["layer"], []).append(row)
        return ByName(
            LayerOptions(index, row[0]["name"], row[0]["operator"], row[0]["macs"], tuple(row))
            for index, row in by_layer.items()
        )

    @property
    def baseline_latency_s(self) -> float:
        """What relative bounds count from: everything interleaved, on the fastest clock."""
        return self.ground.baseline.latency_s

    def verify(self) -> None:
        """Refuse an exploration that runs at other clocks do not bear out.

        Raises
        ------
        VerificationError
            Names the first sample that is off.
        """
        self.ground.check.verify()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write `rows` as CSV; return the path."""
        target = Path(path)
        write_atomically(target, tables.to_csv(self.rows).encode())
        return target

    def _repr_html_(self) -> str:
        ends = [
            {
                "layer": layer.index,
                "name": layer.name,
                "options": len(layer.options),
                "Pareto": len(layer.pareto),
                "quickest": layer.quickest["state"],
                "quickest_time_s": layer.quickest["time_s"],
                "quickest_energy_j": layer.quickest["energy_j"],
                "most frugal": layer.cheapest["state"],
                "most_frugal_time_s": layer.cheapest["time_s"],
                "most_frugal_energy_j": layer.cheapest["energy_j"],
            }
            for layer in self.layers
        ]
        return tables.to_html(repr(self)[1:-1], ends)


@takes_making
def explore(
    network: NetworkLike,
    *,
    clocks: ClocksLike = "default",
    granularities: Sequence[int] | None = None,
    **making: Unpack[Making],
) -> ExplorationResult:
    """Explore a network: time and energy of every layer at every granularity and clock.

    Each run is made once: what is kept is found again, by the command line too.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    clocks
        Name of a list of clocks (``"paper"``, ``"edges"``, ``"default"``, ``"all"``), or settings
        such as ``"pll:25/216/2,pll:25/100/2"``.
    granularities
        Granularities of the DAE form to choose from; 0, the interleaved form, is always among them.
        By default those of the paper that some layer can have; one that is named and that no layer
        can have is refused.
    **making
        On which board runs are made, by whom, and where they are kept: see `Making`.

    Raises
    ------
    ClockError, ScheduleError
        The design space is empty or does not fit the board.
    DvfsError
        As `load`, `open_board`, and whatever a run ended with.
    """
    check_study(making, clocks, granularities)
    with open_bench(network, **making) as bench:
        from dvfs_kernel.studies import survey

        plan = study_plan(bench.hse_hz, clocks, granularities)
        return ExplorationResult(bench.workload, survey(bench, plan))
