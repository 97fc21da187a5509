"""What the firmware writes to clock, power and flash registers while it changes the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import ClockError
from dvfs_kernel.exploration.switching.network import switching_network
from dvfs_kernel.exploration.switching.walks import walk_schedule
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.ground_truth import ClockChange
    from dvfs_kernel.boards.virtual import VirtualBoard

__all__ = ["RegisterChange", "SwitchLog", "log_switch"]

_BLOCKS = ("rcc", "pwr", "flash")
_PS = 1e-12


@dataclass(frozen=True)
class RegisterChange:
    """A register that changed, as the firmware wrote it or found it when it looked.

    Parameters
    ----------
    time_s
        From the beginning of the change of clock.
    by
        ``"firmware"`` for a store, ``"hardware"`` for flags that had changed when they were read.
    fields
        (name, before, after) of every field that is another one now.
    """

    time_s: float
    register: str
    by: str
    value: int
    fields: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, eq=False)
class SwitchLog(ByContent):
    """One change of clock between two layers.

    Parameters
    ----------
    time_s, energy_j
        Of the whole change, the firmware's own instructions included.
    registers
        In the order of time.
    clock
        The clock at the beginning, then every change of SYSCLK: ``time_s``, ``sysclk_hz``,
        ``source`` and ``current_a``.
    """

    before: ClockState
    after: ClockState
    time_s: float
    energy_j: float
    registers: tuple[RegisterChange, ...]
    clock: tuple[dict[str, Any], ...]


def log_switch(before: ClockState, after: ClockState, board: VirtualBoard) -> SwitchLog:
    """Let the firmware change the clock, and log its registers meanwhile.

    Parameters
    ----------
    before, after
        States that the firmware can go between (`ClockState.reaches`).
    board
        Is flashed anew.

    Raises
    ------
    ClockError
        The firmware cannot go there.
    """
    start = [ClockState(before.pll)] if before.keeps_pll else []
    walk = (*start, before, after)
    for earlier, later in zip((IDLE, *walk), walk, strict=False):
        if not earlier.reaches(later):
            raise ClockError(
                f"the firmware cannot go from {earlier} to {later}: it locks the PLL only to run "
                "on it, and never switches it off between two layers"
            )
    network = switching_network(len(walk))
    deployment = Deployment(network, board)
    probe = _Probe(board)
    schedule = walk_schedule(walk, board.hse_hz)
    data = np.zeros(network.tensors[network.input].shape, np.int8)
    result = deployment.infer(data, schedule)
    truth = result.inference_truth
    if truth is None:
        raise ClockError("the board logged no inference: there is nothing to show")
    stretch = next(
        s
        for s in truth.stretches
        if s.layer == len(walk) - 1 and s.segment is abi.Segment.SWITCHING
    )
    return SwitchLog(
        before,
        after,
        stretch.duration_s,
        stretch.energy_j,
        tuple(probe.between(stretch.start_ps, stretch.end_ps)),
        tuple(_clock_rows(truth.clock_changes, stretch.start_ps, stretch.end_ps)),
    )


class _Probe:
    """Stands between bus and devices, and notes what changes."""

    def __init__(self, board: VirtualBoard) -> None:
        self._machine = board.machine
        self._events: list[tuple[int, str, str, int, tuple[tuple[str, int, int], ...]]] = []
        for name in _BLOCKS:
            self._watch(getattr(self._machine.devices, name))

    def _watch(self, device: Any) -> None:
        write, read = device.write_word, device.read_word
        known: dict[int, int] = {}

        def note(offset: int, value: int, by: str) -> None:
            before = known.get(offset)
            known[offset] = value
            register_name = device.block.by_offset.get(offset)
            if register_name is None or before is None or before == value:
                return
            register = device.block.registers[register_name]
            fields = tuple(
                (name, before >> position & (1 << width) - 1, value >> position & (1 << width) - 1)
                for name, (position, width) in register.fields.items()
            )
            changed = tuple(field for field in fields if field[1] != field[2])
            full = f"{device.name.upper()}_{register_name}"
            self._events.append((self._machine.now_ps, full, by, value, changed))

        def noting_write(offset: int, value: int) -> None:
            known.setdefault(offset, read(offset))
            write(offset, value)
            note(offset, read(offset), "firmware")

        def noting_read(offset: int) -> int:
            value: int = read(offset)
            note(offset, value, "hardware")
            return value

        device.write_word, device.read_word = noting_write, noting_read

    def between(self, begin_ps: int, end_ps: int) -> Iterator[RegisterChange]:
        """Yield the changes within a time."""
        for time_ps, register, by, value, fields in self._events:
            if begin_ps <= time_ps <= end_ps:
                yield RegisterChange((time_ps - begin_ps) * _PS, register, by, value, fields)


def _clock_rows(
    changes: tuple[ClockChange, ...], begin_ps: int, end_ps: int
) -> Iterator[dict[str, Any]]:
    before = [change for change in changes if change.time_ps <= begin_ps][-1:]
    inside = [change for change in changes if begin_ps < change.time_ps <= end_ps]
    for change in (*before, *inside):
        yield {
            "time_s": max(change.time_ps - begin_ps, 0) * _PS,
            "sysclk_hz": change.sysclk_hz,
            "source": change.source,
            "current_a": change.current_a,
        }
