"""What changes the shared state while the core is inside a block, stepped or not, stays done."""

import pytest

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.errors import FirmwareFaultError

# A store to a register of the core and, in the same block, the instruction that needs the FPU.
IN_ONE_BLOCK = """
reset:
  ldr r0, ={address:#x}
  ldr r1, ={value:#x}
  str r1, [r0]
  dsb
  vmov s0, r1
  put r1, 0
  b .
.thumb_func
usage_fault:
  movs r7, #7
  put r7, 1
  b .
"""
CCR, CPACR = 0xE000ED14, 0xE000ED88
CACHES = 0x00030200


def stepped(program, address, value):
    source = IN_ONE_BLOCK.format(address=address, value=value)
    return program(source.replace("reset:\n", "reset:\n  poke 0xE000ED24, 0x70000\n  isb\n"))


def test_an_fpu_that_is_switched_on_in_the_same_block_is_on(program):
    p = stepped(program, CPACR, 0x00F00000)
    p.run()
    assert p.words(2) == [0x00F00000, 0]


def test_what_a_device_writes_into_the_shared_state_during_a_step_stays(program):
    p = stepped(program, CCR, CACHES)
    with pytest.raises(FirmwareFaultError):
        p.run()
    assert p.words(2)[1] == 7
    state = p.machine.native_state
    assert state[st.ICACHE_ON] == state[st.DCACHE_ON] == 1


def test_a_reset_that_is_asked_for_during_a_step_comes(program):
    p = program(
        """
reset:
  ldr r2, =0x20000100
  ldr r3, [r2]
  adds r3, #1
  str r3, [r2]
  put r3, 0
  cmp r3, #1
  bne done
  ldr r0, =0xE000ED0C
  ldr r1, =0x05FA0004
  str r1, [r0]
  dsb
  vmov s0, r1
done:
  b .
.thumb_func
usage_fault:
  b .
"""
    )
    p.run()
    assert p.words(1) == [2]


def test_stepped_instructions_are_charged_once_and_run_once(program):
    def counters(first):
        p = program(f"reset:\n{first}  vmov s0, r0\n  b .\n.thumb_func\nhard_fault: b .\n")
        with pytest.raises(FirmwareFaultError):
            p.run()
        return p.machine

    short, long = counters(""), counters("  nop\n  nop\n  nop\n  nop\n")
    assert long.counters.instructions == short.counters.instructions + 4
    assert long.counters.cycles == short.counters.cycles + 2
    assert long.profile().get("reset", 0) == 0  # what is left of the block at a step is no block


def test_a_fault_before_the_instruction_that_is_stepped_to_is_charged_up_to_itself(program):
    def counters(first):
        p = program(
            f"reset:\n  ldr r0, =0x70000000\n{first}  ldr r1, [r0]\n  vmov s0, r1\n  b .\n"
            ".thumb_func\nhard_fault: b .\n"
        )
        with pytest.raises(FirmwareFaultError, match="where nothing is"):
            p.run()
        return p.machine.counters

    short, long = counters("  nop\n" * 4), counters("  nop\n" * 8)
    assert long.instructions == short.instructions + 4
    assert long.cycles == short.cycles + 2


def test_a_block_that_is_forgotten_while_it_runs_keeps_its_conditions(program):
    """Flash that is programmed forgets all blocks; the one under way may have an IT."""
    p = program(
        """
reset:
  fpu_on
  poke 0x40023C04, 0x45670123
  poke 0x40023C04, 0xCDEF89AB
  poke 0x40023C10, 0x00000201
  ldr r0, =0x080003F0  // behind the code, on its page
  ldr r1, =0x20000000
  ldr r7, =0x40023830
  movs r2, #0
  movs r3, #3
  cmp r2, #1
  it eq
  streq r3, [r0]
  str r3, [r0]
  itt ne
  ldrne r4, [r7]
  strne r3, [r1]
  cmp r2, r2
  b further
further:
  str r3, [r1, #4]
  b .
"""
    )
    p.run()
    assert p.words(2) == [3, 3]
