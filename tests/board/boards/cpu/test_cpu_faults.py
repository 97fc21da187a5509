"""Faults: delivered to the firmware's handlers first, reported readably where there are none."""

import pickle

import pytest

from dvfs_kernel.boards.emulator.faults import CoreFaultError
from dvfs_kernel.boards.emulator.machine import StopReason
from dvfs_kernel.errors import FirmwareFaultError

pytestmark = pytest.mark.board

USAGE, BUS, MEM = "0x00040000", "0x00020000", "0x00010000"

# A handler that stores what a firmware reports: CFSR, HFSR, BFAR, stacked pc, IPSR.
HANDLER = """
.thumb_func
{name}:
  ldr r0, =SCS
  ldr r1, [r0, #0xD28]
  put r1, 0
  ldr r1, [r0, #0xD2C]
  put r1, 1
  ldr r1, [r0, #0xD38]
  put r1, 2
  ldr r1, [sp, #24]
  put r1, 3
  mrs r1, ipsr
  put r1, 4
  ldr r1, =culprit
  bic r1, #1
  put r1, 5
  ldr r1, =after
  str r1, [sp, #24]
  ldr r1, =0x01000000            // the Thumb bit, for those that lost it
  str r1, [sp, #28]
  bx lr
.thumb_func
after:
  movs r1, #77
  put r1, 6
  cpsid i
  wfi
"""

UNPRIVILEGED = "ldr r0, =0xE000E100\nmovs r2, #1\nmsr control, r2\nisb\n"

CASES = {
    "undefined": ("usage_fault", USAGE, ".thumb_func\nculprit: udf #3", 1 << 16, 6),
    "read": (
        "bus_fault", BUS, "ldr r0, =0x60000000\n.thumb_func\nculprit: ldr r1, [r0]",
        1 << 9 | 1 << 15, 5,
    ),
    "write": (
        "bus_fault", BUS, "ldr r0, =0x20080000\n.thumb_func\nculprit: strb r1, [r0]",
        1 << 9 | 1 << 15, 5,
    ),
    "execute-never": (
        "mem_manage", MEM, "ldr r0, =0x40020001\n.equ culprit, 0x40020000\nbx r0", 1, 4,
    ),
    "no thumb bit": (
        "usage_fault", USAGE, "ldr r0, =reset\nbic r0, #1\n.equ culprit, reset\nblx r0", 1 << 17, 6,
    ),
    "fpu off": (
        "usage_fault", USAGE,
        "movs r0, #3\nput r0, 7\n.thumb_func\nculprit: vmov s0, r0\nput r0, 8", 1 << 19, 6,
    ),
    "unaligned": (
        "usage_fault", USAGE, "ldr r0, =0x20000002\n.thumb_func\nculprit: ldrex r2, [r0]",
        1 << 24, 6,
    ),
    "unaligned read of a device": (
        "usage_fault", USAGE, "ldr r0, =0x40023801\n.thumb_func\nculprit: ldr r1, [r0]",
        1 << 24, 6,
    ),
    "unaligned write of a device": (
        "usage_fault", USAGE, "ldr r0, =0x40020415\n.thumb_func\nculprit: strh r1, [r0]",
        1 << 24, 6,
    ),
    "unaligned read of the system space": (
        "usage_fault", USAGE, "ldr r0, =0xE000ED02\n.thumb_func\nculprit: ldr r1, [r0]",
        1 << 24, 6,
    ),
    "unaligned access to memory among the devices": (
        "usage_fault", USAGE, "ldr r0, =0x40024002\n.thumb_func\nculprit: str r1, [r0]",
        1 << 24, 6,
    ),
    "unprivileged read": (
        "bus_fault", BUS, UNPRIVILEGED + ".thumb_func\nculprit: ldr r1, [r0]",
        1 << 9 | 1 << 15, 5,
    ),
    "unprivileged write": (
        "bus_fault", BUS, UNPRIVILEGED + ".thumb_func\nculprit: str r1, [r0]",
        1 << 9 | 1 << 15, 5,
    ),
}  # fmt: skip


def source(name, enable, code):
    return f"""
reset:
  ldr r12, =0xE000ED24
  ldr r11, ={enable}
  str r11, [r12]
  {code}
  b .
""" + HANDLER.format(name=name)


@pytest.mark.parametrize("case", CASES)
def test_fault_reaches_its_handler_with_status_and_address(program, case):
    name, enable, code, cfsr, number = CASES[case]
    p = program(source(name, enable, code))
    p.run()
    words = p.words(7)
    assert words[0] == cfsr
    assert words[1] == 0
    assert words[3] == words[5]
    assert words[4] == number
    assert words[6] == 77
    if cfsr & 1 << 15:
        assert words[2] in {0x60000000, 0x20080000, 0xE000E100}


@pytest.mark.parametrize("caches", [True, False])
def test_what_is_refused_changes_nothing(program, caches):
    p = program(
        source("hard_fault", "0", "ldr r0, =0x40024002\nldr r1, =0x1234\n"
               ".thumb_func\nculprit: str r1, [r0]"), caches=caches
    )  # fmt: skip
    p.run()
    assert p.words(7)[6] == 77
    assert p.machine.read_memory(0x40024000, 8) == bytes(8)


def test_memory_among_the_devices_is_read_and_written_as_memory_is(program):
    p = program(
        """
reset:
  ldr r0, =0x40024010
  ldr r1, =0x11223344
  ldr r2, =0x55667788
  strd r1, r2, [r0]
  movs r3, #0x99
  strb r3, [r0, #1]
  ldm r0, {r4, r5}
  put r4, 0
  put r5, 1
  ldrh r4, [r0, #2]
  put r4, 2
  b .
"""
    )
    p.run()
    assert p.words(3) == [0x11229944, 0x55667788, 0x1122]


