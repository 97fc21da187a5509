"""Priority masks and the bits of core registers that are implemented."""

import pytest

pytestmark = pytest.mark.board

# irq1 counts in r9; its priority is 0x20.
COUNTING = """
  b .
.thumb_func
irq1:
  adds r9, #1
  bx lr
"""

SETUP = """
reset:
  movs r9, #0
  poke 0xE000E400, 0x00002000
  poke 0xE000E100, 2
"""

PEND = """
  poke 0xE000E200, 2
  dsb
  isb
  nop
"""


def mask(value, register="basepri"):
    return f"movs r0, #{value}\n msr {register}, r0\n isb\n"


@pytest.mark.parametrize(
    ("written", "reads", "taken"),
    [(0, 0, 1), (1, 0, 1), (5, 0, 1), (0x0F, 0, 1), (0x10, 0x10, 0), (0x1F, 0x10, 0),
     (0x20, 0x20, 0), (0x2F, 0x20, 0), (0x30, 0x30, 1), (0xFF, 0xF0, 1)],
)  # fmt: skip
def test_basepri_has_four_bits(program, written, reads, taken):
    p = program(
        SETUP + mask(written) + "mrs r1, basepri\n put r1, 0\n" + PEND
        + "put r9, 1\n mrs r1, basepri\n put r1, 2" + COUNTING
    )  # fmt: skip
    p.run()
    assert p.words(3) == [reads, taken, reads]


@pytest.mark.parametrize(
    ("before", "raised", "reads"),
    [(0, 0x25, 0x20), (0, 5, 0), (0x40, 5, 0x40), (0x40, 0x1F, 0x10), (0x40, 0x4F, 0x40),
     (0x40, 0x80, 0x40), (0x40, 0, 0x40)],
)  # fmt: skip
def test_basepri_max_raises_and_never_lowers(program, before, raised, reads):
    p = program(
        SETUP + mask(before) + mask(raised, "basepri_max") + "mrs r1, basepri\n put r1, 0\n b ."
    )
    p.run()
    assert p.words(1) == [reads]


def test_a_mask_that_is_set_while_an_interrupt_arrives_has_four_bits(program):
    # SysTick pends in every position of the code around MSR, and reads BASEPRI in its handler.
    for reload in range(40, 90, 9):
        p = program(
            f"""
reset:
  movs r8, #0
  poke 0xE000ED20, 0x10000000
  movs r0, #0x25
  poke 0xE000E014, {reload}
  poke 0xE000E018, 0
  poke 0xE000E010, 7
  .rept 12
  msr basepri, r0
  movs r2, #0
  msr basepri, r2
  .endr
  put r8, 0
  b .
.thumb_func
systick:
  mrs r1, basepri
  orrs r8, r1
  bx lr
"""
        )
        p.run(0.1e-3)
        assert p.words(1)[0] in {0, 0x20}


REGISTERS = {
    "IPR0": (0xE000E400, 0xFFFFFFFF, 0xF0F0F0F0),
    "SHPR1": (0xE000ED18, 0xFFFFFFFF, 0x00F0F0F0),
    "SHPR2": (0xE000ED1C, 0xFFFFFFFF, 0xF0000000),
    "SHPR3": (0xE000ED20, 0xFFFFFFFF, 0xF0F000F0),
    "VTOR": (0xE000ED08, 0x0000007F, 0),
    "AIRCR": (0xE000ED0C, 0x05FAFFF8, 0xFA050700),
    "AIRCR, wrong key": (0xE000ED0C, 0xFA050700, 0xFA050000),
    "SCR": (0xE000ED10, 0xFFFFFFFF, 0x16),
    "FPDSCR": (0xE000EF3C, 0xFFFFFFFF, 0x07C00000),
    "MPU_CTRL": (0xE000ED94, 0xFFFFFFFE, 6),
    "MPU_RASR": (0xE000EDA0, 0xFFFFFFFE, 0x173FFF3E),
    "MPU_RBAR, region 3": (0xE000ED9C, 0xFFFFFFF3, 0xFFFFFFE3),
    "SYST_RVR": (0xE000E014, 0xFFFFFFFF, 0xFFFFFF),
}


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_hold_the_bits_that_are_implemented(program, name):
    address, written, reads = REGISTERS[name]
    p = program(f"reset: poke {address}, {written}\n ldr r1, [r12]\n put r1, 0\n b .\n")
    p.run(50e-6)
    assert p.words(1) == [reads]


@pytest.mark.parametrize("number", [1, 110, 400])
def test_a_trigger_beyond_the_last_interrupt_is_none(program, number):
    p = program(SETUP + f"poke 0xE000EF00, {number}\n dsb\n isb\n nop\n put r9, 0" + COUNTING)
    p.run()
    assert p.words(1) == [int(number == 1)]


# TIM2 at 16 MHz: an update every millisecond; the handler counts, and counts what it saw.
HANDLER = """
reset:
  movs r8, #0
  movs r9, #0
  poke 0x40023840, 1
  {clocks}
  poke 0x4000002C, 15999
  poke 0x40000014, 1
  poke 0x40000010, 0
  poke 0x4000000C, 1
  poke 0xE000E100, 1 << 28
  poke 0x40000000, 1
1:
  wfi
  put r8, 0
  put r9, 1
  b 1b
.thumb_func
irq28:
  ldr r0, =0x40000010
  adds r8, #1
  ldr r1, [r0]
  ands r1, #1
  adds r9, r1
  movs r1, #0
  {end}
  bx lr
"""


@pytest.mark.parametrize(
    ("end", "entries"),
    [
        ("str r1, [r0]", 2),
        ("str r1, [r0]\n nop", 2),
        ("str r1, [r0]\n dsb", 1),
        ("str r1, [r0]\n b 2f\n2:\n dsb", 1),
        ("dsb\n str r1, [r0]", 2),
        ("str r1, [r0]\n ldr r1, [r0]", 1),
        ("str r1, [r0]\n movs r2, #20\n2:\n subs r2, #1\n bne 2b", 1),
    ],
)
def test_a_flag_that_the_last_store_clears_brings_the_handler_again(program, end, entries):
    p = program(HANDLER.format(clocks="", end=end))
    p.run(5.5e-3)
    runs, updates = p.words(2)
    assert updates == 5
    assert runs == 5 * entries


def test_the_slower_the_bus_the_later_the_line_falls(program):
    twelve = "str r1, [r0]\n" + "nop.w\n" * 14
    quick = program(HANDLER.format(clocks="", end=twelve))
    slow = program(HANDLER.format(clocks="poke 0x40023808, 7 << 10", end=twelve))
    for p in (quick, slow):
        p.run(20e-3)
    assert quick.words(2)[0] == quick.words(2)[1]
    assert slow.words(2)[0] == 2 * slow.words(2)[1]
