"""The firmware comes up, says who it is, and comes up again after a reset."""

import io
import zlib

import firmware_board
import pytest
from elftools.elf.elffile import ELFFile

from dvfs_kernel.link import abi

pytestmark = pytest.mark.board

PIN_RESET = 1 << 2  # RCC_CSR bits 31:24
SOFTWARE_RESET = 1 << 4
HELLO_LIMIT_S = 0.1


@pytest.fixture
def started():
    board, session = firmware_board.start()
    with board:
        yield board, session


def test_it_says_who_it_is(started):
    board, session = started
    hello = session.hello()
    assert session.retries == 0
    assert board.now_s < HELLO_LIMIT_S
    assert hello.abi_version == abi.VERSION
    assert hello.device_id & 0xFFF == 0x451
    assert hello.frame_payload_max == abi.FRAME_PAYLOAD_MAX
    assert (hello.tensor_bytes, hello.scratch_bytes) == (abi.TENSOR_BYTES, abi.SCRATCH_BYTES)
    assert (hello.image_ready, hello.fault_pending) == (0, 0)
    assert hello.reset_cause & PIN_RESET


def test_its_build_id_is_the_checksum_of_what_is_flashed(started):
    _, session = started
    elf = ELFFile(io.BytesIO(firmware_board.firmware()))
    loaded = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
    start = min(segment["p_paddr"] for segment in loaded)
    end = max(segment["p_paddr"] + segment["p_filesz"] for segment in loaded)
    flash = bytearray(b"\xff" * (end - start))
    for segment in loaded:
        place = segment["p_paddr"] - start
        flash[place : place + segment["p_filesz"]] = segment.data()
    assert session.hello().build_id == zlib.crc32(flash)


def test_nothing_it_does_at_start_is_illegal(started):
    board, session = started
    session.hello()
    assert board.machine.trace.violations == []
    assert board.machine.trace.messages == []


def test_caches_are_on_and_interrupts_wait_for_measurements(started):
    board, session = started
    session.hello()
    clocks = board.machine.devices.rcc.clocks
    assert (clocks.source, clocks.usart3_hz, clocks.lptim1_hz) == ("hsi", 16_000_000, 16_000_000)
    before = board.machine.counters
    session.hello()
    after = board.machine.counters
    # The loop that reads the line is in the cache after a frame.
    fetched = after.instructions - before.instructions
    assert after.icache_flash_misses - before.icache_flash_misses < fetched / 50


def test_its_own_overhead_is_measured(started):
    _, session = started
    hello = session.hello()
    assert 10 < hello.marker_overhead_cycles < 150
    assert 5 < hello.hop_overhead_cycles < 100


def test_reset_by_command_starts_it_anew(started):
    _, session = started
    assert not session.hello().reset_cause & SOFTWARE_RESET
    session.reset()
    hello = session.hello()
    assert hello.reset_cause & SOFTWARE_RESET
    assert not hello.fault_pending


def test_a_second_reset_does_not_inherit_the_cause_of_the_first(started):
    board, session = started
    session.hello()
    session.reset()
    board.reset()
    assert not session.hello().reset_cause & SOFTWARE_RESET


def test_two_boards_behave_the_same_to_the_picosecond():
    times = []
    for _ in range(2):
        board, session = firmware_board.start()
        session.hello()
        times.append((board.machine.now_ps, board.machine.counters.instructions))
    assert times[0] == times[1]