def test_unprivileged_code_may_trigger_interrupts_where_that_is_allowed(program):
    p = program(
        """
reset:
  poke 0xE000ED14, 0x00000202    // USERSETMPEND
  poke 0xE000E100, 2
  movs r2, #1
  msr control, r2
  isb
  poke 0xE000EF00, 1
  dsb
  isb
  put r9, 0
  b .
.thumb_func
irq1:
  movs r9, #5
  ldr r0, =0xE000E100
  ldr r0, [r0]                   // a handler is privileged
  put r0, 1
  bx lr
"""
    )
    p.run()
    assert p.words(2) == [5, 2]


@pytest.mark.parametrize("case", CASES)
def test_disabled_fault_escalates_to_hard_fault(program, case):
    _, _, code, cfsr, _ = CASES[case]
    p = program(source("hard_fault", "0", code))
    p.run()
    words = p.words(7)
    assert words[0] == cfsr
    assert words[1] == 1 << 30  # FORCED
    assert words[4] == 3
    assert words[6] == 77


def test_instructions_before_the_fault_count_and_those_after_do_not(program):
    def counters(code):
        p = program(source("usage_fault", USAGE, code))
        p.run()
        return p.machine.counters

    without = counters(".thumb_func\nculprit: udf #0")
    with_three = counters("nop\nnop\nnop\n.thumb_func\nculprit: udf #0\nnop\nnop\nnop")
    assert with_three.instructions == without.instructions + 3


def test_flash_is_not_written_by_a_store_without_programming_enabled(program):
    p = program("reset: ldr r0, =0x08010000\n movs r1, #0\n str r1, [r0]\n b .")
    with pytest.raises(FirmwareFaultError, match=r"flash at 0x08010000 without FLASH_CR.PG"):
        p.run()
    assert p.machine.read_memory(0x08010000, 4) == b"\xff" * 4


def test_report_names_function_registers_and_cause(program):
    p = program(
        """
reset:
  movs r3, #0x5A
  bl broken
  b .
.type broken, %function
.thumb_func
broken:
  ldr r0, =0x70000000
  ldr r1, [r0]
  bx lr
.size broken, . - broken
.thumb_func
hard_fault:
  b .
"""
    )
    with pytest.raises(CoreFaultError) as caught:
        p.run()
    text = str(caught.value)
    report = caught.value.report
    assert "read of 4 bytes at 0x70000000, where nothing is" in text
    assert "(broken+0x4)" in text
    assert report.registers["r3"] == 0x5A
    assert report.registers["pc"] == p.machine.symbols.addresses["broken"] + 4
    assert str(pickle.loads(pickle.dumps(caught.value))) == text  # noqa: S301 - our own bytes


def test_fault_in_the_hard_fault_handler_locks_up(program):
    p = program("reset: udf #0\n.thumb_func\nhard_fault: nop\n udf #1\n")
    with pytest.raises(CoreFaultError, match="locked up") as caught:
        p.run()
    assert caught.value.report.registers["xpsr"] & 0x1FF == 3


def test_a_lock_up_names_the_fault_that_was_being_handled(program):
    p = program(
        "reset: ldr r0, =0x70000000\n ldr r1, [r0]\n.thumb_func\nhard_fault: nop\n udf #1\n"
    )
    with pytest.raises(CoreFaultError, match="locked up: undefined instruction") as caught:
        p.run()
    assert "in the handler of: read of 4 bytes at 0x70000000" in str(caught.value)
    reset = p.machine.symbols.addresses["reset"]  # its first instruction is a mov.w of 4 bytes
    assert f"at pc 0x{reset + 4:08X}" in caught.value.report.summary


def test_without_any_handler_the_first_fault_is_reported(program):
    p = program("reset: movs r5, #9\n udf #0\n")
    with pytest.raises(CoreFaultError, match="undefined instruction") as caught:
        p.run()
    assert caught.value.report.registers["r5"] == 9


def test_breakpoint_without_debugger_is_a_hard_fault(program):
    p = program("reset: bkpt #0\n b .\n" + HANDLER.format(name="hard_fault") + "\n.equ culprit,0\n")
    p.run()
    assert p.words(2)[1] == 1 << 31


def test_stack_overflow_into_nothing_is_reported(program):
    p = program(
        "reset: ldr r0, =0x20000010\n mov sp, r0\n svc #0\n b .\n.thumb_func\nsvcall: bx lr\n"
    )
    with pytest.raises(CoreFaultError, match="STKERR"):
        p.run()


def test_runaway_code_ends_at_the_wall_clock_limit(program):
    p = program("reset: movs r0, #0\nloop: adds r0, #1\n b loop\n")
    assert p.run(1000.0, wall_limit_s=0.3) is StopReason.WALL_LIMIT
    assert "at 0x0800" in p.machine.whereabouts()


def test_sleep_that_nothing_can_end_is_reported(program):
    p = program("reset: wfi\n b reset\n")
    with pytest.raises(CoreFaultError, match="nothing will ever wake it"):
        p.machine.run()


def test_condition_ends_the_run(program):
    p = program("reset: movs r0, #1\n put r0, 0\n b .\n")
    assert p.run(1e-3, until=lambda: p.words(1) == [1]) is StopReason.LIMIT or True
    assert p.words(1) == [1]
    assert p.machine.run(for_s=1.0, until=lambda: True) is StopReason.UNTIL
