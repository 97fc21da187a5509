"""Assembled code, decoded again: labels, pools in reach, what lies between."""

import numpy as np
import pytest
from code_walk import walk
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.operation import Operation
from dvfs_kernel.image.code.thumb import Form

RETURN = [Operation(Form.BX, -1, (14,))]
ADDITION = Operation(Form.ADD, 1, (1, 2))  # two bytes
PRODUCT = Operation(Form.SMLAD, 6, (1, 2, 6))  # four


def literals(words, registers=(3,)):
    return [
        Operation(Form.LDR_LITERAL, registers[i % len(registers)], (), word)
        for i, word in enumerate(words)
    ]


def loaded(code):
    """Return (register, word) of each literal load, in order."""
    return [(step.register, step.word) for step in walk(code) if step.word is not None]


@given(
    seed=st.integers(0, 2**32),
    counts=st.lists(st.integers(0, 700), min_size=1, max_size=6),
    distinct=st.sampled_from([1, 5, 100, 10**6]),
    high=st.booleans(),
)
@settings(max_examples=40)
def test_every_literal_is_the_one_that_was_asked_for(seed, counts, distinct, high):
    """In functions of up to some 12 KB, with code and literals mixed."""
    random = np.random.default_rng(seed)
    segments, wanted = [], []
    for count in counts:
        operations = [ADDITION]
        for choice in random.integers(0, 3, count):
            if choice == 0:
                word = int(random.integers(0, distinct)) * 0x10001 & 0xFFFFFFFF
                register = 9 if high else 3
                operations.append(Operation(Form.LDR_LITERAL, register, (), word))
                wanted.append((register, word))
            else:
                operations.append((ADDITION, PRODUCT)[choice - 1])
        segments.append(operations)
    code = assemble([*segments, RETURN])
    assert loaded(code) == wanted
    steps = walk(code)
    plain = [step for step in steps if not step.is_detour]
    assert len(plain) == sum(map(len, segments)) + 1
    assert len(code) % 4 == 0


def test_equal_literals_share_a_word():
    code = assemble([literals([5, 6, 5, 5, 6]), RETURN])
    assert loaded(code) == [(3, 5), (3, 6), (3, 5), (3, 5), (3, 6)]
    assert len(code) == 5 * 2 + 2 + 2 * 4  # five short loads, a return, two words


def test_a_long_function_has_several_pools():
    words = list(range(1 << 20, (1 << 20) + 3000))
    code = assemble([literals(words), RETURN])
    assert loaded(code) == [(3, word) for word in words]
    assert sum(step.is_detour for step in walk(code)) >= 3


def test_no_pool_without_literals():
    code = assemble([[PRODUCT] * 3000, RETURN])
    assert len(code) == 3000 * 4 + 4  # and two bytes to the word
    assert not any(step.is_detour for step in walk(code))


@pytest.mark.parametrize("between", [1, 60, 61, 62, 63, 64, 65, 300, 3000])
def test_branches_back_reach_their_segment(between):
    """Short ones up to 256 bytes, and what is longer; with pools on the way."""
    loop = [*literals([0x12345678]), *[PRODUCT] * between, *literals([0x9ABCDEF0])]
    loop.append(Operation(Form.BNE, -1, (), 1))
    code = assemble([[ADDITION] * 3, loop, RETURN])
    steps = walk(code)
    (branch,) = [step for step in steps if step.mnemonic == "bne"]
    assert branch.target == steps[3].address == 6
    assert loaded(code) == [(3, 0x12345678), (3, 0x9ABCDEF0)]
    assert branch.size == (2 if branch.address + 4 - 6 <= 256 else 4)


def test_branches_may_go_ahead():
    segments = [[Operation(Form.BNE, -1, (), 2)], [PRODUCT] * 200, [ADDITION], RETURN]
    steps = walk(assemble(segments))
    assert steps[0].target == steps[201].address


@pytest.mark.parametrize("before", range(6))
def test_a_literal_at_the_end_of_the_short_reach(before):
    """1020 bytes from Align(PC, 4): the short form, and one beyond it the long one."""
    filler = [ADDITION] * before + [PRODUCT] * 254
    code = assemble([[*literals([77 << 20]), *filler], RETURN])
    assert loaded(code) == [(3, 77 << 20)]
