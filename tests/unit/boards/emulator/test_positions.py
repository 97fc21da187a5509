"""Positions have names: in the hooks' array, in tuples, in lists of registers."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

import dvfs_kernel
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.state_layout import Flags, Layout
from dvfs_kernel.boards.emulator.trace import Counters

PACKAGE = Path(dvfs_kernel.__file__).parent
BOARDS = PACKAGE / "boards"
STATE = BOARDS / "emulator" / "state.py"
#: What in the module of the array is no place in it.
NUMBERS = {
    "BANKS", "KIND_TCM", "KIND_FLASH", "KIND_SRAM", "KIND_FLASH_ITCM", "KIND_DEVICE",
    "_KINDS_OF_MEMORY", "REFUSED_UNALIGNED", "REFUSED_UNPRIVILEGED", "PRIVILEGED", "UNPRIVILEGED",
    "KIND_SHIFT", "KIND_LIMIT", "PERIPHERAL_END", "SYSTEM_BEGIN", "LINE_SHIFT", "ICACHE_SETS",
    "DCACHE_SETS", "DCACHE_WAYS", "DCACHE_STRIDE", "ART_LINES", "FETCH_LIMIT", "STEADY_LIMIT",
    "BEHIND_ENTRIES",
}  # fmt: skip


@given(some.lists(some.tuples(some.integers(0, 40), some.sampled_from([1, 2, 4, 8]))))
def test_places_do_not_overlap_and_are_aligned(stretches):
    layout = Layout()
    end = 0
    for words, align in stretches:
        begin = layout.take(words, align=align)
        assert end <= begin < end + align
        assert begin % align == 0
        end = begin + words
    assert layout.size == end


def test_flags_are_bits_of_their_own():
    flags = Flags()
    assert [flags.take() for _ in range(4)] == [1, 2, 4, 8]


def test_the_array_begins_with_the_counters_in_their_order():
    state = st.new_state()
    state[: st.COUNTERS] = range(st.COUNTERS)
    counters = Counters(*state[: st.COUNTERS].tolist())
    assert counters.cycles == st.CYCLES
    assert counters.dcache_sram_stall_cycles == st.DCACHE_SRAM_STALL
    assert counters.art_off_waits == st.ART_OFF_WAITS
    assert st.COUNTERS <= st.DEADLINE < st.NO_BLOCK < st.BLOCKS < st.STATE_WORDS == len(state)


def typed_by_hand(source):
    return {
        target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_no_place_in_the_array_is_typed_by_hand():
    assert typed_by_hand(STATE.read_text()) <= NUMBERS
    assert typed_by_hand("NEW_WORD = 47\nOTHER = _state.take()\n") == {"NEW_WORD"}


def is_part_of_text(node):
    """Tell whether a node splits a text, whose parts have no names."""
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return name in {"partition", "rpartition", "split"}


def numbered(source):
    """Return subscripts by a number other than the first and the last."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Subscript) or is_part_of_text(node.value):
            continue
        try:
            index = ast.literal_eval(node.slice)
        except ValueError:
            continue
        if isinstance(index, int) and index not in (0, -1):
            found.append(ast.unparse(node))
    return found


#: A letter of a mnemonic, and the last but one of a sequence.
SEQUENCES = {"name[1]", "numbers[-2]", "self._starts[-2]"}


@pytest.mark.parametrize(
    "path", sorted(BOARDS.rglob("*.py")), ids=lambda path: path.relative_to(BOARDS).as_posix()
)
def test_nothing_is_known_by_its_number_in_a_row(path):
    assert [text for text in numbered(path.read_text()) if text not in SEQUENCES] == []


def test_a_magic_position_is_seen():
    assert numbered("pc = registers[15]; x = found[0], floats[-1], words[8:24]") == [
        "registers[15]"
    ]
