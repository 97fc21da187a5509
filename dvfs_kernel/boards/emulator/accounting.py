"""The account of basic blocks: costs for the native hook, and corrections to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.hooks import find_block
from dvfs_kernel.boards.emulator.trace import Counters

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.memory import MemoryMap
    from dvfs_kernel.boards.emulator.pipeline import Block, Pipeline

__all__ = ["BlockAccount"]

_FILL_LIMIT = st.BLOCK_ENTRIES * 3 // 4
_PAGE_SHIFT = 10
_WEAKLY_TAKEN = 2
_WEAKLY_NOT_TAKEN = 1


class BlockAccount:
    """Puts blocks' costs into the shared state and remembers what they are made of.

    Parameters
    ----------
    state
        The hooks' array.
    pipeline
        Computes costs.
    memory
        Where the code is.
    """

    def __init__(self, state: st.NativeState, pipeline: Pipeline, memory: MemoryMap) -> None:
        self._state = state
        self._pipeline = pipeline
        self._memory = memory
        self._blocks: dict[tuple[int, int], tuple[Block, bytes]] = {}
        self._starts: dict[int, list[int]] = {}
        self._pages: set[int] = set()

    def clear(self) -> None:
        """Forget all blocks: the code has changed."""
        self._blocks.clear()
        self._starts.clear()
        self._pages.clear()
        self._state[st.BLOCKS :] = 0
        self._state[st.PREVIOUS] = -1

    def resolve(self, address: int, size: int) -> None:
        """Enter a block that is about to run for the first time."""
        if len(self._blocks) >= _FILL_LIMIT:
            self.clear()
        key = address, size
        code = self._memory.read(address, size)
        block = self._pipeline.analyse(code, address)
        if key not in self._blocks:
            self._starts.setdefault(address, []).append(size)
        self._blocks[key] = block, code
        self._pages.update(range(address >> _PAGE_SHIFT, (address + size >> _PAGE_SHIFT) + 1))
        entry = find_block(self._state, address << 16 | size)
        self._state[entry : entry + st.BLOCK_STRIDE] = [
            address << 16 | size,
            block.half_cycles,
            block.instructions,
            block.flags,
            block.end,
            _untrained(block),
            0,
            0,
        ]

    def forget_branches(self) -> None:
        """Let branch prediction and the rounding of half cycles begin afresh, as after a reset."""
        for (address, size), (block, _) in self._blocks.items():
            entry = find_block(self._state, address << 16 | size)
            self._state[entry + st.BLOCK_FLAGS] = block.flags
            self._state[entry + st.BLOCK_COUNTER] = _untrained(block)
            self._state[entry + st.BLOCK_TARGET] = 0

    def translated(self, address: int) -> None:
        """Follow a new translation: costs of code that was replaced are computed again."""
        for size in self._starts.get(address, ()):
            _, code = self._blocks[address, size]
            if self._memory.read(address, size) != code:
                self.resolve(address, size)

    def holds_code(self, address: int, size: int) -> bool:
        """Tell whether blocks are known in a range."""
        pages = range(address >> _PAGE_SHIFT, (address + size - 1 >> _PAGE_SHIFT) + 1)
        return any(page in self._pages for page in pages)

    def at(self, address: int, flag: int = 0) -> Block | None:
        """Return a block that begins at an address and has a flag, if one is known."""
        for size in self._starts.get(address, ()):
            block = self._blocks[address, size][0]
            if not flag or block.flags & flag:
                return block
        return None

    def last(self) -> Block | None:
        """Return the block that was counted last."""
        entry = int(self._state[st.PREVIOUS])
        if entry < 0:
            return None
        key = int(self._state[entry + st.BLOCK_KEY])
        found = self._blocks.get((key >> 16, key & 0xFFFF))
        return found[0] if found else None

    def leave_early(self, address: int) -> None:
        """Take back what the last block would have done from an instruction on."""
        block = self.last()
        if block is None:
            return
        entry = int(self._state[st.PREVIOUS])
        rounded_up = bool(self._state[entry + st.BLOCK_FLAGS] & st.ROUNDED_UP)
        charged = (block.half_cycles >> 1) + rounded_up
        for index, (place, cycle) in enumerate(block.issue):
            if place == address:
                self._give_back(max(charged - cycle, 0), block.instructions - index)
                return

    def _give_back(self, cycles: int, instructions: int) -> None:
        state = self._state
        state[st.CYCLES] -= cycles
        state[st.BASE_CYCLES] -= cycles
        state[st.INSTRUCTIONS] -= instructions

    def charge_prefix(self, block: Block, count: int) -> None:
        """Account for the first instructions of a block that were stepped through."""
        cycles = block.issue[count][1]
        self._give_back(-cycles, -count)

    def counters(self) -> Counters:
        """Return the counters as they stand."""
        return Counters(*self._state[: st.COUNTERS].tolist())

    def profile(self) -> dict[int, tuple[int, int]]:
        """Return runs and instructions of each block since it became known, by address."""
        found: dict[int, tuple[int, int]] = {}
        for (address, size), (block, _) in self._blocks.items():
            entry = find_block(self._state, address << 16 | size)
            runs = int(self._state[entry + st.BLOCK_RUNS])
            before = found.get(address, (0, 0))
            found[address] = before[0] + runs, before[1] + runs * block.instructions
        return found


def _untrained(block: Block) -> int:
    """Return the branch counter of a block that has not run yet."""
    return _WEAKLY_TAKEN if block.backward else _WEAKLY_NOT_TAKEN
