"""The same image and schedule on the embedded engine and on Renode, held against each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dvfs_kernel.boards import renode_install
from dvfs_kernel.boards.cost_table import table_rows
from dvfs_kernel.boards.renode import RenodeBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks import ClockSetting
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.inference import Deployment, dae_granularities
from dvfs_kernel.schedule import LayerPlan, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from dvfs_kernel import abi
    from dvfs_kernel.boards.base import Emulation
    from dvfs_kernel.boards.renode import Fidelity
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.ground_truth import InferenceTruth, Stretch
    from dvfs_kernel.inference import InferenceResult
    from dvfs_kernel.network import Network
    from dvfs_kernel.session import Progress

__all__ = [
    "FIDELITIES",
    "WITHIN",
    "Comparison",
    "CrossCheck",
    "EngineRun",
    "Part",
    "compare",
    "cross_check",
    "usual_schedules",
]

T = TypeVar("T")

SCHEMA = "dvfs-kernel/cross-check"
SCHEMA_VERSION = 1

#: Levels of fidelity, the one that has to agree first.
FIDELITIES: tuple[Fidelity, ...] = ("cycles", "fast")
#: How far time and energy of a layer's segment may be off at `cycles`, as a part of it.
WITHIN = 0.01
#: Devices whose register traffic has to be the same: those of the clock tree.
WATCHED = ("rcc", "pwr", "flashController")

# A count of instructions at a marker is as of the begin (Renode) or the end (embedded engine) of a
# block of straight code. Two stretches whose ends are marked by different stores differ by as much.
_BLOCK_INSTRUCTIONS = 64
_GRANULARITY = 8


@dataclass(frozen=True)
class EngineRun:
    """One inference on one engine.

    Parameters
    ----------
    traffic
        Accesses to `WATCHED` devices since the board was opened, as `TrafficLog` writes them.
    unknown_pieces
        Pieces so far that a table of costs did not know.
    """

    result: InferenceResult
    traffic: tuple[str, ...]
    unknown_pieces: int = 0

    @property
    def truth(self) -> InferenceTruth:
        """The log of the inference; both engines have one."""
        truth = self.result.inference_truth
        assert truth is not None
        return truth


@dataclass(frozen=True)
class Part:
    """All stretches of one segment of one layer, on the embedded engine and on Renode.

    Parameters
    ----------
    layer
        None before the first layer and after the last one.
    stretches
        How many.
    """

    layer: int | None
    segment: abi.Segment
    stretches: int
    instructions: tuple[int, int]
    time_s: tuple[float, float]
    energy_j: tuple[float, float]

    @property
    def time_deviation(self) -> float:
        """Renode's time against the embedded engine's, less 1."""
        return _deviation(self.time_s)

    @property
    def energy_deviation(self) -> float:
        """Renode's energy against the embedded engine's, less 1."""
        return _deviation(self.energy_j)


@dataclass(frozen=True)
class Comparison:
    """One schedule at one level of fidelity.

    Parameters
    ----------
    outputs_equal
        Whether every byte of every output tensor is the same.
    traffic_difference
        The first access to the clock tree that differs; empty where none does.
    parts
        In the order of their first stretch.
    unknown_pieces
        Pieces that the table of costs did not know, at `cycles`.
    instructions, time_s, energy_j
        Of the whole inference, on the embedded engine and on Renode.
    emulation
        What emulating took; at `cycles` Renode's has the embedded engine's in it.
    """

    schedule: str
    fidelity: Fidelity
    outputs_equal: bool
    traffic_difference: str
    parts: tuple[Part, ...]
    unknown_pieces: int
    instructions: tuple[int, int]
    time_s: tuple[float, float]
    energy_j: tuple[float, float]
    emulation: tuple[Emulation, Emulation]

    @property
    def time_deviation(self) -> float:
        """Of the whole inference."""
        return _deviation(self.time_s)

    @property
    def energy_deviation(self) -> float:
        """Of the whole inference."""
        return _deviation(self.energy_j)

    def failures(self) -> Iterator[str]:
        """Tell what does not agree as it should."""
        where = f"{self.schedule} at {self.fidelity}"
        if not self.outputs_equal:
            yield f"{where}: the output tensors differ"
        if self.unknown_pieces:
            yield f"{where}: {self.unknown_pieces} pieces are not in the table of costs"
        if self.traffic_difference:
            yield f"{where}: register traffic differs: {self.traffic_difference}"
        for part in self.parts:
            ours, theirs = part.instructions
            if abs(theirs - ours) > _BLOCK_INSTRUCTIONS * part.stretches:
                yield f"{where}, {_name(part)}: {ours} instructions here, {theirs} on Renode"
            if self.fidelity != "cycles":
                continue
            for what, deviation in (
                ("time", part.time_deviation),
                ("energy", part.energy_deviation),
            ):
                if abs(deviation) > WITHIN:
                    yield f"{where}, {_name(part)}: {what} is off by {deviation:+.2%}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "schedule": self.schedule,
            "fidelity": self.fidelity,
            "outputs_equal": self.outputs_equal,
            "traffic_difference": self.traffic_difference or None,
            "unknown_pieces": self.unknown_pieces,
            "instructions": list(self.instructions),
            "time_s": list(self.time_s),
            "energy_j": list(self.energy_j),
            "emulation": [emulation.to_dict() for emulation in self.emulation],
            "parts": [
                {
                    "layer": part.layer,
                    "segment": part.segment.name.lower(),
                    "stretches": part.stretches,
                    "instructions": list(part.instructions),
                    "time_s": list(part.time_s),
                    "energy_j": list(part.energy_j),
                }
                for part in self.parts
            ],
        }


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
            segment is off by more than `WITHIN`.
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
    renode_install.find()  # its absence is to be told before the first run
    embedded = VirtualBoard(hse_hz=spec.hse_hz, pll_lock=spec.pll_lock)
    schedules = schedules or usual_schedules(network, embedded.hse_hz)
    here = _runs(embedded, network, data, schedules, progress)
    comparisons = []
    for fidelity in fidelities:
        board = RenodeBoard(fidelity=fidelity, hse_hz=spec.hse_hz, pll_lock=spec.pll_lock)
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
    with board:
        deployment = Deployment(network, board, by_debugger=True, progress=progress)
        deployment.infer(data, next(iter(schedules.values())))
        for name, schedule in schedules.items():
            deployment.restart()
            board.record_traffic(WATCHED)
            result = deployment.infer(data, schedule)
            unknown = board.unknown_pieces if isinstance(board, RenodeBoard) else 0
            runs[name] = EngineRun(result, tuple(board.traffic()), unknown)
    return runs


def compare(schedule: str, fidelity: Fidelity, here: EngineRun, there: EngineRun) -> Comparison:
    """Hold a run on Renode against one on the embedded engine.

    Raises
    ------
    VerificationError
        The runs do not consist of the same stretches.
    """
    equal = all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(here.result.outputs, there.result.outputs, strict=True)
    )
    emulation = here.result.emulation, there.result.emulation
    assert emulation[0] is not None
    assert emulation[1] is not None
    truths = here.truth, there.truth
    return Comparison(
        schedule=schedule,
        fidelity=fidelity,
        outputs_equal=equal,
        traffic_difference=_first_difference(here.traffic, there.traffic),
        parts=_parts(*truths),
        unknown_pieces=there.unknown_pieces,
        instructions=_pair(sum(s.instructions for s in truth.stretches) for truth in truths),
        time_s=_pair(truth.duration_s for truth in truths),
        energy_j=_pair(truth.energy_j for truth in truths),
        emulation=(emulation[0], emulation[1]),
    )


def _parts(here: InferenceTruth, there: InferenceTruth) -> tuple[Part, ...]:
    ours, theirs = _by_segment(here), _by_segment(there)
    if {key: len(found) for key, found in ours.items()} != {
        key: len(found) for key, found in theirs.items()
    }:
        raise VerificationError(
            f"the engines do not run the same stretches: {len(here.stretches)} on the embedded "
            f"engine, {len(there.stretches)} on Renode"
        )
    return tuple(
        Part(
            layer,
            segment,
            len(found),
            _pair(sum(s.instructions for s in side) for side in (found, theirs[layer, segment])),
            _pair(sum(s.duration_s for s in side) for side in (found, theirs[layer, segment])),
            _pair(sum(s.energy_j for s in side) for side in (found, theirs[layer, segment])),
        )
        for (layer, segment), found in ours.items()
    )


def _by_segment(truth: InferenceTruth) -> dict[tuple[int | None, abi.Segment], list[Stretch]]:
    found: dict[tuple[int | None, abi.Segment], list[Stretch]] = defaultdict(list)
    for stretch in truth.stretches:
        found[stretch.layer, stretch.segment].append(stretch)
    return found


def _first_difference(here: Sequence[str], there: Sequence[str]) -> str:
    for number, (ours, theirs) in enumerate(zip_longest(here, there, fillvalue="nothing")):
        if ours != theirs:
            return f"access {number} is {ours} on the embedded engine, {theirs} on Renode"
    return ""


def _pair(values: Iterable[T]) -> tuple[T, T]:
    here, there = values
    return here, there


def _deviation(pair: tuple[float, float]) -> float:
    here, there = pair
    return there / here - 1 if here else 0.0 if there == here else float("inf")


def _name(part: Part) -> str:
    layer = "outside layers" if part.layer is None else f"layer {part.layer}"
    return f"{layer}, {part.segment.name.lower()}"
