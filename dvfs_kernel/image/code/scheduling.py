"""Puts operations in an order that issues two a cycle, and gives them registers.

List scheduling: in each slot the oldest operation that can issue there goes. "Can issue" is asked
of the board's own issue rules (`dvfs_kernel.boards.emulator.issue_stage`), so that what is planned
here is what the board counts. Registers are given out while operations are put in order: a load
takes one that is free and gives it back at its last use, and waits where none is.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.instruction import FLAGS, Unit
from dvfs_kernel.boards.emulator.issue_stage import IssueRules, IssueStage
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.operation import VIRTUAL, Operation, instruction_of
from dvfs_kernel.image.code.thumb import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RESERVES", "STRICT", "schedule"]

#: Registers are only given to the oldest operation that wants one.
STRICT = 99
RESERVES = (1, 2, STRICT)

# How many of the oldest operations are looked at for a slot.
_WINDOW = 40

_SETS_FLAGS = {Form.CMP}
_READS_FLAGS = {Form.BNE}
_BRANCHES = {Form.BNE, Form.B, Form.POP}


@cache
def _rules() -> IssueRules:
    return IssueRules(TimingParameters())


@dataclass(slots=True)
class _Node:
    """An operation and what it waits for."""

    operation: Operation
    waits: int  # operations before it that have not been issued
    followers: list[int]


def _graph(operations: Sequence[Operation]) -> list[_Node]:
    """Find who has to come before whom: values, and registers that are written anew."""
    nodes = [_Node(operation, 0, []) for operation in operations]
    writer: dict[int, int] = {}
    readers: dict[int, list[int]] = {}

    for index, operation in enumerate(operations):
        before: set[int] = set()
        reads = list(operation.sources)
        writes = [operation.target] if operation.target >= 0 else []
        if operation.form in _SETS_FLAGS:
            writes.append(FLAGS)
        if operation.form in _READS_FLAGS:
            reads.append(FLAGS)
        for register in reads:
            if register in writer:
                before.add(writer[register])
        for register in writes:
            before.update(readers.get(register, ()))
            if register in writer:
                before.add(writer[register])
        for register in reads:
            readers.setdefault(register, []).append(index)
        for register in writes:
            writer[register] = index
            readers[register] = []
        before.discard(index)
        nodes[index].waits = len(before)
        for other in before:
            nodes[other].followers.append(index)
    return nodes


class _Registers:
    """Which of the free registers holds which virtual one."""

    def __init__(self, free: Sequence[int], operations: Sequence[Operation], reserve: int) -> None:
        self._reserve = reserve
        self._free = list(free)
        self._place: dict[int, int] = {}
        self._uses: dict[int, int] = {}
        self._waiting: list[int] = []  # operations that still want a register, the oldest last
        seen: set[int] = set()
        for index, operation in enumerate(operations):
            for register in operation.sources:
                if register >= VIRTUAL:
                    self._uses[register] = self._uses.get(register, 0) + 1
            if operation.target >= VIRTUAL and operation.target not in seen:
                seen.add(operation.target)
                self._waiting.append(index)
        self._waiting.reverse()

    def place(self, index: int, operation: Operation) -> Operation | None:
        """Return the operation with real registers, or None where it has to wait for one.

        A few are kept for the oldest of those that want one: otherwise a younger one could take
        the last, and the older one's users would wait forever.
        """
        target = operation.target
        sources = tuple(self._place.get(register, register) for register in operation.sources)
        if target >= VIRTUAL:
            if target in self._place:
                target = self._place[target]
            elif self._waiting[-1] != index and len(self._free) <= self._reserve:
                return None
            else:
                place = self._given_back(operation)
                if place is None:
                    return None
                target = place
        return Operation(operation.form, target, sources, operation.number)

    def _given_back(self, operation: Operation) -> int | None:
        """Return a register that it may write: one that it uses last, or a free one."""
        for register in operation.sources:
            if register >= VIRTUAL and self._uses[register] == operation.sources.count(register):
                return self._place[register]
        return self._free[0] if self._free else None

    def take(self, index: int, operation: Operation, placed: Operation) -> None:
        """Note that an operation has been issued."""
        for register in operation.sources:
            if register >= VIRTUAL:
                self._uses[register] -= 1
                if self._uses[register] == 0:
                    self._free.insert(0, self._place[register])
        if operation.target >= VIRTUAL and operation.target not in self._place:
            self._waiting.remove(index)
            self._place[operation.target] = placed.target
            self._free.remove(placed.target)


def schedule(
    operations: Sequence[Operation], free: Sequence[int], reserves: Sequence[int] = RESERVES
) -> tuple[list[Operation], int]:
    """Put operations in order.

    Parameters
    ----------
    operations
        In an order in which they could run. A last one that branches stays the last.
    free
        Registers for the virtual ones; those that the 16-bit encodings reach first.
    reserves
        How many registers are kept for the oldest operation that wants one, while younger ones
        take the others; `STRICT` keeps all. Each is tried, the shortest result counts.

    Returns
    -------
    The operations with real registers, and twice the cycles that the issue rules give them; of no
    operations nothing.

    Raises
    ------
    CodeError
        The operations need more registers at once than there are.
    """
    if not operations:
        return [], 0
    results = [
        result
        for reserve in reserves
        if (result := _attempt(operations, _Registers(free, operations, reserve))) is not None
    ]
    if not results and STRICT not in reserves:
        return schedule(operations, free, (STRICT,))
    if not results:
        raise CodeError(
            f"{len(operations)} operations need more registers at once than the "
            f"{len(free)} that there are"
        )
    return min(results, key=lambda result: result[1])


def _attempt(
    operations: Sequence[Operation], registers: _Registers
) -> tuple[list[Operation], int] | None:
    """Put operations in order; None where all that are left wait for a register."""
    nodes = _graph(operations)
    rules = _rules()
    stage = IssueStage()
    ready = [index for index, node in enumerate(nodes) if node.waits == 0]
    issued = [False] * len(nodes)
    oldest = 0
    ordered: list[Operation] = []
    last = len(nodes) - 1
    ends_in_branch = operations[last].form in _BRANCHES
    while len(ordered) < len(nodes):
        best: tuple[int, int, Operation] | None = None
        for index in ready:
            if index >= oldest + _WINDOW:
                break
            if index == last and ends_in_branch and len(ordered) < last:
                continue
            placed = registers.place(index, operations[index])
            if placed is None:
                continue
            item = instruction_of(placed)
            elder = stage.elder
            # Two loads a cycle may want one bank.
            meets = elder is not None and elder.unit & item.unit & Unit.LOAD != 0
            cost = 2 * rules.earliest(item, stage) + meets
            if best is None or cost < best[0]:
                best = cost, index, placed
                if cost == 2 * stage.free:
                    break
        if best is None:
            return None
        _, index, placed = best
        rules.issue(instruction_of(placed), stage)
        registers.take(index, operations[index], placed)
        ordered.append(placed)
        ready.remove(index)
        issued[index] = True
        while oldest < len(nodes) and issued[oldest]:
            oldest += 1
        for follower in nodes[index].followers:
            nodes[follower].waits -= 1
            if nodes[follower].waits == 0:
                insort(ready, follower)
    return ordered, 2 * stage.free + (stage.elder is not None) + stage.conflicts
