"""The debug port sees what the core sees, data cache or not, and leaves the core alone."""

import pytest

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.virtual import VirtualBoard

RAM = 0x20020000  # SRAM1, which is cached
STEP_S = 1e-4

# Every turn takes a word and stores its successor beside it, in the same line.
ADDS_ONE = """
reset:
  caches_on
  ldr r0, =0x20020000
again:
  ldr r2, [r0]
  adds r2, #1
  str r2, [r0, #4]
  b again
"""
# As before; the loop lies in RAM, and adds what stands in its instruction.
IN_RAM = """
reset:
  caches_on
  ldr r0, =0x20020000
  ldr r3, =loop
  ldr r4, =0x20020100
  movs r5, #8
copy:
  ldrh r6, [r3], #2
  strh r6, [r4], #2
  subs r5, #1
  bne copy
  dsb
  isb
  ldr r4, =0x20020101
  bx r4
.balign 4
loop:
  ldr r2, [r0]
  adds r2, #1
  str r2, [r0, #4]
  b loop
  nop
  nop
  nop
  nop
"""
ADDS_FIVE = (0x3205).to_bytes(2, "little")


@pytest.fixture
def board(assemble):
    def make(source):
        board = VirtualBoard()
        board.flash(assemble(source))
        board.reset()
        board.read(STEP_S)
        return board

    return make


def word(value):
    return value.to_bytes(4, "little")


def line(board):
    """Return whether the line at RAM is in the data cache, and dirty."""
    state = board.machine.native_state
    tags = state[st.DCACHE : st.DCACHE + st.DCACHE_SETS * st.DCACHE_STRIDE]
    ways = tags.reshape(st.DCACHE_SETS, st.DCACHE_STRIDE)[:, : st.DCACHE_WAYS]
    found = ways[ways >> 1 == RAM >> st.LINE_SHIFT]
    return [bool(tag & 1) for tag in found]


def everything(board):
    return (
        board.now_s,
        board.machine.counters,
        board.machine.energy_j,
        board.machine.native_state[: st.BEHIND].tobytes(),
    )


def test_what_is_dirty_in_the_cache_is_read(board):
    on = board(ADDS_ONE)
    assert line(on) == [True]
    before = everything(on)
    assert on.read_memory(RAM + 4, 4) == word(1)
    assert everything(on) == before


def test_the_core_reads_what_was_written_over_a_line_of_its_cache(board):
    on = board(ADDS_ONE)
    before = everything(on)
    assert on.write_memory(RAM, word(41))
    assert everything(on) == before
    assert line(on) == [True]
    on.read(STEP_S)
    assert on.read_memory(RAM + 4, 4) == word(42)


def test_the_core_runs_code_that_was_written_over_what_it_ran(board):
    on = board(IN_RAM)
    assert on.read_memory(RAM + 4, 4) == word(1)
    assert on.write_memory(RAM + 0x102, ADDS_FIVE)
    on.read(STEP_S)
    assert on.read_memory(RAM + 4, 4) == word(5)
