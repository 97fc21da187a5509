"""The scheduler: the order computes the same, fits the registers and takes the promised time."""

import random as randomness

import numpy as np
import pytest
from code_interpreter import LOADED, STORED, interpret, run_code
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.boards.emulator.instruction import Unit
from dvfs_kernel.boards.emulator.instructions import decode
from dvfs_kernel.boards.emulator.pipeline import Pipeline
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.assembly import assemble
from dvfs_kernel.image.code.operation import VIRTUAL, Operation, instruction_of
from dvfs_kernel.image.code.scheduling import RESERVES, STRICT, schedule
from dvfs_kernel.image.code.thumb import Form

# r0 points to what is loaded, r1 to what is stored; r2 to r5 are accumulators.
FIXED = {0: LOADED, 1: STORED, 2: 5, 3: 0xFFFF_FFF0, 4: 0x1234_5678, 5: 77}
FREE = (6, 7, 8, 9, 10, 11, 12)
THREE = [Form.SMLAD, Form.SMLABB, Form.SMLATB, Form.SMLABT, Form.SMLATT, Form.SMMLAR]
TWO = [Form.SMMULR, Form.ADD, Form.ADD_SIGN, Form.PKHBT, Form.PKHTB, Form.ORR_SHIFTED,
       Form.BIC_SIGN, Form.ASR_REGISTER]  # fmt: skip
NUMBERS = {
    Form.SXTB16: (0, 8, 16, 24), Form.LSR: (1, 7, 31), Form.LSL: (1, 16), Form.ASR: (1, 31),
    Form.RSB: (0, 255), Form.SSAT: (0, 4, 31), Form.MOV: (0,), Form.ADD_IMMEDIATE: (-4095, -1, 9),
    Form.ORR_SHIFTED: (0, 8, 24),
}  # fmt: skip
ONE = [Form.SXTB16, Form.LSR, Form.LSL, Form.ASR, Form.RSB, Form.SSAT, Form.MOV,
       Form.ADD_IMMEDIATE]  # fmt: skip


def straight_line(seed, count, alive_most):
    """Return random operations, with at most so many virtual registers in use at a time."""
    random = randomness.Random(seed)  # noqa: S311 - no secrets here
    operations = []
    alive = []
    following = VIRTUAL
    stored = 0
    while len(operations) < count:
        kind = random.random()
        values = [*alive, 2, 3, 4, 5]
        if kind < 0.35 and len(alive) < alive_most:
            form = random.choice([Form.LDR, Form.LDR, Form.LDRB, Form.MOVW, Form.LDR_LITERAL])
            following += 1
            alive.append(following)
            if form in {Form.LDR, Form.LDRB}:
                operations.append(Operation(form, following, (0,), 4 * random.randrange(64)))
            else:
                word = random.getrandbits(16 if form is Form.MOVW else 32)
                operations.append(Operation(form, following, (), word))
        elif kind < 0.7:
            form = random.choice(THREE)
            sources = random.choice(values), random.choice(values), random.choice(values)
            operations.append(Operation(form, random.choice(values), sources))
        elif kind < 0.9:
            form = random.choice([*TWO, *ONE])
            number = random.choice(NUMBERS.get(form, (0,)))
            sources = tuple(random.choice(values) for _ in range(1 if form in ONE else 2))
            operations.append(Operation(form, random.choice(values), sources, number))
        elif alive:
            value = alive.pop(random.randrange(len(alive)))
            form = random.choice([Form.STR, Form.STRB])
            operations.append(Operation(form, -1, (value, 1), 4 * stored))
            stored += 1
    operations += [
        Operation(Form.STR, -1, (value, 1), 4 * (stored + i)) for i, value in enumerate(alive)
    ]
    return operations


MEMORY = np.random.default_rng(1).bytes(4096)
LINES = st.builds(
    straight_line, st.integers(0, 2**32), st.integers(1, 120), st.integers(1, len(FREE) - 1)
)


@given(operations=LINES)
@settings(max_examples=100)
def test_the_order_computes_the_same(operations):
    held, stored = interpret(operations, FIXED, MEMORY)
    ordered, _ = schedule(operations, FREE)
    assert len(ordered) == len(operations)
    registers = {*FIXED, *FREE}
    assert all({*item.sources, item.target} <= {-1, *registers} for item in ordered)
    held_then, stored_then = interpret(ordered, FIXED, MEMORY)
    assert stored_then == stored
    assert {r: held_then[r] for r in FIXED} == {r: held[r] for r in FIXED}


