"""Ends and limits of `dvfs.boot`: every time comes to its end, and what is kept is bounded."""

import math
import time

import pytest
from tiny_firmware import SPIN, elf, load, store

import dvfs_kernel as dvfs
from dvfs_kernel.boards.virtual import VirtualBoard

pytestmark = pytest.mark.board

CLOCK_GATED_I2C1 = 0x40005400
SCR, SLEEPDEEP = 0xE000ED10, 4
WFI = 0xBF30
ON_SRAM, RETURN = 0x20020000, 0x4770


def back_to(target):
    """B to an earlier half-word, both counted from the begin of the code."""
    return lambda place, _length: 0xE000 | (target - place - 2) & 0x7FF


SLEEP = elf([WFI, back_to(0), SPIN])
STOP = elf([load(0, 0), load(1, 1), store(1, 0), WFI, back_to(3), SPIN], [SCR, SLEEPDEEP])
# SysTick interrupts every hundred cycles, but not in Stop: HCLK stands.
SYSTICK = 0xE000E010
TICKING_STOP = elf(
    [load(0, 2), load(1, 3), store(1, 0, 4), load(1, 4), store(1, 0),
     load(0, 0), load(1, 1), store(1, 0), WFI, back_to(8), SPIN],
    [SCR, SLEEPDEEP, SYSTICK, 99, 7],
)  # fmt: skip
# Writes to a port whose clock is off, for ever.
VIOLATION = elf([load(0, 0), store(1, 0), back_to(1), SPIN], [CLOCK_GATED_I2C1])
# Writes `movs r4, #0 or 1; bx lr` anew and calls it, for ever.
SELF_MODIFYING = elf(
    [load(0, 0), load(1, 1), load(2, 2), load(3, 3), load(5, 4),
     0x8001, 0x8042, 0x4069, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F, 0x4798, back_to(5), SPIN],
    [ON_SRAM, 0x2400, RETURN, ON_SRAM + 1, 1],
)  # fmt: skip


@pytest.fixture
def firmware(tmp_path):
    def write(code):
        path = tmp_path / "firmware.elf"
        path.write_bytes(code)
        return path

    return write


@pytest.mark.parametrize(
    "code",
    [elf([SPIN]), SLEEP, STOP, TICKING_STOP],
    ids=["spins", "sleeps", "stops", "stops with SysTick on"],
)
def test_every_time_comes_to_its_end(firmware, code):
    times_s = [0.07, 0.0701, 0.0702, 1e-3 / 3, 1e-9, 1e-12, 3e-13, 0.1 + 0.2 - 0.3 + 1e-5, 1e-6 / 7]
    with dvfs.booted_board(firmware(code)) as booted:
        machine = booted.board.machine
        for run_s in [*times_s, *times_s]:
            begin_ps = machine.now_ps
            booted.run(run_s, wall_limit=20)
            passed_ps = machine.now_ps - begin_ps
            # A spin ends with the block that the time ends in, of three cycles of 16 MHz.
            assert max(round(run_s * 1e12), 1) <= passed_ps <= run_s * 1e12 + 400_000


def test_seven_hundred_milliseconds_end(firmware):
    assert dvfs.boot(firmware(SLEEP), duration="700ms", wall_limit=20).now_s >= 0.7
    assert dvfs.boot(firmware(elf([SPIN])), duration="702ms", wall_limit=20).now_s >= 0.702


def test_a_wait_of_the_board_for_less_than_a_step_lets_time_pass():
    with VirtualBoard() as board:
        board.flash(elf([SPIN]))
        board.reset()
        for _ in range(5):
            before_ps = board.machine.now_ps
            assert board.read(1e-15) == b""
            assert board.machine.now_ps > before_ps
        before_ps = board.machine.now_ps
        assert board.read(0.0) == board.read(-1.0) == b""
        assert board.machine.now_ps == before_ps


def test_violations_in_a_loop_are_kept_first_and_counted_then(firmware):
    result = dvfs.boot(firmware(VIOLATION), duration="3ms", lenient=True)
    assert len(result.violations) == len(result.rows) == 1000
    assert result.violation_count == result.to_dict()["violation_count"] > 5000
    assert f"{result.violation_count:,} violations" in repr(result)
    with dvfs.booted_board(firmware(VIOLATION), lenient=True) as booted:
        booted.run("3ms")
        assert list(booted.warnings.values()) == [result.violation_count]


@pytest.mark.parametrize("code", [VIOLATION, SELF_MODIFYING], ids=["violates", "writes code"])
def test_limits_are_looked_at_often_whatever_the_firmware_does(code):
    with VirtualBoard(strict=False) as board:
        board.flash(code)
        board.reset()
        board.read_within(1e-4, math.inf)
        started_s = time.process_time()
        assert board.read_within(10.0, 0.3) == b""
        assert time.process_time() - started_s < 0.3 * 1.1 + 0.5
        assert board.now_s < 1.0


def test_a_wall_limit_is_kept_within_a_slice(firmware):
    with dvfs.booted_board(firmware(SELF_MODIFYING)) as booted:
        booted.run("100us")
        started_s = time.process_time()
        with pytest.raises(dvfs.BoardSilentError, match=r"still runs after 0\.3 s"):
            booted.run("10s", wall_limit="300ms")
        assert time.process_time() - started_s < 0.3 * 1.1 + 0.5


def test_translated_code_has_a_bound():
    with VirtualBoard() as board:
        engine = board.machine._core._uc
        assert engine.ctl_get_tcg_buffer_size() <= 128 << 20
