"""Two runs of one schedule, on the embedded engine and on Renode, held against each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dvfs_kernel.errors import VerificationError
from dvfs_kernel.link import abi
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dvfs_kernel.boards.base import Emulation
    from dvfs_kernel.boards.ground_truth import InferenceTruth, Stretch
    from dvfs_kernel.boards.renode.board import Fidelity
    from dvfs_kernel.inference.result import InferenceResult

__all__ = ["WITHIN", "Comparison", "EngineRun", "Part", "compare"]

T = TypeVar("T")

#: How far time and energy of a layer's segment may be off at `cycles`, as a part of it.
WITHIN = 0.01

# A count of instructions at a marker is as of the begin (Renode) or the end (embedded engine) of
# the block of straight code around it: a stretch may have a block more, and the next one less.
_BLOCK_INSTRUCTIONS = 64
# A wait for the PLL's lock ends a pass of its loop sooner or later, and at `fast` has other passes.
_WAIT_WITHIN = 0.02


@dataclass(frozen=True)
class EngineRun:
    """One inference on one engine.

    Parameters
    ----------
    traffic
        Accesses to the devices of the clock tree since reset, as `TrafficLog` writes them.
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
    def instruction_difference(self) -> int:
        """Renode's instructions less the embedded engine's."""
        here, there = self.instructions
        return there - here

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
            if not self._executes_the_same(part):
                ours, theirs = part.instructions
                yield f"{where}, {_name(part)}: {ours} instructions here, {theirs} on Renode"
            if self.fidelity != "cycles":
                continue
            for what, deviation in (
                ("time", part.time_deviation),
                ("energy", part.energy_deviation),
            ):
                if abs(deviation) > WITHIN:
                    yield f"{where}, {_name(part)}: {what} is off by {deviation:+.2%}"

    def _executes_the_same(self, part: Part) -> bool:
        if part.segment is abi.Segment.SWITCHING and self.fidelity == "fast":
            return True
        ours, _ = part.instructions
        waits = ours * _WAIT_WITHIN if part.segment is abi.Segment.SWITCHING else 0
        blocks = _BLOCK_INSTRUCTIONS * part.stretches
        return abs(part.instruction_difference) <= max(blocks, waits)

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
            _pair(
                ordered_sum(s.duration_s for s in side) for side in (found, theirs[layer, segment])
            ),
            _pair(
                ordered_sum(s.energy_j for s in side) for side in (found, theirs[layer, segment])
            ),
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
