"""The same image and schedules on the embedded engine and on Renode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.renode import installation
from dvfs_kernel.boards.renode.board import RenodeBoard
from dvfs_kernel.boards.renode.cost_table import table_rows
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.evidence.cross_check.comparison import WITHIN, Comparison, EngineRun, compare
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import LayerPlan, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from dvfs_kernel.boards.renode.board import Fidelity
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["FIDELITIES", "CrossCheck", "cross_check", "usual_schedules"]

SCHEMA = "dvfs-kernel/cross-check"
SCHEMA_VERSION = 1

#: Levels of fidelity, the one that has to agree first.
FIDELITIES: tuple[Fidelity, ...] = ("cycles", "fast")
#: Devices whose register traffic has to be the same: those of the clock tree.
WATCHED = ("rcc", "pwr", "flashController")

_GRANULARITY = 8


@dataclass(frozen=True)
class CrossCheck:
    """Every schedule at every level.

    Parameters
    ----------
    table
        What the first schedule takes on the embedded engine, as `table_rows` writes it.
    """

    network: str
    comparisons: tuple[Comparison, ...]
    table: str

    def verify(self) -> None:
        """Raise where the engines disagree.

        Raises
        ------
        VerificationError
            Outputs, register traffic, or instructions differ, or at `cycles` time or energy of a
            segment is off by more than `WITHIN`. Of instructions a block more or less is no
            difference, nor what a wait for the PLL takes.
        """
        failures = [text for comparison in self.comparisons for text in comparison.failures()]
        if failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            raise VerificationError(f"the engines disagree: {failures[0]}{more}")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": self.network,
            "within": WITHIN,
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
        }


def usual_schedules(network: Network, hse_hz: int) -> dict[str, Schedule]:
    """Return what is compared: no change of clock, hops within layers, relocks between them."""
    fast = ClockSetting.fastest(hse_hz)
    slower = replace(fast, plln=fast.plln * 3 // 4)
    count = len(network.layers)
    return {
        "one clock": Schedule.uniform(count, hse_hz),
        "hops": Schedule.uniform(
            count,
            hse_hz,
            lfo=ClockSetting("hse"),
            granularity=dae_granularities(network, _GRANULARITY),
        ),
        "relocks": Schedule(
            hse_hz, (fast, slower), tuple(LayerPlan(0, layer % 2) for layer in range(count))
        ),
    }


def cross_check(
    network: Network,
    data: npt.NDArray[Any],
    spec: BoardSpec,
    *,
    schedules: Mapping[str, Schedule] | None = None,
    fidelities: Sequence[Fidelity] = FIDELITIES,
    progress: Progress | None = None,
) -> CrossCheck:
    """Run every schedule on the embedded engine and at every level on Renode.

    Parameters
    ----------
    spec
        HSE and lock latency of the boards; its kind does not matter.
    schedules
        By default `usual_schedules`.
    progress
        Told of engines and layers.

    Raises
    ------
    RenodeUnavailableError
        Renode or pyrenode3 is not there.
    """
    installation.find()  # its absence is to be told before the first run
    with VirtualBoard(hse_hz=spec.hse_hz, pll_lock=spec.pll_lock) as embedded:
        schedules = schedules or usual_schedules(network, embedded.hse_hz)
        here = _runs(embedded, network, data, schedules, progress)
    comparisons = []
    for fidelity in fidelities:
        with RenodeBoard(fidelity=fidelity, hse_hz=spec.hse_hz, pll_lock=spec.pll_lock) as board:
            there = _runs(board, network, data, schedules, progress)
        comparisons += [compare(name, fidelity, here[name], there[name]) for name in schedules]
    first = next(iter(here.values()))
    return CrossCheck(network.name, tuple(comparisons), table_rows(first.truth))


def _runs(
    board: VirtualBoard | RenodeBoard,
    network: Network,
    data: npt.NDArray[Any],
    schedules: Mapping[str, Schedule],
    progress: Progress | None,
) -> dict[str, EngineRun]:
    """Run every schedule, each after a reset, behind one run that warms the engine up."""
    runs = {}
    deployment = Deployment(network, board, by_debugger=True, progress=progress)
    deployment.infer(data, next(iter(schedules.values())))
    for name, schedule in schedules.items():
        deployment.restart()
        board.record_traffic(WATCHED)
        result = deployment.infer(data, schedule)
        unknown = board.unknown_pieces if isinstance(board, RenodeBoard) else 0
        runs[name] = EngineRun(result, tuple(board.traffic()), unknown)
    return runs
