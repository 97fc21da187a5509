"""Flash that programs write: what lands, who waits, and what goes on meanwhile."""

import pytest

from dvfs_kernel.boards.emulator import state
from dvfs_kernel.errors import FirmwareFaultError

pytestmark = pytest.mark.board

UNLOCK = """
reset:
  poke 0x40023C04, 0x45670123
  poke 0x40023C04, 0xCDEF89AB
"""

# Runs what lies between `moved` and `moved_end` in SRAM, with r4 = CYCCNT, r5 = FLASH_SR,
# r6 = FLASH_CR.
IN_RAM = """
  poke 0xE000EDFC, 0x01000000
  poke 0xE0001FB0, 0xC5ACCE55
  poke 0xE0001000, 1
  poke 0xE000E014, 0xFFFFFF
  poke 0xE000E018, 0
  poke 0xE000E010, 5
  ldr r0, =moved
  bic r0, #1
  ldr r1, =moved_end
  ldr r2, =0x20020000
1:
  ldr r3, [r0], #4
  str r3, [r2], #4
  cmp r0, r1
  blo 1b
  dsb
  isb
  ldr r4, =0xE0001004
  ldr r5, =0x40023C0C
  ldr r6, =0x40023C10
  ldr r7, =0x20020001
  ldr r8, =0xE000E018
  bx r7
.balign 4
.thumb_func
moved:
  ldr r0, [r4]
  ldr r9, [r8]
  ldr r1, [r6]
  orr r1, #0x10000
  str r1, [r6]
  movs r2, #0
2:
  adds r2, #1
  ldr r1, [r5]
  tst r1, #0x10000
  bne 2b
  ldr r1, [r4]
  subs r1, r0
  ldr r0, [r8]
  sub r9, r0
  movs r3, #0x20000000
  str r1, [r3]
  str r2, [r3, #4]
  str r9, [r3, #8]
3:
  b 3b
.balign 4
moved_end:
"""


CONDITIONAL = """
  movs r1, #0
  cmp r1, #0
  itt eq
  moveq r1, #5
  streq r1, [r0]
  cmp r1, #5
  movs r3, #0
  str r3, [r0, #4]
"""


def stores(psize, code):
    return f"{UNLOCK}\n poke 0x40023C10, {psize << 8 | 1:#x}\n ldr r0, =0x08040000\n {code}\n b ."


@pytest.mark.parametrize("caches", [True, False])
@pytest.mark.parametrize(
    ("psize", "code", "cells"),
    [
        (2, "ldr r1, =0x0F0F0F0F\n str r1, [r0]\n ldr r1, =0xFF00FF00\n str r1, [r0]",
         "000f000fffffffff"),
        (2, "ldr r1, =0x00FF00FF\n str r1, [r0]\n ldr r2, [r0]\n str r2, [r0, #4]",
         "ff00ff00ff00ff00"),
        (0, "movs r1, #0xF0\n strb r1, [r0]\n movs r1, #0x3F\n strb r1, [r0], #1\n strb r1, [r0]",
         "303fffffffffffff"),
        (1, "ldr r1, =0x1234\n strh r1, [r0, #2]\n ldr r1, =0x5634\n strh r1, [r0, #2]",
         "ffff3412ffffffff"),
        (2, "movs r1, #1\n movs r2, #2\n stm r0!, {r1, r2}", "0100000002000000"),
        (3, "movs r1, #1\n movs r2, #2\n strd r1, r2, [r0]", "0100000002000000"),
        (2, CONDITIONAL, "0500000000000000"),
        (2, "ldr r0, =0x00240000\n movs r1, #9\n str r1, [r0]", "09000000ffffffff"),
    ],
)  # fmt: skip
def test_a_store_clears_bits_and_sets_none(program, caches, psize, code, cells):
    p = program(stores(psize, code), caches=caches)
    p.run(1e-3)
    assert p.machine.read_memory(0x08040000, 8).hex() == cells
    assert not p.machine.trace.violations


@pytest.mark.parametrize("caches", [True, False])
@pytest.mark.parametrize(
    ("control", "code", "error"),
    [
        ("0", "str r1, [r0]", 1 << 7),
        ("0x80000201", "str r1, [r0]", 1 << 7),
        ("1", "str r1, [r0]", 1 << 6),
        ("0x201", "strb r1, [r0]", 1 << 6),
        ("0x201", "strh r1, [r0, #1]", 1 << 6),
        ("0x201", "str r1, [r0, #1]", 1 << 5),
        ("0x201", "str r1, [r0, #1]\n str r1, [r0, #3]", 1 << 5),
    ],
)
def test_a_store_that_is_refused_changes_nothing(program, caches, control, code, error):
    source = f"{UNLOCK}\n poke 0x40023C10, {control}\n ldr r0, =0x08040000\n movs r1, #0\n {code}"
    source += "\n ldr r2, =0x40023C0C\n ldr r1, [r2]\n put r1, 0\n b ."
    p = program(source, strict=False, caches=caches)
    p.run(1e-3)
    assert p.machine.read_memory(0x08040000, 8) == b"\xff" * 8
    assert p.words(1) == [error]
    expected = 0 if error == 1 << 5 else 1
    assert len(p.machine.trace.violations) == expected


