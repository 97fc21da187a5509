"""Faults on purpose: the report outlives the reset and tells where and why."""

import struct

import firmware_board
import numpy as np
import pytest
from firmware_board import exchange, request

from dvfs_kernel.errors import FirmwareFaultError
from dvfs_kernel.link import abi
from dvfs_kernel.link.fault_report import FaultReport
from dvfs_kernel.link.frames import Frame, encode_frame

pytestmark = pytest.mark.board

SOFTWARE_RESET = 1 << 4
HARD_FAULT, BUS_FAULT, USAGE_FAULT = 3, 5, 6
PRECISERR, BFARVALID, UNDEFINSTR = 1 << 9, 1 << 15, 1 << 16
FORCED = 1 << 30

# Thumb code put over the begin of a function, and what has to come of it:
# (code, offset of the faulting instruction, exception, bits of CFSR)
FAULTS = {
    "undefined instruction": (b"\x00\xde", 0, USAGE_FAULT, UNDEFINSTR),
    # movs r0, #3; lsls r0, r0, #28 (0x30000000); ldr r0, [r0]
    "load from nowhere": (bytes.fromhex("032000070068"), 4, BUS_FAULT, PRECISERR | BFARVALID),
}
# movw r0, #0x10; movt r0, #0x2000; mov sp, r0; push.w {r0-r7}
STACK_OVERFLOW = struct.pack("<HHHHHHH", 0xF240, 0x0010, 0xF2C2, 0x0000, 0x4685, 0xE92D, 0x00FF)


def function(board, name):
    return next(
        address
        for address in range(0x08000000, 0x08020000, 2)
        if (board.function_at(address) or "").partition("+")[0] == name
    )


@pytest.fixture
def started():
    board, session = firmware_board.start(firmware_board.small_image().data)
    session.hello()
    with board:
        yield board, session


def cause(board, command, payload):
    """Send a request that faults; return the report that comes after the reset."""
    line = encode_frame(Frame(command, 3, payload.tobytes()))
    (told,) = exchange(board, line, timeout_s=0.2)
    assert told.sequence == abi.UNSOLICITED_SEQUENCE
    return FaultReport.from_bytes(told.payload)


def one_run():
    run = np.zeros((), abi.RUN_REQUEST)
    run["runs"] = 1
    return run


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_after_the_reset_that_it_caused(started, name):
    board, session = started
    code, offset, _, status = FAULTS[name]
    place = function(board, "ina219_read")
    board.machine.write_memory(place, code)
    report = cause(board, abi.Command.INA219_READ, np.zeros((), abi.INA219_REQUEST))
    # With interrupts disabled every fault is a HardFault; the status still says which.
    assert (report.kind, report.hfsr) == (HARD_FAULT, FORCED)
    assert report.cfsr & status == status
    assert report.registers[6] == place + offset
    assert 0x20000000 < report.sp <= 0x20002000
    assert report.layer is None
    if status & BFARVALID:
        assert report.bfar == 0x30000000

    hello = session.hello()
    assert hello.fault_pending
    assert hello.reset_cause & SOFTWARE_RESET
    assert session.read_fault() == report
    assert session.read_fault() is None
    assert not session.hello().fault_pending


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_kernel_has_its_own_exception_and_names_the_layer(started, name):
    board, session = started
    session.use_image()
    code, offset, exception, status = FAULTS[name]
    place = function(board, "add_run")
    board.machine.write_memory(place, code)
    report = cause(board, abi.Command.RUN, one_run())
    assert (report.kind, report.cfsr & status) == (exception, status)
    assert (report.registers[6], report.layer) == (place + offset, 3)


def test_the_host_says_what_ended_the_request(started):
    board, session = started
    board.machine.write_memory(function(board, "ina219_read"), b"\x00\xde")
    with pytest.raises(FirmwareFaultError, match=r"ina219_read[\s\S]*UNDEFINSTR"):
        session.read_ina219()
    session.hello()


def test_a_stack_overflow_in_a_kernel_is_reported_too(started):
    """The stack lies lowest in RAM, so that its end is the end of memory and not of data."""
    board, session = started
    session.use_image()
    board.machine.write_memory(function(board, "add_run"), STACK_OVERFLOW)
    report = cause(board, abi.Command.RUN, one_run())
    assert report.kind in (HARD_FAULT, BUS_FAULT)
    assert report.layer == 3
    assert session.hello().fault_pending


def test_a_reset_on_purpose_leaves_no_report(started):
    _, session = started
    session.reset()
    assert not session.hello().fault_pending
    assert session.read_fault() is None


def test_noise_in_memory_is_not_taken_for_a_report():
    board, session = firmware_board.start()
    with board:
        random = np.random.default_rng(1)
        board.machine.write_memory(0x20000000, random.bytes(0x6000))
        board.reset()
        assert not session.hello().fault_pending
        payload = request(board, abi.Command.FAULT_READ).payload
        assert payload == bytes(abi.FAULT_REPORT.itemsize)
