"""What really happened on a virtual board, told by its marker pins and its clock controller.

The firmware moves the marker pins on GPIOE with one store at each boundary, as it would for a
logic analyser beside a current probe on the bench. A virtual board logs those stores with the
exact time, cycle count and energy; here they become stretches of time between two markers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from dvfs_kernel.link import abi
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.boards.emulator.trace import Counters

__all__ = [
    "ClockChange",
    "GroundTruth",
    "InferenceTruth",
    "MarkerEvent",
    "Piece",
    "Stretch",
    "WindowTruth",
]

_TRIGGER = 1 << abi.MARKER_PIN_TRIGGER
_WINDOW = 1 << abi.MARKER_PIN_WINDOW


@dataclass(frozen=True)
class MarkerEvent:
    """A store that moved GPIOE's pins, and the counters of the board just then.

    Parameters
    ----------
    time_ps
        Virtual time.
    cycles
        Core cycles since reset.
    energy_j
        Energy drawn since reset.
    odr
        The port's output data register after the store.
    counters
        What the core has counted since reset; None where a board cannot tell.
    instructions
        Instructions executed since reset; 0 where a board cannot tell.
    """

    time_ps: int
    cycles: int
    energy_j: float
    odr: int
    counters: Counters | None = None
    instructions: int = 0


@dataclass(frozen=True)
class ClockChange:
    """From ``time_ps`` on, SYSCLK runs at ``sysclk_hz`` from ``source`` (hsi, hse or pll).

    Parameters
    ----------
    current_a
        Supply current from then on.
    cycles, energy_j, counters
        The board's counters since reset, as for `MarkerEvent`.
    """

    time_ps: int
    sysclk_hz: int
    source: str
    current_a: float
    cycles: int = 0
    energy_j: float = 0.0
    counters: Counters | None = None


@dataclass(frozen=True)
class Piece:
    """A piece of a stretch through which SYSCLK did not change.

    Times in which the clock stands while it is switched belong to the clock that is left.
    """

    sysclk_hz: int
    source: str
    duration_ps: int
    cycles: int
    energy_j: float
    counters: Counters


@dataclass(frozen=True)
class Stretch:
    """The time between two markers: one segment of one layer.

    Parameters
    ----------
    layer
        Index of the layer; None before the first and after the last one.
    counters
        What the core counted meanwhile, of which the cost at any other clock follows; None where a
        board cannot tell.
    pieces
        The stretch, cut where SYSCLK changed; empty where a board has no counters.
    instructions
        Instructions executed meanwhile; 0 where a board cannot tell.
    odr
        The marker port's output register meanwhile.
    """

    layer: int | None
    segment: abi.Segment
    start_ps: int
    end_ps: int
    cycles: int
    energy_j: float
    counters: Counters | None = None
    pieces: tuple[Piece, ...] = ()
    instructions: int = 0
    odr: int = 0

    @property
    def duration_s(self) -> float:
        """Length of the stretch."""
        return (self.end_ps - self.start_ps) * 1e-12


@dataclass(frozen=True)
class InferenceTruth:
    """One inference, from the rising to the falling edge of the trigger pin."""

    stretches: tuple[Stretch, ...]
    clock_changes: tuple[ClockChange, ...]
    energy_j: float
    cycles: int

    def __repr__(self) -> str:
        return (
            f"<Ground truth of an inference: {self.duration_s * 1e3:.3f} ms, "
            f"{self.energy_j * 1e3:.3f} mJ, {len(self.stretches)} stretches>"
        )

    @property
    def start_ps(self) -> int:
        """When the trigger pin rose."""
        return self.stretches[0].start_ps

    @property
    def end_ps(self) -> int:
        """When the trigger pin fell."""
        return self.stretches[-1].end_ps

    @property
    def duration_s(self) -> float:
        """Virtual time of the inference."""
        return (self.end_ps - self.start_ps) * 1e-12

    def of_layers(self, first: int, last: int) -> InferenceTruth:
        """Return the part from the first stretch of one layer to the last stretch of another.

        Raises
        ------
        ValueError
            The markers show no such layers, as at profile level off.
        """
        chosen = tuple(
            stretch
            for stretch in self.stretches
            if stretch.layer is not None and first <= stretch.layer <= last
        )
        if not chosen:
            raise ValueError(f"no stretch of time belongs to layers {first} to {last}")
        begin_ps, end_ps = chosen[0].start_ps, chosen[-1].end_ps
        return InferenceTruth(
            stretches=chosen,
            clock_changes=_changes_between(self.clock_changes, begin_ps, end_ps),
            energy_j=ordered_sum(stretch.energy_j for stretch in chosen),
            cycles=sum(stretch.cycles for stretch in chosen),
        )

    def energy_of(self) -> dict[tuple[int | None, abi.Segment], float]:
        """Energy by layer and segment, in joules."""
        energy_j: dict[tuple[int | None, abi.Segment], float] = defaultdict(float)
        for stretch in self.stretches:
            energy_j[stretch.layer, stretch.segment] += stretch.energy_j
        return dict(energy_j)


@dataclass(frozen=True)
class WindowTruth:
    """One window: an inference and the idle time after it, between the edges of the window pin.

    Parameters
    ----------
    energy_j
        Of the whole window.
    idle_energy_j
        Of the window without its inference.
    clock_changes
        The clock at the start, then every change before the end; in Stop SYSCLK is 0 Hz.
    """

    start_ps: int
    end_ps: int
    energy_j: float
    inference: InferenceTruth
    idle_energy_j: float
    clock_changes: tuple[ClockChange, ...]

    @property
    def duration_s(self) -> float:
        """Length of the window."""
        return (self.end_ps - self.start_ps) * 1e-12


@dataclass(frozen=True)
class GroundTruth:
    """Everything since reset.

    Parameters
    ----------
    inferences
        The inferences that have ended, oldest first.
    windows
        The windows that have ended, oldest first; their inferences are among the others.
    clock_changes
        Every change of SYSCLK, oldest first; the first one is reset.
    energy_j
        Energy drawn since reset.
    instructions
        Instructions executed since reset.
    """

    inferences: tuple[InferenceTruth, ...]
    clock_changes: tuple[ClockChange, ...]
    energy_j: float
    instructions: int
    windows: tuple[WindowTruth, ...] = ()

    def __repr__(self) -> str:
        return f"<Ground truth of {len(self.inferences)} inferences, {len(self.windows)} windows>"

    @classmethod
    def from_trace(
        cls,
        markers: Iterable[MarkerEvent],
        clock_changes: Sequence[ClockChange],
        energy_j: float,
        instructions: int,
    ) -> GroundTruth:
        """Cut the log of the marker pins into inferences, windows and stretches."""
        events = list(markers)
        inferences = {
            inside[0].time_ps: _inference(inside, clock_changes)
            for inside in _while_high(events, _TRIGGER)
        }
        windows = []
        for inside in _while_high(events, _WINDOW):
            begun = next((marker for marker in inside if marker.odr & _TRIGGER), None)
            if begun is not None and begun.time_ps in inferences:
                windows.append(_window(inside, inferences[begun.time_ps], clock_changes))
        return cls(
            tuple(inferences.values()),
            tuple(clock_changes),
            energy_j,
            instructions,
            tuple(windows),
        )


def _while_high(markers: Sequence[MarkerEvent], pin: int) -> Iterable[list[MarkerEvent]]:
    """Yield the markers of each time that a pin was high, both its edges included."""
    current: list[MarkerEvent] = []
    for marker in markers:
        high = bool(marker.odr & pin)
        if high or current:
            current.append(marker)
        if current and not high:
            yield current
            current = []


def _changes_between(
    changes: Sequence[ClockChange], begin_ps: int, end_ps: int
) -> tuple[ClockChange, ...]:
    """Return the clock in force at the beginning, then every change before the end."""
    before = [change for change in changes if change.time_ps <= begin_ps][-1:]
    within = [change for change in changes if begin_ps < change.time_ps < end_ps]
    return (*before, *within)


def _inference(
    markers: Sequence[MarkerEvent], clock_changes: Sequence[ClockChange]
) -> InferenceTruth:
    stretches = []
    layers = _layers(markers)
    first, last = markers[0], markers[-1]
    changes = _changes_between(clock_changes, first.time_ps, last.time_ps)
    cutter = _Cutter(changes)
    for (begin, end), layer in zip(pairwise(markers), layers, strict=True):
        code = begin.odr >> abi.MARKER_PIN_SEGMENT0 & 1
        code |= (begin.odr >> abi.MARKER_PIN_SEGMENT1 & 1) << 1
        stretches.append(
            Stretch(
                layer=layer,
                segment=abi.Segment(code),
                start_ps=begin.time_ps,
                end_ps=end.time_ps,
                cycles=end.cycles - begin.cycles,
                energy_j=end.energy_j - begin.energy_j,
                counters=_counted(begin.counters, end.counters),
                pieces=tuple(cutter.pieces(begin, end)),
                instructions=end.instructions - begin.instructions,
                odr=begin.odr,
            )
        )
    return InferenceTruth(
        stretches=tuple(stretches),
        clock_changes=changes,
        energy_j=last.energy_j - first.energy_j,
        cycles=last.cycles - first.cycles,
    )


class _Cutter:
    """Cuts stretches, taken in the order of time, where SYSCLK changed."""

    def __init__(self, changes: Sequence[ClockChange]) -> None:
        self._changes = changes
        self._next = 1  # the first one is the clock in force at the beginning

    def pieces(self, begin: MarkerEvent, end: MarkerEvent) -> Iterable[Piece]:
        """Yield the pieces between two markers."""
        moment: MarkerEvent | ClockChange = begin
        while moment is not end and self._changes:
            self._skip_until(moment.time_ps)
            clock = self._changes[self._next - 1]
            later: MarkerEvent | ClockChange = end
            if self._next < len(self._changes) and self._changes[self._next].time_ps < end.time_ps:
                later = self._changes[self._next]
            counters = _counted(moment.counters, later.counters)
            if counters is None:
                return
            yield Piece(
                clock.sysclk_hz,
                clock.source,
                later.time_ps - moment.time_ps,
                later.cycles - moment.cycles,
                later.energy_j - moment.energy_j,
                counters,
            )
            moment = later

    def _skip_until(self, time_ps: int) -> None:
        """Pass the changes up to a time, that time included."""
        while self._next < len(self._changes) and self._changes[self._next].time_ps <= time_ps:
            self._next += 1


def _window(
    markers: Sequence[MarkerEvent],
    inference: InferenceTruth,
    clock_changes: Sequence[ClockChange],
) -> WindowTruth:
    first, last = markers[0], markers[-1]
    energy_j = last.energy_j - first.energy_j
    return WindowTruth(
        start_ps=first.time_ps,
        end_ps=last.time_ps,
        energy_j=energy_j,
        inference=inference,
        idle_energy_j=energy_j - inference.energy_j,
        clock_changes=_changes_between(clock_changes, first.time_ps, last.time_ps),
    )


def _counted(begin: Counters | None, end: Counters | None) -> Counters | None:
    return None if begin is None or end is None else end.since(begin)


def _layers(markers: Sequence[MarkerEvent]) -> list[int | None]:
    """Return the layer of each stretch, by the layer pin, which shows the number's lowest bit.

    Only stores that change a pin are logged. So where the first of them shows layer 1, layer 0
    began unseen with the trigger; and the pin moves once more behind the last layer.
    """
    parities = [marker.odr >> abi.MARKER_PIN_LAYER & 1 for marker in markers[1:-1]]
    if not parities:
        return [None]
    numbers = list(accumulate((a ^ b for a, b in pairwise(parities)), initial=parities[0]))
    layers: list[int | None] = [0 if parities[0] else None, *numbers]
    ended = len(numbers) > 1 and numbers[-1] != numbers[-2]
    return [*layers[:-1], None] if ended else layers
