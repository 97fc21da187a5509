"""Exceptions: frames, nesting, masks, sleep."""

import pytest

pytestmark = pytest.mark.board

# r4 collects a trace of digits: every handler appends its own.
TRACE = """
.macro note digit
  movs r10, #10
  mul r4, r4, r10
  adds r4, #\\digit
.endm
"""


def test_supervisor_call_stacks_and_restores_registers(program):
    p = program(
        """
reset:
  movs r0, #1
  movs r1, #2
  movs r2, #3
  movs r3, #4
  mov r12, #5
  ldr r5, =0xA5A5A5A5
  mov lr, r5
  movs r6, #0
  cmp r6, #1            // N set, C clear
  svc #7
  mrs r7, apsr
  mov r8, r12
  put r0, 0
  put r3, 1
  put r8, 2
  put lr, 3
  put r7, 4
  put r9, 5
  b .
.thumb_func
svcall:
  mrs r9, ipsr
  ldr r0, [sp, #24]     // stacked return address
  ldrb r0, [r0, #-2]
  ldr r1, =RESULTS
  str r0, [r1, #24]     // the immediate of SVC
  str lr, [r1, #28]
  movs r3, #99
  mov r12, r3
  bx lr
"""
    )
    p.run()
    assert p.words(8) == [1, 4, 5, 0xA5A5A5A5, 0x80000000, 11, 7, 0xFFFFFFF9]


def test_nested_interrupts_preempt_by_priority(program):
    # irq1 (priority 0x80) pends irq2 (0x40: preempts) and irq3 (0xC0: waits).
    p = program(
        TRACE
        + """
reset:
  movs r4, #0
  poke 0xE000E400, 0xC0408000    // priorities of irq 0..3
  poke 0xE000E100, 0xE           // enable 1, 2, 3
  poke 0xE000E200, 0x2           // pend 1
  dsb
  isb
  note 9
  put r4, 0
  b .
.thumb_func
irq1:
  note 1
  poke 0xE000E200, 0xC
  dsb
  isb
  note 2
  bx lr
.thumb_func
irq2:
  note 3
  bx lr
.thumb_func
irq3:
  note 4
  bx lr
"""
    )
    p.run()
    assert p.words(1) == [13249]


def test_equal_priority_goes_by_number_and_does_not_nest(program):
    p = program(
        TRACE
        + """
reset:
  movs r4, #0
  cpsid i
  poke 0xE000E100, 0x7
  poke 0xE000E200, 0x5           // 2 and 0 are pending
  cpsie i
  isb
  put r4, 0
  b .
.thumb_func
irq0:
  note 1
  poke 0xE000E200, 0x2           // 1 becomes pending: before 2, after this one
  dsb
  note 2
  bx lr
.thumb_func
irq1:
  note 3
  bx lr
.thumb_func
irq2:
  note 4
  bx lr
"""
    )
    p.run()
    assert p.words(1) == [1234]


@pytest.mark.parametrize(
    ("mask", "taken_while_masked"),
    [("cpsid i", 0), ("cpsid f", 0), ("msr basepri, r5", 0), ("msr basepri, r6", 1)],
)
def test_masks_hold_interrupts_back_until_cleared(program, mask, taken_while_masked):
    p = program(
        f"""
reset:
  movs r4, #0
  movs r5, #0x40
  movs r6, #0xC0
  movs r7, #0
  poke 0xE000E400, 0x80          // irq0 has priority 0x80
  poke 0xE000E100, 0x1
  {mask}
  poke 0xE000E200, 0x1
  dsb
  isb
  put r4, 0
  cpsie i
  cpsie f
  msr basepri, r7
  put r4, 1
  b .
.thumb_func
irq0:
  adds r4, #1
  bx lr
"""
    )
    p.run()
    assert p.words(2) == [taken_while_masked, 1]


def test_wfi_with_primask_wakes_without_taking_the_interrupt(program):
    p = program(
        """
reset:
  movs r4, #0
  cpsid i
  poke 0xE000E014, 15999         // SysTick reload: 1 ms at 16 MHz
  poke 0xE000E018, 0
  poke 0xE000E010, 7
  wfi
  movs r5, #1
  put r4, 0                      // still 0: pending but not taken
  put r5, 1
  ldr r0, =0xE000ED04
  ldr r1, [r0]
  put r1, 2
  cpsie i
  put r4, 3
  b .
.thumb_func
systick:
  adds r4, #1
  bx lr
"""
    )
    p.run(1.5e-3)
    taken, woke, state, after = p.words(4)
    assert (taken, woke, after) == (0, 1, 1)
    assert state >> 26 & 1  # ICSR.PENDSTSET
    assert state >> 12 & 0x1FF == 15  # ICSR.VECTPENDING


def test_wfi_sleeps_until_the_interrupt_and_the_time_is_exact(program):
    p = program(
        """
reset:
  poke 0xE000E014, 159999        // 10 ms
  poke 0xE000E018, 0
  poke 0xE000E010, 7
again:
  wfi
  b again
.thumb_func
systick:
  ldr r0, =RESULTS
  ldr r1, [r0]
  adds r1, #1
  str r1, [r0]
  bx lr
"""
    )
    p.run(0.0999)
    assert p.words(1) == [9]
    p.run(0.0002)
    assert p.words(1) == [10]
    assert p.machine.counters.cycles < 5000  # it slept


