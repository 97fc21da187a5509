"""Images: written to flash over the line, and never trusted."""

import zlib

import firmware_board
import numpy as np
import pytest
from firmware_board import HSE_HZ, refusal, request, small_image, small_network, with_checksum
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.errors import FileFormatError, ProtocolError
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference

pytestmark = pytest.mark.board

HEADER = abi.IMAGE_HEADER.itemsize
OK = abi.Status.OK


@pytest.fixture(scope="module")
def board():
    board, session = firmware_board.start(small_image().data)
    session.hello()
    with board:
        yield board


def sample(seed=0):
    random = np.random.default_rng(seed)
    return random.integers(-128, 128, small_network().tensors[0].shape, dtype=np.int8)


def run_and_compare(session, seed=0):
    data = sample(seed)
    session.set_input(data.tobytes())
    session.run()
    output = small_network().outputs[0]
    expected = reference.run(small_network(), data)[output]
    assert session.read_output(output, expected.nbytes) == expected.tobytes()


def use(board, data):
    """Put an image in flash from outside; return the status of taking it, layer and details."""
    board.machine.write_memory(abi.IMAGE_ADDRESS, data)
    # A sequence number of its own, or the request would count as sent again.
    use.sequence = getattr(use, "sequence", 0) % 60000 + 1
    reply = request(board, abi.Command.IMAGE_USE, sequence=use.sequence, timeout_s=0.2)
    return (OK, 0, 0, 0) if reply.command != abi.Command.ERROR else refusal(reply)


def edited(table, index, **fields):
    """Return the small image with fields of a record replaced and the checksum made right."""
    data = bytearray(small_image().data)
    header = np.frombuffer(bytes(data[:HEADER]), abi.IMAGE_HEADER)[0]
    dtype, offset = {
        "header": (abi.IMAGE_HEADER, 0),
        "tensor": (abi.TENSOR, int(header["tensors_offset"])),
        "layer": (abi.LAYER, int(header["layers_offset"])),
    }[table]
    start = offset + index * dtype.itemsize
    record = np.frombuffer(bytes(data[start : start + dtype.itemsize]), dtype).copy()
    for name, value in fields.items():
        record[name] = value
    data[start : start + dtype.itemsize] = record.tobytes()
    return with_checksum(bytes(data))


def test_an_image_is_written_to_flash_and_runs():
    board, session = firmware_board.start()
    with board:
        session.hello()
        # What was there before has to be erased: bits only fall when a word is programmed.
        board.machine.write_memory(abi.IMAGE_ADDRESS, bytes(64))
        session.load_image(small_image().data)
        size = len(small_image().data)
        assert board.machine.read_memory(abi.IMAGE_ADDRESS, size) == small_image().data
        assert session.hello().image_ready
        run_and_compare(session)
        # Another one in its place: the caches must not remember the first.
        session.load_image(edited("header", 0, network_id=1))
        assert session.hello().image_ready
        run_and_compare(session, seed=1)
        assert board.machine.trace.violations == []


def test_the_length_of_an_image_need_not_be_whole_words():
    board, session = firmware_board.start()
    with board:
        data = small_image().data + b"\x01\x02\x03"
        header = np.frombuffer(data[:HEADER], abi.IMAGE_HEADER).copy()
        header["total_bytes"] = len(data)
        data = with_checksum(header.tobytes() + data[HEADER:])
        session.load_image(data)
        stored = board.machine.read_memory(abi.IMAGE_ADDRESS, len(data) + 1)
        assert stored == data + b"\xff"


def test_the_firmware_itself_is_out_of_reach(board):
    begin = np.zeros((), abi.IMAGE_BEGIN)
    begin["total_bytes"] = abi.IMAGE_BYTES_MAX + 1
    reply = request(board, abi.Command.IMAGE_BEGIN, begin.tobytes())
    status, _, found, allowed = refusal(reply)
    assert status == abi.Status.BAD_ARGUMENT
    assert (found, allowed) == (abi.IMAGE_BYTES_MAX + 1, abi.IMAGE_BYTES_MAX)
    data = np.zeros((), abi.DATA_HEADER).tobytes() + bytes(16)
    assert refusal(request(board, abi.Command.IMAGE_DATA, data))[0] == abi.Status.BAD_STATE


