"""The account of basic blocks: costs for the native hook, and corrections to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


class Behind(NamedTuple):
    """What follows an instruction in its block: cycles, instructions, and the address behind it."""

    cycles: int
    instructions: int
    begin: int


class _Held(NamedTuple):
    """What is taken off the counters while a device is asked in the middle of a block."""

    base_cycles: int
    stall_cycles: int
    instructions: int


class _Known(NamedTuple):
    """A block, and the code that it was made from."""

    block: Block
    code: bytes


_NOTHING_HELD = _Held(0, 0, 0)


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
        # The same memory as plain Python integers, for single words.
        self._words = state.data
        self._pipeline = pipeline
        self._memory = memory
        self._blocks: dict[tuple[int, int], _Known] = {}
        self._starts: dict[int, list[int]] = {}
        self._pages: set[int] = set()
        # By entry, of each instruction by its address.
        self._behind: dict[int, dict[int, Behind]] = {}
        # Stalls and instructions are taken off where somebody looks.
        self._held = _NOTHING_HELD

    def clear(self) -> None:
        """Forget all blocks: the code has changed."""
        self._blocks.clear()
        self._starts.clear()
        self._pages.clear()
        self._behind.clear()
        self._state[st.BEHIND :] = 0
        self._state[st.PREVIOUS] = st.NO_BLOCK

    def resolve(self, address: int, size: int) -> None:
        """Enter a block that is about to run for the first time."""
        if len(self._blocks) >= _FILL_LIMIT:
            self.clear()
        key = address, size
        code = self._memory.read(address, size)
        block = self._pipeline.analyse(code, address)
        if key not in self._blocks:
            self._starts.setdefault(address, []).append(size)
        self._blocks[key] = _Known(block, code)
        self._pages.update(range(address >> _PAGE_SHIFT, (address + size >> _PAGE_SHIFT) + 1))
        entry = find_block(self._state, address << 16 | size)
        if self._behind.pop(int(entry), None) is not None:
            self._state[st.BEHIND : st.BLOCKS] = 0
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
        for (address, size), known in self._blocks.items():
            block = known.block
            entry = find_block(self._state, address << 16 | size)
            self._state[entry + st.BLOCK_FLAGS] = block.flags
            self._state[entry + st.BLOCK_COUNTER] = _untrained(block)
            self._state[entry + st.BLOCK_TARGET] = 0

    def translated(self, address: int) -> None:
        """Follow a new translation: costs of code that was replaced are computed again."""
        for size in self._starts.get(address, ()):
            if self._memory.read(address, size) != self._blocks[address, size].code:
                self.resolve(address, size)

    def holds_code(self, address: int, size: int) -> bool:
        """Tell whether blocks are known in a range."""
        pages = range(address >> _PAGE_SHIFT, (address + size - 1 >> _PAGE_SHIFT) + 1)
        return any(page in self._pages for page in pages)

    def at(self, address: int, flag: int = 0) -> Block | None:
        """Return a block that begins at an address and has a flag, if one is known."""
        for size in self._starts.get(address, ()):
            block = self._blocks[address, size].block
            if not flag or block.flags & flag:
                return block
        return None

    def last(self) -> Block | None:
        """Return the block that was counted last."""
        key = self._words[self._words[st.PREVIOUS] + st.BLOCK_KEY]
        found = self._blocks.get((key >> 16, key & 0xFFFF))
        return found.block if found else None

    # ---- within a block ----------------------------------------------------------------------

    def behind(self, address: int) -> Behind | None:
        """Return what the block under way was charged for what follows an instruction's issue.

        A block is charged as a whole when it begins; an instruction in it that looks at a clock
        has to see the cycle in which it issues.

        Parameters
        ----------
        address
            Of the instruction.

        Returns
        -------
        Behind or None
            Its cycles are those of the schedule, without the half that a run may be rounded up by.
            ``None`` where that is not known.
        """
        entry = self._words[st.PREVIOUS]
        known = self._behind.get(entry)
        if known is None:
            block = self.last()
            known = self._behind[entry] = {} if block is None else _places(block)
        return known.get(address)

    def note_behind(self, address: int) -> bool:
        """Tell the native hooks what `behind` tells; return whether that could be done."""
        found = self.behind(address)
        if found is None or found.cycles < 0:
            return False
        words = self._words
        slot = st.BEHIND + (address >> 1 & st.BEHIND_MASK) * st.BEHIND_STRIDE
        words[slot + st.BEHIND_PC] = address
        words[slot + st.BEHIND_BLOCK] = words[st.PREVIOUS]
        words[slot + st.BEHIND_CYCLES] = found.cycles
        return True

    def barrier_behind(self, address: int) -> bool:
        """Tell whether a DSB follows an instruction in the block under way."""
        entry = self._words[st.PREVIOUS]
        if not self._words[entry + st.BLOCK_FLAGS] & st.BARS:
            return False
        block = self.last()
        return block is not None and block.last_barrier > address

    def hold_back(self, address: int) -> None:
        """Set the counters to an instruction's issue; `give_back` has to follow."""
        words = self._words
        entry = words[st.PREVIOUS]
        known = self._behind.get(entry)
        found = self.behind(address) if known is None else known.get(address)
        if found is None:
            return
        cycles, instructions, begin = found
        if words[entry + st.BLOCK_FLAGS] & st.ROUNDED_UP:
            cycles += 1
        cycles = max(cycles, 0)
        stall = self._stall_beyond(begin) if words[st.FETCH_STALLS] else 0
        words[st.CYCLES] -= cycles + stall
        words[st.BASE_CYCLES] -= cycles
        self._held = _Held(cycles, stall, instructions)

    def give_back(self) -> None:
        """Take back what `hold_back` did."""
        cycles, stall, _ = self._held
        words = self._words
        words[st.CYCLES] += cycles + stall
        words[st.BASE_CYCLES] += cycles
        self._held = _NOTHING_HELD

    def _stall_beyond(self, begin: int) -> int:
        """Return the stalls for lines of code that begin at or after an address."""
        words = self._words
        pairs = range(st.FETCHED, st.FETCHED + 2 * words[st.FETCH_STALLS], 2)
        return sum(words[place + 1] for place in pairs if words[place] >= begin)

    def leave_early(self, address: int) -> None:
        """Take back what the last block would have done from an instruction on."""
        block = self.last()
        if block is None:
            return
        entry = int(self._state[st.PREVIOUS])
        rounded_up = bool(self._state[entry + st.BLOCK_FLAGS] & st.ROUNDED_UP)
        charged = (block.half_cycles >> 1) + rounded_up
        for index, issue in enumerate(block.issue):
            if issue.address == address:
                self._give_back(max(charged - issue.cycle, 0), block.instructions - index)
                return

    def _give_back(self, cycles: int, instructions: int) -> None:
        state = self._state
        state[st.CYCLES] -= cycles
        state[st.BASE_CYCLES] -= cycles
        state[st.INSTRUCTIONS] -= instructions

    def charge_prefix(self, block: Block, count: int) -> None:
        """Account for the first instructions of a block that were stepped through."""
        self._give_back(-block.issue[count].cycle, -count)

    def counters(self) -> Counters:
        """Return the counters as they stand."""
        values = self._state[: st.COUNTERS].tolist()
        values[st.ICACHE_STALL] -= self._held.stall_cycles
        values[st.INSTRUCTIONS] -= self._held.instructions
        return Counters(*values)

    def profile(self) -> dict[int, tuple[int, int]]:
        """Return runs and instructions of each block since it became known, by address."""
        found: dict[int, tuple[int, int]] = {}
        for (address, size), known in self._blocks.items():
            block = known.block
            entry = find_block(self._state, address << 16 | size)
            runs = int(self._state[entry + st.BLOCK_RUNS])
            runs_before, instructions_before = found.get(address, (0, 0))
            instructions = instructions_before + runs * block.instructions
            found[address] = runs_before + runs, instructions
        return found


def _places(block: Block) -> dict[int, Behind]:
    """Return by the address of each instruction what is behind it."""
    cycles = block.half_cycles >> 1
    following = [issue.address for issue in block.issue[1:]] + [block.end]
    return {
        issue.address: Behind(cycles - issue.cycle, block.instructions - index - 1, begin)
        for index, (issue, begin) in enumerate(zip(block.issue, following, strict=True))
    }


def _untrained(block: Block) -> int:
    """Return the branch counter of a block that has not run yet."""
    return _WEAKLY_TAKEN if block.backward else _WEAKLY_NOT_TAKEN
