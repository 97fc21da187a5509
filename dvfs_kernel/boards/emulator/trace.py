"""What a run leaves behind for those who look at it later."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import sub
from typing import NamedTuple

from renode_platform.devices.datasheet import FLASH_READS_WITHOUT_ART

__all__ = ["ClockChange", "Counters", "MarkerWrite", "Tally", "Trace", "Violation"]

# Firmware in a loop makes records without end: the first ones are kept, then they are counted.
_RECORDS_KEPT = 1000


class Counters(NamedTuple):
    """What the core counted since reset; stalls and costs in core cycles.

    ``cycles`` is the sum of base, branch, instruction-cache, data-cache, device, exception and
    unaligned cycles. Misses are line fills; their number does not depend on the clock. Of the
    cycles only those in ``flash_waits`` words of flash do: at n more wait states the same run takes
    ``n * flash_waits`` cycles more, at the same ratio of the bus clocks.
    """

    cycles: int
    instructions: int
    base_cycles: int
    branch_cycles: int
    mispredictions: int
    icache_stall_cycles: int
    dcache_flash_stall_cycles: int
    dcache_sram_stall_cycles: int
    device_stall_cycles: int
    exception_cycles: int
    icache_flash_misses: int
    icache_sram_misses: int
    dcache_flash_misses: int
    dcache_sram_misses: int
    dcache_store_misses: int
    write_backs: int
    uncached_fetches: int
    uncached_reads: int
    uncached_writes: int
    data_accesses: int
    flash_waits: int
    unaligned_cycles: int
    art_off_waits: int

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the core was at work, or refilled its pipeline; the rest are stalls."""
        return self.base_cycles + self.branch_cycles + self.exception_cycles

    @property
    def flash_words(self) -> float:
        """Reads of the flash cells, as the current model charges them."""
        again = FLASH_READS_WITHOUT_ART - 1
        return self.flash_waits + again * self.art_off_waits

    @property
    def activity(self) -> tuple[float, float] | None:
        """Busy cycles and flash words of all cycles, for `power.current_a`; None without any."""
        if not self.cycles:
            return None
        return self.busy_cycles / self.cycles, self.flash_words / self.cycles

    def since(self, earlier: Counters) -> Counters:
        """Return what was counted from an earlier moment on."""
        return Counters(*map(sub, self, earlier))


class ClockChange(NamedTuple):
    """From ``time_ps`` on the chip runs like this; ``counters`` as of `MarkerWrite`."""

    time_ps: int
    cycles: int
    energy_j: float
    counters: Counters | None
    sysclk_hz: int
    source: str
    current_a: float


class MarkerWrite(NamedTuple):
    """A store that changed the output register of GPIOE.

    ``counters`` is None where an engine counts no more than cycles and instructions.
    """

    time_ps: int
    cycles: int
    energy_j: float
    instructions: int
    counters: Counters | None
    odr: int


class Violation(NamedTuple):
    """Programming that the reference manual forbids, in a run that is not strict."""

    time_ps: int
    rule: str
    message: str


class Tally:
    """How often each text came; of texts beyond the first very many only how often any of them did.

    Attributes
    ----------
    counts : dict of str to int
        In the order in which they came first.
    others : int
        Times that a text came which is not among these.
    """

    def __init__(self, most: int = _RECORDS_KEPT) -> None:
        self._most = most
        self.counts: dict[str, int] = {}
        self.others = 0

    def add(self, text: str) -> None:
        """Count a text."""
        if text in self.counts:
            self.counts[text] += 1
        elif len(self.counts) < self._most:
            self.counts[text] = 1
        else:
            self.others += 1

    @property
    def total(self) -> int:
        """How often any text came."""
        return sum(self.counts.values()) + self.others

    def clear(self) -> None:
        """Forget everything."""
        self.counts.clear()
        self.others = 0


@dataclass
class Trace:
    """What is logged since the machine was made.

    Violations and messages are the first ones of each; their tallies count all of them.
    """

    clock_changes: list[ClockChange] = field(default_factory=list)
    markers: list[MarkerWrite] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    messages: list[tuple[int, str]] = field(default_factory=list)
    violation_tally: Tally = field(default_factory=Tally)
    message_tally: Tally = field(default_factory=Tally)

    def add_violation(self, violation: Violation) -> None:
        """Log illegal programming."""
        self.violation_tally.add(violation.message)
        if len(self.violations) < _RECORDS_KEPT:
            self.violations.append(violation)

    def add_message(self, time_ps: int, message: str) -> None:
        """Log what a device has to say."""
        self.message_tally.add(message)
        if len(self.messages) < _RECORDS_KEPT:
            self.messages.append((time_ps, message))

    def clear(self) -> None:
        """Forget everything."""
        self.clock_changes.clear()
        self.markers.clear()
        self.violations.clear()
        self.messages.clear()
        self.violation_tally.clear()
        self.message_tally.clear()
