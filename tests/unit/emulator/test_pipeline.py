"""The dual-issue schedule, rule by rule."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from elftools.elf.elffile import ELFFile

from dvfs_kernel.emulator import state as st
from dvfs_kernel.emulator.pipeline import Pipeline
from dvfs_kernel.emulator.timing import TimingParameters

BASE = 0x08000000

# Code and the cycles from its first instruction's issue to that of the next block.
RULES = {
    "two independent ALU operations pair": ("adds r0, #1\nadds r1, #1", 1),
    "a third one takes the next cycle": ("adds r0, r4\nadd.w r1, r2, r3\nadd.w r5, r6, r7", 2),
    "a result is not there for its neighbour": ("mov r0, r1\nadd.w r2, r0, r3", 2),
    "one shifter a cycle": ("add.w r0, r1, r2, lsl #2\nadd.w r3, r4, r5, lsl #2", 2),
    "a shifted operand is needed a stage early": (
        "mov r0, r1\nadd.w r2, r3, r0, lsl #2", 3,
    ),
    "a wide immediate uses the shifter": ("add.w r0, r1, #0x7e0\nadd.w r2, r3, #0x7e0", 2),
    "a narrow immediate does not": ("add.w r0, r1, #0x7e\nadd.w r2, r3, #0x7e", 1),
    "two loads pair": ("ldr r0, [r4]\nldr r1, [r5]", 1),
    "two stores do not": ("str r0, [r4]\nstr r1, [r5]", 2),
    "load and store pair": ("ldr r0, [r4]\nstr r1, [r5]", 1),
    "load to use": ("ldr r0, [r4]\nadd.w r1, r0, r2", 2),
    "byte load to use takes longer": ("ldrb r0, [r4]\nadd.w r1, r0, r2", 3),
    "load to address": ("ldr r0, [r4]\nldr r1, [r0]", 3),
    "store data may come late": ("add.w r0, r1, r2\nstr r0, [r4]", 1),
    "an updated base is there at once": ("ldr r0, [r4], #4\nldr r1, [r4], #4", 2),
    "one multiply a cycle": ("mul r0, r1, r2\nmul r3, r4, r5", 2),
    "multiply pairs with a load": ("mul r0, r1, r2\nldr r3, [r4]", 1),
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
    "barriers issue alone": ("dsb\nadd.w r0, r1, r2", 4),
    "IT costs nothing beside its neighbour": ("add.w r1, r2, r3\nit eq\nmoveq r4, r5", 2),
    "single precision": ("vadd.f32 s0, s1, s2\nvadd.f32 s3, s0, s4", 4),
    "one floating-point operation a cycle": ("vadd.f32 s0, s1, s2\nvadd.f32 s3, s4, s5", 2),
    "fused accumulation forwards": (
        "vfma.f32 s0, s1, s2\nvfma.f32 s0, s3, s4", 4,
    ),
    "floating point pairs with integer": ("vadd.f32 s0, s1, s2\nadd.w r0, r1, r2", 1),
    "nothing pairs with a later branch's target": ("b .\n", 1),
}  # fmt: skip


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
    block = Pipeline(TimingParameters()).analyse(code[rule], BASE)
    assert block.cost == RULES[rule][1]
    assert block.end == BASE + len(code[rule])


def test_parameters_change_the_schedule(code):
    slow = replace(TimingParameters(), load_latency=5, divide_cycles=20, loads_per_cycle=1)
    pipeline = Pipeline(slow)
    assert pipeline.analyse(code["load to use"], BASE).cost == 5
    assert pipeline.analyse(code["division holds the pipeline"], BASE).cost == 21
    assert pipeline.analyse(code["two loads pair"], BASE).cost == 2


def test_what_the_hook_has_to_know_of_a_block(code):
    pipeline = Pipeline(TimingParameters())
    block = pipeline.analyse(code["flags"], BASE)
    assert block.flags == (st.WAITS_FOR_EVENT | st.MAY_UNMASK | st.USES_FPU | st.SENDS_EVENT)
    assert block.first_fpu == 2
    loop = pipeline.analyse(code["branch pairs with what is before it"], BASE)
    assert loop.flags == st.CONDITIONAL
    assert loop.backward
    spin = pipeline.analyse(code["nothing pairs with a later branch's target"], BASE)
    assert spin.flags == st.FIRST_TIME | st.SPINS


def test_bytes_that_are_no_instruction_are_counted():
    block = Pipeline(TimingParameters()).analyse(bytes.fromhex("00bf d4d4 ffff ffff"), BASE)
    assert block.instructions >= 2
    assert block.end == BASE + 8