@pytest.mark.parametrize("offset", [2, 64, 0xFFFFFFF0, 0x10000])
def test_data_outside_of_the_image_is_refused(offset):
    board, session = firmware_board.start()
    with board:
        session.hello()
        begin = np.zeros((), abi.IMAGE_BEGIN)
        begin["total_bytes"] = 64
        request(board, abi.Command.IMAGE_BEGIN, begin.tobytes(), timeout_s=5)
        header = np.zeros((), abi.DATA_HEADER)
        header["offset"] = offset
        reply = request(board, abi.Command.IMAGE_DATA, header.tobytes() + bytes(16))
        assert refusal(reply) == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, offset, 64)


def test_a_whole_image_is_taken(board):
    assert use(board, small_image().data)[0] == OK


def test_a_wrong_checksum_is_told_with_both_values(board):
    data = bytearray(small_image().data)
    data[-1] ^= 1
    status, _, computed, stored = use(board, bytes(data))
    assert status == abi.Status.BAD_CHECKSUM
    assert computed == zlib.crc32(data[HEADER:])
    assert stored == small_image().crc32


TENSORS = len(small_network().tensors)
LAYERS = len(small_network().layers)


@pytest.mark.parametrize(
    ("fields", "found", "allowed"),
    [
        ({"magic": 1}, 1, abi.IMAGE_MAGIC),
        ({"version": 9}, 9, abi.VERSION),
        ({"header_bytes": 4}, 4, HEADER),
        ({"total_bytes": 8}, 8, abi.IMAGE_BYTES_MAX),
        ({"total_bytes": 1 << 31}, 1 << 31, abi.IMAGE_BYTES_MAX),
        ({"layer_count": 0}, 0, abi.LAYERS_MAX),
        ({"layer_count": abi.LAYERS_MAX + 1}, abi.LAYERS_MAX + 1, abi.LAYERS_MAX),
        ({"tensor_count": 0}, 0, abi.TENSORS_MAX),
        ({"tensor_count": abi.TENSORS_MAX + 1}, abi.TENSORS_MAX + 1, abi.TENSORS_MAX),
        ({"input_tensor": TENSORS}, TENSORS, TENSORS),
        ({"output_count": 5}, 5, abi.OUTPUTS_MAX),
        ({"output_tensors": TENSORS}, TENSORS, TENSORS),
    ],
)
def test_a_wrong_header_is_told_with_value_and_limit(board, fields, found, allowed):
    data = edited("header", 0, **fields)
    assert use(board, data) == (abi.Status.BAD_IMAGE, abi.LAYER_NONE, found, allowed)


@pytest.mark.parametrize("name", ["tensors_offset", "layers_offset"])
@pytest.mark.parametrize("offset", [0, 62, 0xFFFFFFFC])
def test_a_table_outside_of_the_image_is_refused(board, name, offset):
    status, _, found, _ = use(board, edited("header", 0, **{name: offset}))
    assert (status, found) == (abi.Status.BAD_IMAGE, offset)


@pytest.mark.parametrize(
    "fields",
    [
        {"address": 0x20006000},
        {"address": abi.TENSOR_ADDRESS + 2},
        {"address": abi.TENSOR_ADDRESS + abi.TENSOR_BYTES - 4},
        {"address": 0x08000000},
        {"bytes": 3},
        {"bytes": 0xFFFFFFFF},
        {"element": 9},
        {"height": 60000},
    ],
)
def test_a_tensor_outside_of_its_memory_is_refused(board, fields):
    assert use(board, edited("tensor", 0, **fields))[0] == abi.Status.BAD_IMAGE