@given(operations=LINES)
@settings(max_examples=30)
def test_the_bytes_compute_the_same(operations):
    """The core does what the interpreter says: encoder, pools and scheduler in one."""
    held, stored = interpret(operations, FIXED, MEMORY)
    ordered, _ = schedule(operations, FREE)
    code = assemble([ordered, [Operation(Form.BX, -1, (14,))]])
    held_there, stored_there = run_code(code, FIXED, MEMORY)
    assert stored_there == stored
    assert {r: held_there[r] for r in FIXED} == {r: held[r] for r in FIXED}


@given(operations=LINES)
@settings(max_examples=60)
def test_the_promised_time_is_what_the_board_counts(operations):
    """But for literals: whether two of them meet in a bank is known when their pool is placed."""
    operations = [
        Operation(Form.MOVW, item.target, (), item.number & 0xFFFF)
        if item.form is Form.LDR_LITERAL
        else item
        for item in operations
    ]
    ordered, half_cycles = schedule(operations, FREE)
    code = b"".join(item.encode() for item in ordered)
    block = Pipeline(TimingParameters()).analyse(code, 0x0804_0000)
    # The scheduler counts to the first free slot, the pipeline to the next block's first cycle.
    after = 1 + instruction_of(ordered[-1]).alone
    assert block.instructions == len(ordered)
    assert abs(block.half_cycles - half_cycles) <= after


@given(operations=LINES)
@settings(max_examples=20)
def test_what_the_rules_see_is_what_is_encoded(operations):
    ordered, _ = schedule(operations, FREE)
    for item in ordered:
        seen = instruction_of(item)
        is_literal = item.form is Form.LDR_LITERAL
        (told,) = decode(item.encode(0 if is_literal else None), 0)
        names = ["unit", "needs", "writes", "latency_class", "first_alu", "first_only", "alone"]
        assert [getattr(seen, name) for name in names] == [getattr(told, name) for name in names]
        assert seen.place == (None if is_literal else told.place)


def test_too_few_registers_are_told():
    loads = [Operation(Form.LDR, VIRTUAL + i, (0,), 4 * i) for i in range(4)]
    total = Operation(Form.SMLAD, 2, (VIRTUAL, VIRTUAL + 1, 2))
    last = Operation(Form.SMLAD, 3, (VIRTUAL + 2, VIRTUAL + 3, 3))
    again = Operation(Form.SMLAD, 2, (VIRTUAL, VIRTUAL + 3, 2))
    operations = [*loads, total, last, again]
    assert schedule(operations, (6, 7, 8, 9))
    with pytest.raises(CodeError, match="7 operations need more registers at once than the 2"):
        schedule(operations, (6, 7))


@pytest.mark.parametrize("reserve", RESERVES)
@given(seed=st.integers(0, 2**32), alive=st.integers(1, 4))
@settings(max_examples=15)
def test_strict_order_never_lacks_registers(reserve, seed, alive):
    """As many registers as the given order has alive at once suffice, if nobody overtakes."""
    operations = straight_line(seed, 60, alive)
    ordered, _ = schedule(operations, FREE[: alive + 1], (reserve, STRICT))
    held, stored = interpret(operations, FIXED, MEMORY)
    held_then, stored_then = interpret(ordered, FIXED, MEMORY)
    assert stored_then == stored
    assert {r: held_then[r] for r in FIXED} == {r: held[r] for r in FIXED}


def test_a_branch_stays_last():
    compare = Operation(Form.CMP, -1, (0, 1))
    branch = Operation(Form.BNE, -1, (), 0)
    loads = [Operation(Form.LDR, VIRTUAL + i, (0,), 4 * i) for i in range(3)]
    stores = [Operation(Form.STR, -1, (VIRTUAL + i, 1), 4 * i) for i in range(3)]
    ordered, _ = schedule([compare, *loads, *stores, branch], FREE)
    assert ordered[-1] == branch
    assert ordered.index(compare) < len(ordered) - 1


def test_two_products_and_their_loads_issue_together():
    """The inner loop of four columns by two channels: 8 cycles for 8 products and 6 loads."""
    operations = []
    sums = (6, 7, 8, 9, 10, 11, 12, 14)
    last = VIRTUAL
    for pair in range(12):
        words = {}
        for column in range(4):
            for channel in range(2):
                for key in (channel, 2 + column):  # weights, then inputs
                    if key in words:
                        continue
                    last = words[key] = last + 1
                    place = 4 * (2 * pair + channel if key == channel else 4 * pair + column)
                    operations.append(Operation(Form.LDR, last, (int(key != channel),), place))
                total = sums[2 * column + channel]
                sources = words[2 + column], words[channel], total
                operations.append(Operation(Form.SMLAD, total, sources))
    ordered, half_cycles = schedule(operations, (2, 3, 4, 5))
    assert half_cycles / 2 <= 8 * 12 + 8
    assert sum(bool(instruction_of(item).unit & Unit.LOAD) for item in ordered) == 72
