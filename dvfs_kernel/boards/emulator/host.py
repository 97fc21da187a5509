"""What the device models run in: time, events, clocks, complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.events import EventQueue
from dvfs_kernel.boards.emulator.virtual_time import VirtualTime
from renode_platform.devices import datasheet as ds
from renode_platform.devices.host_time import coming

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.memory import MemoryMap
    from dvfs_kernel.boards.emulator.nvic import Nvic

__all__ = ["DeviceHost"]


class DeviceHost:
    """The interface that `renode_platform.devices` are written against, and the clock behind it.

    Time is counted in ticks of HCLK: the core's cycles plus those it slept through.

    Parameters
    ----------
    core, nvic, memory
        The core, for its cycle counter, its interrupt controller, and the chip's memories.
    on_violation
        Takes rule and message of illegal programming.
    on_message
        Takes what a device logs.
    on_clocks
        Called with the new state of the clock tree, once time goes by it.
    on_ticks_moved
        Called when counts of HCLK have other times than before.
    on_power
        Called before and after the current changes.
    on_flash
        Takes address and bytes that flash cells get.
    """

    def __init__(
        self,
        core: Core,
        nvic: Nvic,
        memory: MemoryMap,
        on_violation: Callable[[str, str], None],
        on_message: Callable[[str], None],
        on_clocks: Callable[[Any], None],
        on_ticks_moved: Callable[[], None],
        on_power: Callable[[], None],
        on_flash: Callable[[int, bytes], None],
    ) -> None:
        self._core = core
        self._nvic = nvic
        self._memory = memory
        self._on_clocks = on_clocks
        self._on_ticks_moved = on_ticks_moved
        self._on_power = on_power
        self._on_flash = on_flash
        self.violation = on_violation
        self.log = on_message
        self.queue = EventQueue()
        self.time = VirtualTime(ds.HSI_HZ)
        self.idle_ticks = 0
        self._flash_ready_ps = [0, 0]  # by bank
        self.reset_cause: str | None = None

    # ---- time --------------------------------------------------------------------------------

    def ticks(self) -> int:
        """Return the count of HCLK."""
        return self._core.words[st.CYCLES] + self.idle_ticks

    def now_ps(self) -> int:
        """Return virtual time in picoseconds."""
        return self.time.now_ps(self._core.words[st.CYCLES] + self.idle_ticks)

    def activity(self) -> tuple[int, int, float]:
        """Return cycles, busy cycles and flash words since reset: what the current depends on."""
        words = self._core.words
        busy = words[st.BASE_CYCLES] + words[st.BRANCH_CYCLES] + words[st.EXCEPTION_CYCLES]
        again = ds.FLASH_READS_WITHOUT_ART - 1
        return (
            words[st.CYCLES],
            busy,
            words[st.FLASH_WAITS] + again * words[st.ART_OFF_WAITS],
        )

    def call_at(self, time_ps: int, callback: Callable[[], None]) -> int:
        """Call something at a time.

        Raises
        ------
        ValueError
            It has passed, or is no whole number.
        """
        token = self.queue.call_at(coming(time_ps, self.now_ps()), callback)
        self._core.shorten(self.time.tick_at(time_ps) - self.idle_ticks)
        return token

    def cancel(self, token: int | None) -> None:
        """Forget what `call_at` returned."""
        self.queue.cancel(token)

    def call_at_tick(self, tick: int, callback: Callable[[], None]) -> int:
        """Call something at a count of HCLK, if it does not change or stop until then."""
        return self.call_at(self.time.time_of(tick), callback)

    def catch_up(self) -> None:
        """Run what is due by now: the core is in the middle of a block."""
        following = self.queue.next_time_ps
        if following is not None and following <= self.now_ps():
            self.queue.run_due(self.now_ps)

    def cycle_at(self, time_ps: int) -> int:
        """Return the core's first cycle that is not before a time, if nothing stops it."""
        return self.time.tick_at(time_ps) - self.idle_ticks

    def wait_until(self, time_ps: int) -> None:
        """Hold the core in an access until a time, its clock running; errors as `call_at`."""
        end = self.cycle_at(coming(time_ps, self.now_ps()))
        cycles = max(end - self._core.words[st.CYCLES], 0)
        self._core.words[st.CYCLES] += cycles
        self._core.words[st.DEVICE_STALL] += cycles
        self.catch_up()

    def stall_until(self, time_ps: int) -> None:
        """Stop HCLK until a time, and count nothing meanwhile; errors as `call_at`."""
        now_ps = self.now_ps()
        if coming(time_ps, now_ps) > now_ps:
            self.time.advance_to(self.ticks(), time_ps)
            self._moved()

    def sleep_until(self, time_ps: int) -> None:
        """Let HCLK run without the core until the first tick that is not before a time."""
        self.idle_ticks += max(self.time.tick_at(time_ps) - self.ticks(), 0)
        self._plan_flash()

    def restart_ticks(self) -> None:
        """Count ticks from 0 again; the core's cycles have to be cleared right after this."""
        self.time.restart(self.ticks())
        self.idle_ticks = 0

    def _moved(self) -> None:
        """Ticks and times have shifted against each other."""
        self._on_ticks_moved()
        self._plan_flash()
        following = self.queue.next_time_ps
        if following is not None:
            self._core.shorten(self.time.tick_at(following) - self.idle_ticks)
        self._core.attention()

    # ---- devices -----------------------------------------------------------------------------

    def clocks_changed(self, clocks: Any) -> None:
        """Take a new state of the clock tree and tell everybody."""
        if clocks.hclk_hz:
            self.time.change_rate(self.ticks(), clocks.hclk_hz)
        self._on_clocks(clocks)
        self._moved()

    def power_changed(self) -> None:
        """Integrate the current drawn so far: it is about to change or has just changed."""
        self._on_power()

    def request_reset(self, cause: str) -> None:
        """Reset the chip before the next block."""
        self.reset_cause = cause
        self._core.attention()

    def set_irq(self, irq: int, level: bool) -> None:
        """Drive an interrupt request line."""
        words = self._core.words
        settles = words[st.LINE_SETTLES]
        self._nvic.set_line(irq, bool(level), (words[st.CYCLES], settles) if settles else None)
        if level:  # a line that falls gives the core nothing to take
            self._core.attention()

    def flash_read(self, address: int, size: int) -> int:
        """Return the value of flash cells."""
        return int.from_bytes(self._memory.read(address, size), "little")

    def flash_write(self, address: int, size: int, value: int) -> None:
        """Give flash cells a value."""
        self._on_flash(address, value.to_bytes(size, "little"))

    def flash_busy(self, banks: Sequence[int], until_ps: int) -> None:
        """Let accesses to banks of the flash wait until a time; 0 for no longer."""
        words = self._core.words
        for bank in banks:
            self._flash_ready_ps[bank] = until_ps
            words[st.FLASH_READY + bank] = 0
        # What the buffers in front of the cells hold is read anew.
        words[st.LAST_FETCH_LINE] = words[st.LAST_READ_LINE] = words[st.LAST_FLASH_WORD] = -1
        self._plan_flash()

    def _plan_flash(self) -> None:
        """Work out in which cycle of the core the flash is ready; it moves with the clock."""
        if self._flash_ready_ps == [0, 0]:
            return
        now_ps = self.now_ps()
        for bank, ready_ps in enumerate(self._flash_ready_ps):
            busy = ready_ps > now_ps
            self._core.words[st.FLASH_READY + bank] = self.cycle_at(ready_ps) if busy else 0
            if not busy:
                self._flash_ready_ps[bank] = 0

    def flash_erase(self, address: int, length: int) -> None:
        """Set bytes of flash to 0xFF."""
        self._on_flash(address, b"\xff" * length)