def test_sleep_on_exit_stays_in_handlers(program):
    p = program(
        """
reset:
  movs r4, #0
  poke 0xE000ED10, 2             // SLEEPONEXIT
  poke 0xE000E014, 15999
  poke 0xE000E018, 0
  poke 0xE000E010, 7
  wfi
  movs r5, #1                    // never reached
  put r5, 1
  b .
.thumb_func
systick:
  adds r4, #1
  put r4, 0
  bx lr
"""
    )
    p.run(5.5e-3)
    assert p.words(2) == [5, 0]


def test_wfe_and_sev(program):
    p = program(
        """
reset:
  sev
  wfe                            // the event is there: goes on
  movs r4, #1
  put r4, 0
  poke 0xE000E014, 15999
  poke 0xE000E018, 0
  poke 0xE000E010, 7
  wfe                            // sleeps until SysTick
  movs r4, #2
  put r4, 1
  b .
.thumb_func
systick:
  bx lr
"""
    )
    p.run(0.5e-3)
    assert p.words(2) == [1, 0]
    p.run(1e-3)
    assert p.words(2) == [1, 2]


def test_pend_sv_runs_after_a_higher_interrupt(program):
    p = program(
        TRACE
        + """
reset:
  movs r4, #0
  poke 0xE000ED20, 0x00F00000    // PendSV lowest
  poke 0xE000E100, 1
  poke 0xE000E200, 1
  dsb
  isb
  put r4, 0
  b .
.thumb_func
irq0:
  poke 0xE000ED04, 0x10000000    // PENDSVSET
  note 1
  dsb
  isb
  note 2
  bx lr
.thumb_func
pend_sv:
  note 3
  bx lr
"""
    )
    p.run()
    assert p.words(1) == [123]


def test_process_stack_and_unprivileged_thread(program):
    p = program(
        """
reset:
  ldr r0, =0x20008004            // not a multiple of 8: the frame is padded
  msr psp, r0
  movs r0, #3                    // process stack, unprivileged
  msr control, r0
  isb
  mov r4, sp
  svc #0
  mov r5, sp
  mrs r6, control
  put r4, 0
  put r5, 1
  put r6, 2
  movs r0, #0
  msr control, r0                // ignored: unprivileged
  isb
  mrs r6, control
  put r6, 3
  b .
.thumb_func
svcall:
  mrs r7, psp
  put r7, 4
  put lr, 5
  mov r7, sp
  put r7, 6
  mrs r7, control
  put r7, 7
  bx lr
"""
    )
    p.run()
    assert p.words(8) == [
        0x20008004, 0x20008004, 3, 3, 0x20007FE0, 0xFFFFFFFD, 0x20010000, 1,
    ]  # fmt: skip


def test_floating_point_context_survives_a_handler_that_uses_it(program):
    p = program(
        """
reset:
  fpu_on
  vmov.f32 s0, #1.5
  vmov.f32 s15, #2.0
  vmov.f32 s16, #4.0
  vmrs r0, fpscr
  svc #0
  vmov r1, s0
  vmov r2, s15
  put r1, 0
  put r2, 1
  put r9, 2
  mrs r0, control
  put r0, 3
  b .
.thumb_func
svcall:
  mov r9, lr
  mov r8, sp
  put r8, 4
  ldr r8, [sp, #0x20]            // S0 in the frame
  put r8, 5
  vmov.f32 s0, #8.0
  vmov.f32 s15, #8.0
  bx lr
"""
    )
    p.run()
    assert p.words(6) == [
        0x3FC00000, 0x40000000, 0xFFFFFFE9, 4, 0x20010000 - 0x68, 0x3FC00000,
    ]  # fmt: skip


def test_interrupted_it_block_keeps_its_condition(program):
    # The block spans a kilobyte boundary, where the engine's translation ends: an interrupt there
    # must come back into the middle of the IT block.
    p = program(
        """
reset:
  movs r4, #0
  movs r6, #0
  poke 0xE000E014, 37
  poke 0xE000E018, 0
  poke 0xE000E010, 7
  ldr r7, =2000
  b loop
  .balign 1024
  .space 1016, 0xBF
loop:
  subs r7, #1
  beq done
  itett ne
  addne r6, #1
  addeq r6, #100
  addne r6, #1
  addne r6, #1
  b loop
done:
  put r6, 0
  put r4, 1
  b .
.thumb_func
systick:
  adds r4, #1
  cmp r4, r4                     // Z set in the handler
  bx lr
"""
    )
    p.run(20e-3)
    value, interrupts = p.words(2)
    assert value == 3 * 1999
    assert interrupts > 500


def test_software_reset_starts_again_with_memory_kept(program):
    p = program(
        """
reset:
  ldr r0, =RESULTS
  ldr r1, [r0]
  adds r1, #1
  str r1, [r0]
  cmp r1, #3
  beq .
  poke 0xE000ED0C, 0x05FA0004
  dsb
  b .
"""
    )
    p.run()
    assert p.words(1) == [3]
