"""Virtual time: deterministic, exact, and the same however a run is cut into pieces."""

from fractions import Fraction

import pytest

from dvfs_kernel.boards.emulator import core, state

pytestmark = pytest.mark.board

# SysTick interrupts a loop over an array in SRAM that does not fit the data cache.
BUSY = """
reset:
  caches_on
  poke 0xE000E014, 3331
  poke 0xE000E018, 0
  poke 0xE000E010, 7
outer:
  ldr r0, =0x20020000
  ldr r1, =0x20028000
inner:
  ldr r2, [r0]
  adds r2, #3
  str r2, [r0], #28
  cmp r0, r1
  blo inner
  wfi
  b outer
.thumb_func
systick:
  ldr r3, =RESULTS
  ldr r2, [r3]
  adds r2, #1
  str r2, [r3]
  bx lr
"""

TO_HSE = """
  poke 0x40023800, 0x00050083    // HSEBYP, HSEON
  ldr r0, =0x40023800
1:
  ldr r1, [r0]
  tst r1, #0x20000
  beq 1b
  poke 0x40023C00, 0x1           // one wait state, before 50 MHz
  poke 0x40023808, 0x1001        // SYSCLK = HSE, PCLK1 = HCLK / 2
"""


def fingerprint(p):
    machine = p.machine
    return machine.counters, machine.now_ps, machine.registers(), machine.energy_j


def test_two_runs_are_the_same_to_the_bit(program):
    results = []
    for _ in range(2):
        p = program(BUSY)
        p.run(5e-3)
        results.append((*fingerprint(p), p.machine.read_memory(0x20020000, 0x8000)))
    assert results[0] == results[1]


def test_the_short_cut_through_the_engine_changes_speed_alone(program, monkeypatch):
    quick = program(BUSY)
    quick.run(5e-3)
    monkeypatch.setattr(core, "find_skip_flag", lambda *_: 0)
    plain = program(BUSY)
    assert plain.machine._core.words[state.SKIP_PC_SYNC] == 0
    plain.run(5e-3)
    assert fingerprint(plain) == fingerprint(quick)


@pytest.mark.parametrize("slices", [7, 400])
def test_cutting_a_run_into_slices_changes_nothing(program, slices):
    whole = program(BUSY)
    whole.run(5e-3)
    cut = program(BUSY)
    for index in range(1, slices + 1):
        ahead_ps = 5_000_000_000 * index // slices - cut.machine.now_ps
        if ahead_ps > 0:
            cut.run(ahead_ps * 1e-12)
    counters, now_ps, registers, energy_j = fingerprint(whole)
    assert fingerprint(cut)[:3] == (counters, now_ps, registers)
    # The meter adds the same stretches in more pieces.
    assert cut.machine.energy_j == pytest.approx(energy_j, rel=1e-12)
    assert whole.words(1)[0] > 20


def test_counters_add_up_to_the_cycles(program):
    p = program(BUSY)
    p.run(5e-3)
    c = p.machine.counters
    parts = (
        c.base_cycles + c.branch_cycles + c.icache_stall_cycles + c.dcache_flash_stall_cycles
        + c.dcache_sram_stall_cycles + c.device_stall_cycles + c.exception_cycles
        + c.unaligned_cycles
    )  # fmt: skip
    assert parts == c.cycles
    assert c.dcache_sram_misses > 0
    assert c.write_backs > 0


def test_time_is_cycles_over_hclk_across_a_clock_change(program):
    p = program(f"reset:\n{TO_HSE}\n b .\n")
    p.run(1e-3)
    change = p.machine.trace.clock_changes[-1]
    assert (change.sysclk_hz, change.source) == (50_000_000, "hse")
    cycles = p.machine.counters.cycles - change.cycles
    elapsed_ps = p.machine.now_ps - change.time_ps
    assert elapsed_ps == Fraction(cycles * 10**12, 50_000_000)
    first = p.machine.trace.clock_changes[0]
    assert (first.time_ps, first.sysclk_hz) == (0, 16_000_000)
    # Before the change: 16 MHz, and the few edges that the switch itself takes.
    pause_ps = change.time_ps - Fraction(change.cycles * 10**12, 16_000_000)
    assert abs(pause_ps) < 1_000_000


def test_cycle_counter_reads_core_cycles_once_it_is_unlocked(program):
    p = program(
        """
reset:
  poke 0xE000EDFC, 0x01000000    // TRCENA
  poke 0xE0001000, 1             // still locked
  ldr r4, =0xE0001004
  ldr r0, [r4]
  put r0, 0
  poke 0xE0001FB0, 0xC5ACCE55
  poke 0xE0001000, 1
  ldr r0, [r4]
  nop
  ldr r1, [r4]
  subs r1, r0
  put r1, 1
  movs r2, #100
1:
  subs r2, #1
  bne 1b
  ldr r1, [r4]
  subs r1, r0
  put r1, 2
  b .
"""
    )
    p.run()
    locked, one, hundred = p.words(3)
    assert locked == 0
    assert one > 0
    assert hundred > 100


