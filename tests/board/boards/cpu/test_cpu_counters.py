"""Counters read in the middle of straight code: exact to the cycle, wherever they are read."""

import pytest

from dvfs_kernel.boards.emulator import bus
from dvfs_kernel.boards.emulator.machine import StopReason

pytestmark = pytest.mark.board

COUNTERS = {
    "CYCCNT": (0xE0001004, 1),
    "SysTick": (0xE000E018, -1),
    "TIM2": (0x40000024, 1),
}

# Two readings around so many pairs of 32-bit nops, after others that move them in their lines and
# pages; twice, so that the code is in the cache the second time.
STRAIGHT = """
reset:
  caches_on
  poke 0xE000EDFC, 0x01000000
  poke 0xE0001FB0, 0xC5ACCE55
  poke 0xE0001000, 1
  poke 0xE000E014, 0xFFFFFF
  poke 0xE000E018, 0
  poke 0xE000E010, 5
  poke 0x40023840, 1
  poke 0x40000000, 1
  ldr r4, ={address}
  movs r7, #2
again:
  b 1f
  .balign 32
  .rept {shift}
  nop
  .endr
1:
  ldr r0, [r4]
  .rept {pairs}
  nop.w
  nop.w
  .endr
  ldr r1, [r4]
  subs r7, #1
  beq 2f
  b.w again
2:
  subs r1, r0
  put r1, 0
  b .
"""


def between(program, counter, pairs, shift=0, **options):
    address, direction = COUNTERS[counter]
    p = program(STRAIGHT.format(address=address, pairs=pairs, shift=shift), **options)
    p.run()
    return direction * (p.words(1)[0] - (1 << 32 if direction < 0 else 0))


@pytest.mark.parametrize("counter", COUNTERS)
def test_what_lies_between_two_readings_is_what_they_differ_by(program, counter):
    # One nop issues beside each reading: the first pair is free.
    one = between(program, counter, 1)
    assert 1 < one <= 6
    assert between(program, counter, 0) == one
    for pairs in (2, 7, 20, 50):
        assert between(program, counter, pairs) - one == pairs - 1


@pytest.mark.parametrize("shift", [1, 2, 7, 30, 255, 500])
def test_where_the_code_lies_does_not_matter(program, shift):
    # At some of these the code goes across a page, where the engine cuts blocks: whether the
    # last instruction of a page pairs with the next one is then not known.
    expected = between(program, "CYCCNT", 100)
    assert between(program, "CYCCNT", 100, shift) == pytest.approx(expected, abs=1)


def test_without_caches_the_cycle_is_known_too(program):
    measured = [between(program, "CYCCNT", pairs, caches=False) for pairs in (1, 20, 50)]
    assert [m - measured[0] for m in measured] == [0, 19, 49]


def test_a_line_of_code_is_waited_for_where_it_lies(program):
    # Caches off: of six lines of flash, those behind the first reading count and the first not.
    source = STRAIGHT.replace("caches_on", "poke 0x40023C00, 7")
    address, _ = COUNTERS["CYCCNT"]
    p = program(source.format(address=address, pairs=20, shift=0))
    p.run()
    plain = between(program, "CYCCNT", 20)
    assert p.words(1)[0] - plain == 5 * 8


def test_devices_see_the_counters_of_their_access(program):
    # Three marker pins in one block: ten instructions apart.
    p = program(
        """
reset:
  poke 0x40023830, 1 << 4
  poke 0x40021000, 0x55555555
  ldr r0, =0x40021000
  movs r1, #1
  movs r2, #2
  movs r3, #3
  b 1f
1:
  str r1, [r0, #0x14]
  .rept 9
  nop.w
  .endr
  str r2, [r0, #0x14]
  .rept 9
  nop.w
  .endr
  str r3, [r0, #0x14]
  b .
"""
    )
    p.run()
    first, second, third = p.machine.trace.markers
    assert second.instructions - first.instructions == 10
    assert third.instructions - second.instructions == 10
    # A line of code begins behind one of them.
    assert third.cycles - second.cycles == pytest.approx(second.cycles - first.cycles, abs=1)
    assert third.time_ps - second.time_ps == (third.cycles - second.cycles) * 62_500
    for marker in (first, second, third):
        c = marker.counters
        assert c.cycles == (
            c.base_cycles + c.branch_cycles + c.icache_stall_cycles + c.dcache_flash_stall_cycles
            + c.dcache_sram_stall_cycles + c.device_stall_cycles + c.exception_cycles
            + c.unaligned_cycles
        )  # fmt: skip


