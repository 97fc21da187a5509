"""The log of a virtual board's marker pins and clock, in bounded memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dvfs_kernel.boards.ground_truth import ClockChange, GroundTruth, MarkerEvent
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.trace import Trace

__all__ = ["TraceLog"]

_TRIGGER = 1 << abi.MARKER_PIN_TRIGGER
_LAYER = 1 << abi.MARKER_PIN_LAYER
_WINDOW = 1 << abi.MARKER_PIN_WINDOW
_SEGMENT = 1 << abi.MARKER_PIN_SEGMENT0 | 1 << abi.MARKER_PIN_SEGMENT1
_PINS = _TRIGGER | _LAYER | _WINDOW | _SEGMENT
# A large network at g = 2 takes some forty thousand; then whole inferences are forgotten. Pins that
# never end an inference are no markers of ours: of these the oldest half is.
_MARKERS_KEPT = 200_000


class TraceLog:
    """Takes what the engine traces, and forgets the oldest of very many inferences, or windows.

    Attributes
    ----------
    layers_begun
        Layers that have begun since the log was cleared.
    """

    def __init__(self, most: int = _MARKERS_KEPT) -> None:
        self._most = most
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.layers_begun = 0
        self._odr = self._others = 0
        self._markers: list[MarkerEvent] = []
        self._clock_changes: list[ClockChange] = []
        self._starts: list[int] = []  # where the trigger rises, or the window before it
        self._window_start = 0

    def take(self, trace: Trace) -> bool:
        """Move new entries out of the engine's trace; tell whether there were markers."""
        for change in trace.clock_changes:
            self._clock_changes.append(
                ClockChange(
                    change.time_ps,
                    change.sysclk_hz,
                    change.source,
                    change.current_a,
                    change.cycles,
                    change.energy_j,
                    change.counters,
                )
            )
        trace.clock_changes.clear()
        if len(self._clock_changes) > self._most and not self._starts:
            del self._clock_changes[: -self._most // 2]
        if not trace.markers:
            return False
        for write in trace.markers:
            odr = write.odr & _PINS
            others, self._others = self._others, write.odr & ~_PINS
            if odr == self._odr and others != self._others:
                continue  # only pins of somebody else's moved
            risen = odr & ~self._odr
            if risen & _WINDOW:
                self._window_start = len(self._markers)
            if risen & _TRIGGER:
                self._starts.append(self._window_start if odr & _WINDOW else len(self._markers))
            self.layers_begun += bool((odr ^ self._odr) & _LAYER)
            self._odr = odr
            self._markers.append(
                MarkerEvent(
                    write.time_ps,
                    write.cycles,
                    write.energy_j,
                    odr,
                    write.counters,
                    write.instructions,
                )
            )
        trace.markers.clear()
        # The last inference may have only begun; the one before it is whole.
        if len(self._markers) > self._most:
            self._forget(self._starts[-2] if len(self._starts) > 2 else len(self._markers) // 2)
        return True

    def _forget(self, count: int) -> None:
        del self._markers[:count]
        self._starts = [start - count for start in self._starts if start >= count]
        self._window_start -= count
        times = [change.time_ps for change in self._clock_changes]
        # The clock that ran at the first marker kept is still wanted.
        del self._clock_changes[: max(bisect_right(times, self._markers[0].time_ps) - 1, 0)]

    def ground_truth(self, energy_j: float, instructions: int) -> GroundTruth:
        """Cut the log into inferences and windows."""
        return GroundTruth.from_trace(self._markers, self._clock_changes, energy_j, instructions)