@pytest.mark.parametrize("caches", [True, False])
def test_code_in_ram_sees_busy_and_its_clock_goes_on(program, caches):
    p = program(f"{UNLOCK}\n poke 0x40023C10, 0x222\n {IN_RAM}", caches=caches)
    p.run(0.6)
    cycles, polls, systick = p.words(3)
    assert cycles == pytest.approx(0.5 * 16e6, abs=100)
    assert systick == pytest.approx(cycles, abs=10)
    assert polls > 200_000
    assert p.machine.energy_j > 0


@pytest.mark.parametrize("caches", [True, False])
def test_code_in_flash_waits_and_its_clock_goes_on(program, caches):
    p = program(
        f"""
{UNLOCK}
  poke 0xE000EDFC, 0x01000000
  poke 0xE0001FB0, 0xC5ACCE55
  poke 0xE0001000, 1
  ldr r4, =0xE0001004
  ldr r5, =0x40023C0C
  movs r2, #0
  poke 0x40023C10, 0x22A          // sector 5
  ldr r0, [r4]
  poke 0x40023C10, 0x1022A
1:
  adds r2, #1
  ldr r1, [r5]
  tst r1, #0x10000
  bne 1b
  ldr r1, [r4]
  subs r1, r0
  put r1, 0
  put r2, 1
  b .
""",
        caches=caches,
    )
    p.run(1.1)
    cycles, polls = p.words(2)
    assert cycles == pytest.approx(16e6, abs=100)
    assert polls <= 2
    stalls = p.machine.counters
    assert stalls.cycles - stalls.base_cycles > 15e6


def test_code_in_the_cache_goes_on_until_it_reads_flash(program):
    p = program(
        f"""
{UNLOCK}
  caches_on
  ldr r5, =0x40023C0C
  ldr r6, =0x40023C10
  ldr r7, =0x08000000
  movs r3, #2
  poke 0x40023C10, 0x222
  ldr r1, =0x222
.balign 32
1:
  str r1, [r6]
  movs r2, #0
2:
  adds r2, #1
  ldr r0, [r5]
  tst r0, #0x10000
  bne 2b
  orr r1, #0x10000
  subs r3, #1
  bne 1b
  put r2, 0
  b .
"""
    )
    p.run(0.6)
    assert p.words(1)[0] > 200_000


OPTIONS = """
  poke 0x40023C08, 0x08192A3B
  poke 0x40023C08, 0x4C5D6E7F
  poke 0x40023C14, 0xDFFFAAFE     // nDBANK = 0, OPTSTRT
  ldr r5, =0x40023C0C
1:
  ldr r1, [r5]
  tst r1, #0x10000
  bne 1b
"""


def test_code_in_one_bank_goes_on_while_the_other_is_erased(program):
    loop = """
  movs r2, #0
1:
  adds r2, #1
  ldr r1, [r5]
  tst r1, #0x10000
  bne 1b
  put r2, 0
  b .
"""
    polls = {}
    for sector in (16, 2):
        control = f"poke 0x40023C10, {0x202 | sector << 3:#x}\n"
        start = f"poke 0x40023C10, {0x10202 | sector << 3:#x}\n"
        p = program(UNLOCK + OPTIONS + control + start + loop)
        p.run(0.5)
        polls[sector] = p.words(1)[0]
        assert (
            p.machine.native_state[state.FLASH_DUAL_BANK] == 1
        )  # the words of flash are half as wide
    assert polls[16] > 100_000
    assert polls[2] <= 2


def test_a_sector_of_the_second_bank_is_erased_alone(program):
    p = program(UNLOCK + OPTIONS + "poke 0x40023C10, 0x282\n poke 0x40023C10, 0x10282\n b .")
    p.machine.write_memory(0x080F0000, bytes(0x20000))
    p.run(0.5)
    assert p.machine.read_memory(0x080F0000, 0x10000) == bytes(0x10000)
    assert p.machine.read_memory(0x08100000, 0x4000) == b"\xff" * 0x4000
    assert p.machine.read_memory(0x08104000, 0xC000) == bytes(0xC000)


def test_the_one_time_programmable_bytes_clear_bits(program):
    p = program(
        UNLOCK
        + """
  poke 0x40023C10, 1
  ldr r0, =0x1FF0F000
  movs r1, #0xF0
  strb r1, [r0]
  movs r1, #0x3C
  strb r1, [r0]
  b .
"""
    )
    p.run(1e-3)
    assert p.machine.read_memory(0x1FF0F000, 2) == b"\x30\xff"


def test_the_rest_of_the_system_memory_is_read_only(program):
    p = program("reset: ldr r0, =0x1FF0F420\n movs r1, #0\n str r1, [r0]\n b .")
    with pytest.raises(FirmwareFaultError, match="write of 4 bytes at 0x1FF0F420"):
        p.run(10e-6)
    assert p.machine.read_memory(0x1FF0F420, 4) == bytes.fromhex("41003700")