def test_a_conditional_read_of_a_device_makes_nothing_else_conditional(program):
    p = program(
        """
reset:
  ldr r0, =0xE000ED00
  movs r1, #0
  cmp r1, #1
  itt ne
  ldrne r2, [r0]
  movne r3, #1
  b 1f
1:
  movs r4, #7
  cmp r1, r1
  ite eq
  ldreq r5, [r0]
  movne r5, #9
  movs r6, #8
  put r2, 0
  put r4, 1
  put r5, 2
  put r6, 3
  b .
"""
    )
    p.run()
    assert p.words(4) == [0x411FC270, 7, 0x411FC270, 8]


# ---- polling ----------------------------------------------------------------------------------

POLLS = {
    "CSR of SysTick": "ldr r1, [r5]\n tst r1, #0x10000\n beq 1b",
    "CVR of SysTick": "ldr r1, [r5, #8]\n cmp r1, #200\n bhi 1b\n"
    "2: ldr r1, [r5, #8]\n cmp r1, #200\n bls 2b",
    "CYCCNT": "ldr r1, [r6, #4]\n subs r2, r1, r8\n cmp r2, #8000\n blo 1b\n mov r8, r1",
    "TIM2": "ldr r1, [r7, #0x24]\n sub r2, r1, r9\n cmp r2, #100\n blo 1b\n mov r9, r1",
    "flag of TIM2": "ldr r1, [r7, #0x10]\n tst r1, #1\n beq 1b\n movs r1, #0\n str r1, [r7, #0x10]",
    "two in turn": "ldr r1, [r7, #0x10]\n tst r1, #1\n bne 3f\n ldr r1, [r5]\n tst r1, #0x10000\n"
    " beq 1b\n3:\n movs r1, #0\n str r1, [r7, #0x10]",
}  # fmt: skip

POLLING = """
reset:
  caches_on
  poke 0xE000EDFC, 0x01000000
  poke 0xE0001FB0, 0xC5ACCE55
  poke 0xE0001000, 1
  poke 0xE000E014, 7999
  poke 0xE000E018, 0
  poke 0xE000E010, 5
  poke 0x40023840, 1
  poke 0x40000028, 159
  poke 0x4000002C, 199
  poke 0x40000014, 1
  poke 0x40000010, 0
  poke 0x40000000, 1
  ldr r5, =0xE000E010
  ldr r6, =0xE0001000
  ldr r7, =0x40000000
  mov r8, #0
  mov r9, #0
  movs r4, #20
1:
  {poll}
  subs r4, #1
  bne 1b
  put r4, 0
  ldr r1, [r6, #4]
  put r1, 1
  b .
"""


def polled(program, poll, asked):
    p = program(POLLING.format(poll=POLLS[poll]))
    p.run(25e-3)
    machine = p.machine
    return (machine.counters, machine.now_ps, p.words(2)), asked[0]


@pytest.mark.parametrize("poll", POLLS)
def test_a_loop_that_polls_asks_the_device_seldom_and_sees_the_same(program, monkeypatch, poll):
    asked = [0]
    read = bus.Bus._read

    def counted(self, address, width):
        asked[0] += 1
        return read(self, address, width)

    monkeypatch.setattr(bus.Bus, "_read", counted)
    quick, seldom = polled(program, poll, asked)
    monkeypatch.setattr(bus.Bus, "_remember", lambda *_: None)
    asked[0] = 0
    slow, often = polled(program, poll, asked)
    assert quick == slow
    assert often > 5_000
    assert seldom < often / (4 if poll == "TIM2" else 20)


def test_what_is_due_within_a_block_has_happened_when_it_is_looked_at(program):
    # Twenty readings of a flag in one block: it rises between two of them, in its own cycle.
    p = program(
        """
reset:
  caches_on
  poke 0x40023840, 1
  poke 0x4000002C, 60
  poke 0x40000014, 1
  poke 0x40000010, 0
  ldr r0, =0x40000010
  movs r1, #1
  ldr r5, =0x40000000
  movs r6, #0
  b 1f
1:
  str r1, [r5]
  .rept 20
  ldr r2, [r0]
  and r2, #1
  add r6, r2
  .endr
  put r6, 0
  ldr r3, [r5, #0x24]
  put r3, 1
  b .
"""
    )
    assert p.run() is StopReason.LIMIT
    seen, _ = p.words(2)
    # The last readings saw it; those of the first 60 cycles did not.
    assert 3 <= seen <= 17
