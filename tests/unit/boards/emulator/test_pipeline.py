"""The dual-issue schedule, rule by rule."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from elftools.elf.elffile import ELFFile

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.pipeline import Pipeline
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

BASE = 0x08000000

# Code and the cycles from its first instruction's issue to that of the next block.
RULES = {
    "two independent ALU operations pair": ("adds r0, #1\nadds r1, #1", 1),
    "a third one takes the next cycle": ("adds r0, r4\nadd.w r1, r2, r3\nadd.w r5, r6, r7", 2),
    "the first ALU feeds the second": ("mov r0, r1\nadd.w r2, r0, r3", 1),
    "the second feeds nobody in its cycle": ("eor.w r0, r1, r4\nadd.w r2, r0, r3", 2),
    "the first ALU needs its operands early": (
        "eor.w r0, r1, r4\nnop\nadd.w r2, r0, r3\nadd.w r5, r2, r6", 3,
    ),
    "halves of a constant pair": ("movw r0, #1\nmovt r0, #2", 1),
    "one shifter a cycle": ("add.w r0, r1, r2, lsl #2\nadd.w r3, r4, r5, lsl #2", 2),
    "a shift beside a shifted operand, as the younger": (
        "add.w r0, r1, r2, lsl #2\nlsl.w r3, r4, #2", 1,
    ),
    "a shift beside a shifted operand, as the elder": (
        "lsl.w r3, r4, #2\nadd.w r0, r1, r2, lsl #2", 2,
    ),
    "a shifted operand is needed a stage early": (
        "eor.w r0, r1, r5\nadd.w r2, r3, r0, lsl #2", 3,
    ),
    "a shifted immediate uses the shifter": ("add.w r0, r1, #0x7e0\nadd.w r2, r3, #0x7e0", 2),
    "a pattern does not": ("eor.w r0, r1, #0x1b1b1b1b\neor.w r2, r3, #0x001b001b", 1),
    "a narrow immediate does not": ("add.w r0, r1, #0x7e\nadd.w r2, r3, #0x7e", 1),
    "loads from two banks pair": ("ldr r0, [r4]\nldr r1, [r4, #4]", 1),
    "loads from one bank do not": ("ldr r0, [r4]\nldr r1, [r4, #8]", 2),
    "a base that moves changes the bank": ("ldr r0, [r4], #4\nldr r1, [r4, #4]", 2),
    "loads from unknown banks pair every other time": ("ldr r0, [r4]\nldr r1, [r5]", 1.5),
    "two stores do not pair": ("str r0, [r4]\nstr r1, [r5]", 2),
    "load and store pair": ("ldr r0, [r4]\nstr r1, [r5]", 1),
    "load to use": ("ldr r0, [r4]\nadd.w r1, r0, r2", 2),
    "load to factor takes longer": ("ldr r0, [r4]\nmul r1, r0, r2", 3),
    "load to accumulator does not": ("ldr r0, [r4]\nmla r1, r2, r3, r0", 1),
    "byte load to use takes longer": ("ldrb r0, [r4]\nadd.w r1, r0, r2", 3),
    "load to address": ("ldr r0, [r4]\nldr r1, [r0]", 4),
    "a result to an address": ("eor.w r0, r4, r5\nldr r1, [r0]", 3),
    "a sum to an address": ("add.w r0, r4, r5\nnop\nldr r1, [r0]", 2),
    "store data may come late": ("ldrb r0, [r5]\nstr r0, [r4, #4]", 1),
    "an updated base is there at once": ("ldr r0, [r4], #4\nldr r1, [r4], #4", 2),
    "one multiply a cycle": ("mul r0, r1, r2\nmul r3, r4, r5", 2),
    "multiply pairs with a load": ("mul r0, r1, r2\nldr r3, [r4]", 1),
    "multiply does not pair with a store": ("mul r0, r1, r2\nstr r3, [r4]", 2),
    "product to use": ("mul r0, r1, r2\nadd.w r3, r0, r4", 3),
    "accumulators are forwarded": (
        "smlad r0, r1, r2, r0\nsmlad r0, r3, r4, r0\nsmlad r0, r5, r6, r0", 3,
    ),
    "a factor is not": ("smlad r0, r1, r2, r3\nsmlad r4, r0, r5, r4", 3),
    "SIMD only as the elder": ("add.w r0, r1, r2\nsxtb16 r3, r4", 2),
    "SIMD as the elder": ("sxtb16 r3, r4\nadd.w r0, r1, r2", 1),
    "division holds the pipeline": ("udiv r0, r1, r2\nadd.w r3, r4, r5", 8),
    "push moves two registers a cycle": ("push {r0-r3, lr}", 3),
    "a pair of loads issues alone": ("ldrd r0, r1, [r4]\nadd.w r2, r3, r5", 2),
    "branch pairs with what is before it": ("subs r0, #1\nbne .", 1),
    "compare and branch": ("cmp r0, r1\nbne .", 1),
    "a branch without a neighbour pairs with what follows": ("nop\nnop\nbne .", 1.5),
    "barriers issue alone": ("dsb\nadd.w r0, r1, r2", 4),
    "IT costs nothing beside its neighbour": ("add.w r1, r2, r3\nit eq\nmoveq r4, r5", 2),
    "single precision": ("vadd.f32 s0, s1, s2\nvadd.f32 s3, s0, s4", 4),
    "one floating-point operation a cycle": ("vadd.f32 s0, s1, s2\nvadd.f32 s3, s4, s5", 2),
    "fused accumulation forwards": (
        "vfma.f32 s0, s1, s2\nvfma.f32 s0, s3, s4", 4,
    ),
    "a sum waits for an accumulation to pass": ("vfma.f32 s0, s1, s2\nvadd.f32 s3, s4, s5", 5),
    "accumulation does not pair with a transfer": ("vfma.f32 s0, s1, s2\nvldr s4, [r0]", 2),
    "floating point pairs with integer": ("vadd.f32 s0, s1, s2\nadd.w r0, r1, r2", 1),
    "a product in double precision": ("vmul.f64 d0, d1, d2\nadd.w r0, r1, r2", 6),
    "nothing pairs with a later branch's target": ("b .\n", 1),
    "a chain through memory": ("0: ldr r0, [r0]\ncmp r0, #0\nbne 0b", 3),
    "flags set early": ("subs r0, #1\nnop\nnop\nnop\nnop\nnop\nbne .", 4),
}  # fmt: skip
# A lone last instruction may pair with what the next block begins with; a rule is about itself.
ALONE = replace(TimingParameters(), branch_pairing_half_cycles=0)
PAIRING = "a branch without a neighbour pairs with what follows"


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    source = [".syntax unified", ".thumb"]
    for index, (text, _) in enumerate(RULES.values()):
        source += [f'.section .rule{index}, "ax"', text]
    source += ['.section .flags, "ax"', FLAGS]
    (folder / "rules.S").write_text("\n".join(source) + "\n")
    subprocess.run(
        [
            sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf",
            "-mcpu=cortex_m7+fp_armv8d16", "-c", "rules.S", "-o", "rules.o",
        ],
        cwd=folder,
        check=True,
    )  # fmt: skip
    elf = ELFFile(BytesIO((folder / "rules.o").read_bytes()))
    names = {f".rule{index}": name for index, name in enumerate(RULES)}
    names[".flags"] = "flags"
    return {
        names[section.name]: section.data()
        for section in elf.iter_sections()
        if section.name in names
    }


FLAGS = """
wfe
cpsie i
vadd.f32 s0, s0, s1
sev
"""


@pytest.mark.parametrize("rule", RULES)
def test_schedule(code, rule):
    timing = TimingParameters() if rule == PAIRING else ALONE
    block = Pipeline(timing).analyse(code[rule], BASE)
    assert block.cost == RULES[rule][1]
    assert block.end == BASE + len(code[rule])


def test_parameters_change_the_schedule(code):
    slow = replace(ALONE, load_latency=4, divide_cycles=20, loads_per_cycle=1)
    pipeline = Pipeline(slow)
    assert pipeline.analyse(code["load to use"], BASE).cost == 5
    assert pipeline.analyse(code["division holds the pipeline"], BASE).cost == 21
    assert pipeline.analyse(code["loads from two banks pair"], BASE).cost == 2


def test_a_loop_of_one_block_waits_for_its_own_results(code):
    # A word that is its own address: three cycles a turn, whatever a single turn seems to cost.
    loop = code["a chain through memory"]
    assert Pipeline(ALONE).analyse(loop, BASE).cost == 3
    assert Pipeline(replace(ALONE, load_to_address_extra=0)).analyse(loop, BASE).cost == 2


def test_flags_that_are_set_early_make_a_misprediction_cheaper(code):
    pipeline = Pipeline(ALONE)
    assert pipeline.analyse(code["compare and branch"], BASE).flags & st.LATE_FLAGS
    assert not pipeline.analyse(code["flags set early"], BASE).flags & st.LATE_FLAGS


def test_what_the_hook_has_to_know_of_a_block(code):
    pipeline = Pipeline(TimingParameters())
    block = pipeline.analyse(code["flags"], BASE)
    assert block.flags == (st.WAITS_FOR_EVENT | st.MAY_UNMASK | st.USES_FPU | st.SENDS_EVENT)
    assert block.first_fpu == 2
    loop = pipeline.analyse(code["branch pairs with what is before it"], BASE)
    assert loop.flags == st.CONDITIONAL | st.LATE_FLAGS
    assert loop.backward
    spin = pipeline.analyse(code["nothing pairs with a later branch's target"], BASE)
    assert spin.flags == st.FIRST_TIME | st.SPINS


def test_bytes_that_are_no_instruction_are_counted():
    block = Pipeline(TimingParameters()).analyse(bytes.fromhex("00bf d4d4 ffff ffff"), BASE)
    assert block.instructions >= 2
    assert block.end == BASE + 8
