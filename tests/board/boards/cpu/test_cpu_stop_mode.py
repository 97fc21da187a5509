"""Stop mode: clocks stand still until an external interrupt, and come back on HSI."""

import pytest

pytestmark = pytest.mark.board

BUTTON = """
reset:
  poke 0x40023844, 0x4000        // SYSCFG clock
  ldr r0, =0x40023830
  ldr r1, [r0]
  orr r1, #4                     // GPIOC clock
  str r1, [r0]
  poke 0x40013814, 0x20          // EXTI13 is PC13
  poke 0x40013C00, 0x2000
  poke 0x40013C08, 0x2000        // rising edge
  poke 0xE000E104, 0x100         // interrupt 40
  poke 0xE000ED10, 4             // SLEEPDEEP
  ldr r4, =0xE0001004
  wfi
  put r5, 0
  movs r6, #1
  put r6, 1
  b .
.thumb_func
irq_exti:
  adds r5, #1
  poke 0x40013C14, 0x2000
  dsb
  bx lr
"""


@pytest.fixture
def sleeping(program):
    # The vector of interrupt 40 is beyond the small table: put one in RAM.
    setup = """
  ldr r0, =0x20008000
  ldr r1, =irq_exti
  str r1, [r0, #(16 + 40) * 4]
  ldr r2, =0xE000ED08
  str r0, [r2]
  movs r5, #0
"""
    p = program(BUTTON.replace("reset:\n", f"reset:\n{setup}", 1))
    p.run(5e-3)
    return p


def test_stop_counts_no_cycles_and_wakes_on_the_button(sleeping):
    machine = sleeping.machine
    assert "waiting for an interrupt" in machine.whereabouts()
    cycles = machine.counters.cycles
    sleeping.run(0.2)
    assert machine.counters.cycles == cycles
    assert sleeping.words(2) == [0, 0]
    before_ps = machine.now_ps
    machine.devices.press("userButton")
    sleeping.run(1e-3)
    assert sleeping.words(2) == [1, 1]
    # DS11532 Rev 7, Table 40: 14 us with the main regulator.
    woken = next(c for c in machine.trace.clock_changes if c.time_ps >= before_ps)
    assert woken.sysclk_hz == 16_000_000
    awake_ps = (machine.counters.cycles - cycles) * 62_500
    assert machine.now_ps - before_ps - awake_ps == pytest.approx(14_000_000, rel=0.05)


def test_stop_draws_a_fraction_of_sleep(sleeping):
    machine = sleeping.machine
    start_j = machine.energy_j
    sleeping.run(0.1)
    power_w = (machine.energy_j - start_j) / 0.1
    assert 0 < power_w < 5e-3
