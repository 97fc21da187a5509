"""Timers as firmware uses them: a tickless sleep ends with a compare match."""

import pytest

pytestmark = pytest.mark.board

TICKLESS = """
reset:
  poke 0x40023840, 1             // TIM2 clock
  poke 0x40000028, 15            // PSC: 1 MHz
  poke 0x40000014, 1             // EGR: update
  poke 0x40000034, 100           // CCR1
  poke 0x40000010, 0             // SR
  poke 0x4000000C, 2             // DIER: CC1IE
  poke 0xE000E100, 0x10000000    // interrupt 28
  poke 0x40000000, 1             // CEN
  movs r5, #0
again:
  wfi
  cmp r5, #10
  bne again
  ldr r0, =0x40000024
  ldr r1, [r0]
  put r1, 1
  put r5, 0
  b .
.thumb_func
irq28:
  ldr r0, =0x40000000
  movs r1, #0
  str r1, [r0, #0x10]
  ldr r1, [r0, #0x34]
  adds r1, #100
  str r1, [r0, #0x34]            // the next one
  adds r5, #1
  dsb
  bx lr
"""


def test_a_tickless_sleep_ends_with_each_compare_match(program):
    p = program(TICKLESS)
    p.run(1.02e-3)
    woken, count = p.words(2)
    assert woken == 10
    assert 1000 <= count <= 1010, "microseconds since the counter was started"
    assert p.machine.counters.cycles < 16 * 1000 / 2, "it slept in between"