@pytest.mark.parametrize(
    ("layer", "fields", "status"),
    [
        (0, {"operator": 0}, "UNSUPPORTED"),
        (0, {"operator": 200}, "UNSUPPORTED"),
        (0, {"requantisation": 3}, "UNSUPPORTED"),
        (0, {"input0": TENSORS}, "BAD_IMAGE"),
        (1, {"output": 0xFFFF}, "BAD_IMAGE"),
        (0, {"weights_offset": 0xFFFFFFF0}, "BAD_IMAGE"),
        (1, {"weights_offset": 2}, "BAD_IMAGE"),
        (2, {"bias_offset": len(small_image().data) - 4}, "BAD_IMAGE"),
        (2, {"multiplier_offset": 0}, "BAD_IMAGE"),
        (5, {"shift_offset": len(small_image().data)}, "BAD_IMAGE"),
        (0, {"kernel_height": 200}, "BAD_IMAGE"),
        (0, {"kernel_width": 0}, "BAD_IMAGE"),
        (0, {"stride_height": 0}, "BAD_IMAGE"),
        (0, {"dilation_width": 90}, "BAD_IMAGE"),
        (0, {"pad_top": -1}, "BAD_IMAGE"),
        (1, {"depth_multiplier": 2}, "BAD_IMAGE"),
        (3, {"input1": 0}, "BAD_IMAGE"),
        (3, {"input1": TENSORS}, "BAD_IMAGE"),
        (4, {"pad_left": 2}, "BAD_IMAGE"),
        (6, {"input0": 5}, "BAD_IMAGE"),
    ],
)
def test_a_wrong_layer_is_refused_by_number(board, layer, fields, status):
    found = use(board, edited("layer", layer, **fields))
    assert found[:2] == (abi.Status[status], layer)


@given(st.data())
@settings(max_examples=35)
def test_no_damage_that_the_checksum_hides_makes_the_firmware_fault(board, data):
    """An image is refused, or its layers stay within their tensors: the firmware lives on."""
    image = bytearray(small_image().data)
    header = np.frombuffer(bytes(image[:HEADER]), abi.IMAGE_HEADER)[0]
    tables_end = int(header["layers_offset"]) + LAYERS * abi.LAYER.itemsize
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(HEADER, tables_end - 1))
        image[place] = data.draw(st.sampled_from([0, 1, 2, 3, 7, 16, 127, 128, 255]))
    if use(board, with_checksum(bytes(image)))[0] == OK:
        run = np.zeros((), abi.RUN_REQUEST)
        run["runs"] = 1
        reply = request(board, abi.Command.RUN, run.tobytes(), sequence=use.sequence, timeout_s=20)
        assert reply.command in (abi.Command.RUN | abi.Command.REPLY, abi.Command.ERROR)
    assert use(board, small_image().data)[0] == OK


def test_input_and_output_stay_within_their_tensors(board):
    use(board, small_image().data)
    input_bytes = small_network().tensors[0].bytes
    header = np.zeros((), abi.DATA_HEADER)
    for offset, length in ((input_bytes - 4, 8), (0xFFFFFFFC, 8), (input_bytes + 1, 1)):
        header["offset"] = offset
        reply = request(board, abi.Command.INPUT_WRITE, header.tobytes() + bytes(length))
        assert refusal(reply)[0] == abi.Status.BAD_ARGUMENT
    read = np.zeros((), abi.OUTPUT_READ)
    for tensor, offset, length in ((0, 0, input_bytes + 1), (0, 0xFFFFFFFF, 2), (TENSORS, 0, 1)):
        read["tensor"], read["offset"], read["length"] = tensor, offset, length
        reply = request(board, abi.Command.OUTPUT_READ, read.tobytes())
        assert refusal(reply)[0] == abi.Status.BAD_ARGUMENT


def test_without_an_image_nothing_runs():
    board, session = firmware_board.start()
    with board:
        session.hello()
        with pytest.raises(FileFormatError, match="damaged or not one"):
            session.use_image()
        assert not session.hello().image_ready
        with pytest.raises(ProtocolError, match="has to come before"):
            session.set_input(bytes(4))
        with pytest.raises(ProtocolError, match="has to come before"):
            session.run()
        with pytest.raises(ProtocolError, match="has to come before"):
            session.set_schedule(Schedule.uniform(LAYERS, HSE_HZ))
