"""Frames on the line: what the firmware takes, what it drops, what it says to nonsense."""

import zlib

import firmware_board
import numpy as np
import pytest
from cobs import cobs
from firmware_board import exchange, refusal, request
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, encode_frame

pytestmark = pytest.mark.board

HELLO = encode_frame(Frame(abi.Command.HELLO, 1))
PAYLOADS = {
    "clock_probe": abi.CLOCK_PROBE,
    "current_measure": abi.CURRENT_REQUEST,
    "image_begin": abi.IMAGE_BEGIN,
    "image_data": abi.DATA_HEADER,
    "ina219_read": abi.INA219_REQUEST,
    "input_write": abi.DATA_HEADER,
    "output_read": abi.OUTPUT_READ,
    "profile_read": abi.PROFILE_READ,
    "run": abi.RUN_REQUEST,
    "schedule_begin": abi.SCHEDULE_HEADER,
}


@pytest.fixture(scope="module")
def board():
    board, session = firmware_board.start(firmware_board.small_image().data)
    session.hello()
    with board:
        yield board


def answers(frames):
    return [(frame.command, frame.sequence) for frame in frames]


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=60), max_size=4))
@example([b"\x00"])
@example([b"\xff" * 300])
@example([cobs.encode(b"\x01\x01\x01\x00")])
@example([HELLO[:-3]])
def test_it_is_in_step_again_after_garbage(board, stretches):
    garbage = b"".join(stretch.replace(HELLO, b"") + b"\x00" for stretch in stretches)
    frames = exchange(board, garbage + HELLO)
    assert answers(frames) == [(abi.Command.HELLO | abi.Command.REPLY, 1)]


def test_a_frame_right_behind_garbage_loses_no_byte(board):
    """A receiver that looked at frames only at their end would miss the next one's begin."""
    garbage = cobs.encode(bytes(range(1, 256)) * 4) + b"\x00"
    assert len(exchange(board, garbage * 3 + HELLO, timeout_s=0.1)) == 1


def test_an_overlong_frame_is_dropped_and_spoils_nothing(board):
    payload = bytes(abi.FRAME_PAYLOAD_MAX + 1)
    body = bytes([abi.VERSION, abi.Command.IMAGE_DATA, 9, 0]) + payload
    overlong = cobs.encode(body + bytes(4)) + b"\x00"
    assert exchange(board, overlong) == []
    endless = b"\x07" * 5000
    assert answers(exchange(board, endless + b"\x00" + HELLO, timeout_s=0.2)) == [
        (abi.Command.HELLO | abi.Command.REPLY, 1)
    ]


@given(st.data())
@settings(max_examples=25)
def test_a_flipped_bit_is_never_answered_as_if_it_were_right(board, data):
    encoded = bytearray(encode_frame(Frame(abi.Command.OUTPUT_READ, 300, bytes(8))))
    place = data.draw(st.integers(0, len(encoded) - 2))
    encoded[place] ^= 1 << data.draw(st.integers(0, 7))
    assert exchange(board, bytes(encoded) + b"\x00") == []


def test_the_longest_payload_gets_through(board):
    whole = abi.FRAME_PAYLOAD_MAX - abi.DATA_HEADER.itemsize
    for fill in (b"\x00", b"\x01", b"\xff"):
        reply = request(
            board, abi.Command.INPUT_WRITE, bytes(abi.DATA_HEADER.itemsize) + fill * whole
        )
        assert refusal(reply)[0] == abi.Status.BAD_STATE  # it has understood


def test_another_version_is_refused_by_number(board):
    body = bytes([abi.VERSION + 1, abi.Command.HELLO, 5, 0])
    crc = zlib.crc32(body)
    (reply,) = exchange(board, cobs.encode(body + crc.to_bytes(4, "little")) + b"\x00")
    status, layer, found, allowed = refusal(reply)
    assert (status, layer) == (abi.Status.UNSUPPORTED, abi.LAYER_NONE)
    assert (found, allowed) == (abi.VERSION + 1, abi.VERSION)


@pytest.mark.parametrize("code", [0x00, 0x02, 0x7F, 0x80, 0x81, 0xFE, 0xFF])
def test_an_unknown_command_is_named(board, code):
    assert refusal(request(board, code))[:3] == (abi.Status.BAD_COMMAND, abi.LAYER_NONE, code)


@pytest.mark.parametrize("command", [c for c in abi.Command if c.name not in ("REPLY", "ERROR")])
def test_a_payload_of_the_wrong_length_is_refused(board, command):
    dtype = PAYLOADS.get(command.name.lower())
    wrong = 1 if dtype is None else dtype.itemsize - 1
    status, _, found, _ = refusal(request(board, command, bytes(wrong)))
    assert (status, found) == (abi.Status.BAD_LENGTH, wrong)
    fields = {name.lower() for name in abi.Command.__members__}
    assert PAYLOADS.keys() <= fields


def test_a_repeated_request_is_answered_again_and_not_executed_again():
    board, session = firmware_board.start(firmware_board.small_image().data)
    with board:
        session.hello()
        session.use_image()
        run = np.zeros((), abi.RUN_REQUEST)
        run["runs"] = 1
        line = encode_frame(Frame(abi.Command.RUN, 40, run.tobytes()))
        (first,) = exchange(board, line)
        assert len(board.ground_truth().inferences) == 1
        (again,) = exchange(board, line)
        assert again == first
        assert len(board.ground_truth().inferences) == 1
        (other,) = exchange(board, encode_frame(Frame(abi.Command.RUN, 41, run.tobytes())))
        assert len(other.payload) == len(first.payload)
        assert len(board.ground_truth().inferences) == 2


def test_bytes_during_a_command_harm_nothing(board):
    frames = exchange(board, HELLO + HELLO + HELLO + b"\x00", timeout_s=0.2)
    assert (abi.Command.HELLO | abi.Command.REPLY, 1) in answers(frames)
    assert len(exchange(board, HELLO)) == 1