def test_systick_counts_and_flags_without_an_interrupt(program):
    p = program(
        """
reset:
  poke 0xE000E014, 999
  poke 0xE000E018, 55
  poke 0xE000E010, 5
  ldr r0, =0xE000E010
  movs r4, #0
1:
  ldr r1, [r0]
  tst r1, #0x10000
  beq 1b
  adds r4, #1
  put r4, 0
  ldr r1, [r0, #8]
  put r1, 1
  cmp r4, #16
  bne 1b
  ldr r1, [r0]
  put r1, 2
2:
  wfi
  b 2b
"""
    )
    p.run(1.1e-3)
    wraps, value, control = p.words(3)
    assert wraps == 16
    assert 0 < value <= 999
    assert control & 0x10000 == 0  # reading clears the flag
    assert p.machine.counters.cycles == pytest.approx(16_000, rel=0.02)


def test_uncached_flash_costs_wait_states_and_caches_hide_them(program):
    loop = """
  ldr r2, =500
1:
  subs r2, #1
  .rept 60                       // several 256-bit words of flash
  nop
  .endr
  bne 1b
  ldr r0, =RESULTS
  str r2, [r0]
  cpsid i
2:
  wfi
  b 2b
"""

    def cycles(wait_states, setup):
        p = program(f"reset:\n poke 0x40023C00, {wait_states}\n {setup}\n{loop}")
        p.run(20e-3)
        return p.machine.counters.cycles

    slow, fast = cycles(7, ""), cycles(0, "")
    assert slow > fast * 1.3
    assert cycles(7, "caches_on") < fast
    assert abs(cycles(7, "caches_on") - cycles(0, "caches_on")) < 200


WAITING = """
reset:
  poke 0x40023C00, {wait_states}
  {setup}
  ldr r0, =0x08000000
  movw r1, #600
1:
  ldr r2, [r0], #20              // constants, through flash words and cache lines
  subs r1, #1
  bne 1b
  cpsid i
2:
  wfi
  b 2b
"""


@pytest.mark.parametrize("setup", ["", "caches_on"])
def test_cycles_at_other_wait_states_follow_from_the_flash_words_waited_for(program, setup):
    def counters(wait_states):
        p = program(WAITING.format(wait_states=wait_states, setup=setup))
        p.run(20e-3)
        return p.machine.counters

    slow, fast = counters(7), counters(1)
    # The instructions before FLASH_ACR is written run without wait states in both.
    assert abs(slow.flash_waits - fast.flash_waits) == 0
    assert slow.cycles - fast.cycles == pytest.approx(6 * slow.flash_waits, rel=0.02)
    assert slow.flash_waits > 300


def test_a_load_across_a_word_boundary_takes_three_cycles_more(program):
    def cycles(offset):
        p = program(
            f"""
reset:
  ldr r0, =0x20000100 + {offset}
  movw r1, #1000
1:
  ldr r2, [r0]
  subs r1, #1
  bne 1b
  cpsid i
2:
  wfi
  b 2b
"""
        )
        p.run(20e-3)
        return p.machine.counters

    aligned, across = cycles(0), cycles(1)
    assert across.cycles - aligned.cycles == across.unaligned_cycles == 3 * 1000


def test_base_cost_does_not_depend_on_the_memory_model(program):
    def base(**options):
        p = program(BUSY, **options)
        p.run(1e-3, until=lambda: p.words(1)[0] >= 2)
        return p.machine.counters

    with_caches, without = base(), base(caches=False)
    assert without.icache_stall_cycles == without.dcache_sram_stall_cycles == 0
    rate = with_caches.base_cycles / with_caches.instructions
    assert rate == pytest.approx(without.base_cycles / without.instructions, rel=0.05)


def test_data_cache_holds_sixteen_kilobytes(program):
    def misses(length):
        p = program(
            f"""
reset:
  caches_on
  movs r4, #4
outer:
  ldr r0, =0x20020000
  ldr r1, =0x20020000 + {length}
inner:
  ldr r2, [r0], #4
  cmp r0, r1
  blo inner
  subs r4, #1
  bne outer
  cpsid i
1:
  wfi
  b 1b
"""
        )
        p.run(20e-3)
        return p.machine.counters.dcache_sram_misses

    # Less than all of it: literals of the code share the cache.
    assert misses(12 * 1024) == 12 * 1024 // 32
    assert misses(32 * 1024) == 4 * 32 * 1024 // 32
