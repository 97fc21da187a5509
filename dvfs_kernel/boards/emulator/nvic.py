"""Which exceptions are enabled, pending and active, and which one goes first."""

from __future__ import annotations

__all__ = [
    "BUS_FAULT",
    "DEBUG_MONITOR",
    "HARD_FAULT",
    "MEM_MANAGE",
    "NMI",
    "PEND_SV",
    "SVCALL",
    "SYSTICK",
    "THREAD_PRIORITY",
    "USAGE_FAULT",
    "Nvic",
]

NMI = 2
HARD_FAULT = 3
MEM_MANAGE = 4
BUS_FAULT = 5
USAGE_FAULT = 6
SVCALL = 11
DEBUG_MONITOR = 12
PEND_SV = 14
SYSTICK = 15
FIRST_IRQ = 16
IRQ_COUNT = 110  # STM32F767 (device header: SPDIF_RX .. MDIOS = 109)

PRIORITY_BITS_MASK = 0xF0  # four bits are implemented (device header: __NVIC_PRIO_BITS 4)
THREAD_PRIORITY = 0x100
NEVER = (1 << 63) - 1
_FIXED = {1: -3, NMI: -2, HARD_FAULT: -1}


class Nvic:
    """The interrupt controller's state (ARMv7-M architecture reference manual, B1.5 and B3.4)."""

    def __init__(self) -> None:
        self.reset()
        self._lines = [False] * (FIRST_IRQ + IRQ_COUNT)
        # By exception, a line that a store has let fall: in which cycle, and until when the
        # controller still sees it high, if nothing waits for the store.
        self._falling: dict[int, tuple[int, int]] = {}

    def reset(self) -> None:
        """Disable and forget everything; the levels of the lines stay as the devices drive them."""
        count = FIRST_IRQ + IRQ_COUNT
        # MemManage, BusFault and UsageFault have their enables in SHCSR; the other system
        # exceptions are always on.
        self.enabled = [
            number < FIRST_IRQ and number not in {MEM_MANAGE, BUS_FAULT, USAGE_FAULT}
            for number in range(count)
        ]
        self.priority = [_FIXED.get(number, 0) for number in range(count)]
        self.pending: set[int] = set()
        self.active: set[int] = set()
        self.priority_group = 0

    def group_priority(self, number: int) -> int:
        """Return the part of the priority that decides about preemption."""
        priority = self.priority[number]
        return priority if priority < 0 else self.to_group(priority)

    def to_group(self, priority: int) -> int:
        """Clear the subpriority bits of a priority."""
        return priority & ~((2 << self.priority_group) - 1)

    def set_line(self, irq: int, level: bool, falls: tuple[int, int] | None = None) -> None:
        """Follow an interrupt request line; a rising edge, or a level at return, pends.

        Parameters
        ----------
        falls
            Where a store drives it: its cycle, and the cycle until which the old level is seen.
        """
        number = FIRST_IRQ + irq
        if falls is not None and self._lines[number] and not level:
            self._falling[number] = falls
        else:
            self._falling.pop(number, None)
        if level and not self._lines[number]:
            self.pending.add(number)
        self._lines[number] = level

    def line(self, number: int) -> bool:
        """Tell the level of an exception's request line."""
        return self._lines[number]

    def clear_pending(self, number: int) -> None:
        """Withdraw a request; one whose line is still high comes back at once."""
        self.pending.discard(number)
        if self._lines[number] and number not in self.active:
            self.pending.add(number)

    def activate(self, number: int) -> None:
        """Begin an exception."""
        self.pending.discard(number)
        self.active.add(number)

    def deactivate(self, number: int, cycle: int = NEVER, waited: int = 0) -> None:
        """End an exception; one whose line is high, or still seen so, is pending again.

        Parameters
        ----------
        cycle
            Of the core, now.
        waited
            In which cycle something last waited for the stores before it.
        """
        self.active.discard(number)
        begin, end = self._falling.pop(number, (0, 0))
        if self._lines[number] or (cycle < end and waited < begin):
            self.pending.add(number)

    def execution_priority(self, primask: int, faultmask: int, basepri: int) -> int:
        """Return the priority that a new exception must be above (numerically below)."""
        priority = min((self.group_priority(n) for n in self.active), default=THREAD_PRIORITY)
        basepri &= PRIORITY_BITS_MASK
        if basepri:
            priority = min(priority, self.to_group(basepri))
        if primask:
            priority = min(priority, 0)
        if faultmask:
            priority = min(priority, -1)
        return priority

    def first(self) -> int | None:
        """Return the enabled pending exception that goes first: priority, then number."""
        if not self.pending:
            return None
        ready = [number for number in self.pending if self.enabled[number]]
        if not ready:
            return None
        return min(ready, key=lambda number: (self.priority[number], number))
