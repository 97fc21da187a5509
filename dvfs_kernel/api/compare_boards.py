"""``dvfs.compare_boards``: a board beside the virtual one, segment by segment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.board import load_profile, opened
from dvfs_kernel.api.measure import read_shunt
from dvfs_kernel.api.network import input_of, load
from dvfs_kernel.errors import ScheduleError, SensorMissingError
from dvfs_kernel.storage import rows as tables
from renode_platform.devices.datasheet import SHUNT_OHM

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.board import Ask, BoardName, ProfileLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.evidence.comparison.boards import (
        Comparison,
        LayerComparison,
        ScheduleComparison,
    )
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.networks.by_name import ByName
    from dvfs_kernel.storage.rows import Row

__all__ = ["ComparisonResult", "compare_boards"]


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonResult(tables.Tabled):
    """The same image and schedules on two boards.

    Parameters
    ----------
    comparison
        Everything that was found.
    sensor_missing
        Whether energies were asked for, but no INA219 answered.
    """

    comparison: Comparison
    sensor_missing: bool = False

    def __repr__(self) -> str:
        mine, other = self.boards
        worst = max((schedule.time_off for schedule in self.schedules), key=abs)
        same = all(schedule.same_output for schedule in self.schedules)
        return (
            f"<{self.comparison.network.name} on {mine} and {other}: {len(self.schedules)} "
            f"schedules, times up to {worst:+.2%} off, "
            f"{'the same outputs' if same else 'outputs DIFFER'}>"
        )

    @property
    def boards(self) -> tuple[str, str]:
        """The board that is looked at, and the one that it is held against."""
        return self.comparison.boards

    @property
    def schedules(self) -> tuple[ScheduleComparison, ...]:
        """What was run."""
        return self.comparison.schedules

    def schedule(self, name: str) -> ScheduleComparison:
        """Return one of the schedules by its name.

        Raises
        ------
        ScheduleError
            None has that name.
        """
        for schedule in self.schedules:
            if schedule.name == name:
                return schedule
        names = "; ".join(schedule.name for schedule in self.schedules)
        raise ScheduleError(f"{name!r} was not run; run were {names}")

    def layers(self, schedule: str) -> ByName[LayerComparison]:
        """Return the layers under a schedule, by name or number; as of `schedule`."""
        return self.schedule(schedule).layers

    @property
    def rows(self) -> list[Row]:
        """One row a schedule, layer and kind of segment, of both boards."""
        return [
            {
                "schedule": schedule.name,
                "layer": segment.layer,
                "name": segment.name,
                "segment": segment.segment.name.lower(),
                "clock": segment.clock,
                "cycles": segment.cycles[0],
                "other_cycles": segment.cycles[1],
                "time_s": segment.time_s[0],
                "other_time_s": segment.time_s[1],
                "time_off": segment.time_off,
            }
            for schedule in self.schedules
            for segment in schedule.segments
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs validate --board`` writes it beside its page."""
        return self.comparison.to_dict()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write a page, its drawing and all numbers as JSON.

        Parameters
        ----------
        folder
            Made where it is missing.

        Returns
        -------
        Path
            Of ``comparison.html``.
        """
        from dvfs_kernel.report.comparison_page import write_comparison

        return write_comparison(Path(folder), self.comparison)

    def _repr_html_(self) -> str:
        rows = [
            {
                "schedule": schedule.name,
                "time_s": schedule.runs[0].time_s,
                "other_time_s": schedule.runs[1].time_s,
                "time_off": schedule.time_off,
                "energy_off": schedule.energy_off,
                "same_output": schedule.same_output,
            }
            for schedule in self.schedules
        ]
        return tables.to_html(repr(self)[1:-1], rows)


def compare_boards(
    board: BoardName | Board,
    *,
    network: NetworkLike = "vww",
    energy: bool = True,
    shunt: str | float = SHUNT_OHM,
    profile: ProfileLike = None,
    progress: Shown = True,
    ask: Ask = None,
) -> ComparisonResult:
    """Run a network on a board and on the virtual one, and tell where they differ.

    The same image and schedules run on both. The command line calls it ``dvfs validate --board``.

    Parameters
    ----------
    board
        Name of a board, such as ``"nucleo"``, or one that is open: that one stays open.
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    energy
        Measure by the board's INA219; where none answers, energies are left out, and
        ``sensor_missing`` of the result tells.
    shunt
        Of its sensor, in ohms or as text such as ``"100mohm"``; 0.001 … 10 ohm.
    profile
        Of the virtual board: a board profile, or the path of its file.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.
    ask
        As of `dvfs.open_board`.

    Returns
    -------
    ComparisonResult
        Of each pair the first is of the board that is looked at; times in seconds, energies in
        joules. Its ``save`` writes a page.

    Raises
    ------
    ArgumentError
        The shunt is out of its range.
    DvfsError
        As `dvfs.infer`.
    """
    shunt_ohm = read_shunt(shunt)
    own_profile = load_profile(profile)
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.boards.virtual import VirtualBoard
    from dvfs_kernel.evidence.comparison import compare, usual_schedules
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.inference.deployed_network import Deployment

    loaded = load(network)
    data = input_of(loaded, None)
    with opened(board, ask=ask) as own, shown_progress(progress) as shown:
        mine = Deployment(loaded, own, progress=shown)
        ammeter = _present(mine, Ammeter(shunt_ohm=shunt_ohm)) if energy else None
        with VirtualBoard(hse_hz=own.hse_hz, profile=own_profile) as other:
            found = compare(
                mine,
                Deployment(loaded, other, by_debugger=True),
                data,
                usual_schedules(loaded, own.hse_hz),
                ammeter=ammeter,
                progress=shown,
            )
    return ComparisonResult(found, sensor_missing=energy and ammeter is None)


def _present(deployment: Deployment, ammeter: Ammeter) -> Ammeter | None:
    """Return the sensor if it answers."""
    try:
        ammeter.supply_v(deployment.session)
    except SensorMissingError:
        return None
    return ammeter
