"""Images whose numbers would make sizes wrap, or arithmetic overflow: each is told, none is run."""

import firmware_board
import numpy as np
import pytest
from firmware_board import refusal, request, small_image
from hand_made_image import one_layer, tensor

from dvfs_kernel.link import abi

pytestmark = pytest.mark.board

OK = abi.Status.OK
BEYOND = 0xFFFFFFFF
HSE_HZ = 50_000_000


class Line:
    """A board, and requests that each have a number of their own."""

    def __init__(self):
        self.board, session = firmware_board.start(small_image().data)
        session.hello()
        self._sequence = 100

    def ask(self, command, payload=b"", timeout_s=1):
        self._sequence += 1
        return request(self.board, command, payload, sequence=self._sequence, timeout_s=timeout_s)

    def use(self, image):
        """Return the status of taking an image, and both details."""
        self.board.machine.write_memory(abi.IMAGE_ADDRESS, image)
        reply = self.ask(abi.Command.IMAGE_USE)
        if reply.command != abi.Command.ERROR:
            return (OK, 0, 0)
        status, _, found, allowed = refusal(reply)
        return (status, found, allowed)


@pytest.fixture(scope="module")
def line():
    line = Line()
    with line.board:
        yield line


def words(*values):
    return np.array(values, np.int64).astype("<i4").tobytes()


# ---- sizes of the scratch --------------------------------------------------------------------


def planes(rows, width, *, channels=1, stride=1, pad=32767):
    """A depthwise layer of one output row, whose padded planes have 32768 rows."""
    output_width = (width + 2 * pad - 64771) // stride + 1
    tensors = [
        tensor((1, width, channels)),
        tensor((1, output_width, channels), -(-width * channels // 4) * 4),
    ]
    numbers = words(*[1] * channels)
    blobs = {
        "weights_offset": bytes(rows * 255 * channels + 8),
        "bias_offset": numbers,
        "multiplier_offset": numbers,
        "shift_offset": numbers,
    }
    return one_layer(
        tensors,
        blobs,
        operator=abi.Operator.DEPTHWISE,
        kernel_height=rows,
        kernel_width=255,
        stride_height=1,
        stride_width=stride,
        dilation_height=217,
        dilation_width=255,
        pad_top=2,
        pad_left=pad,
        pad_bottom=32767,
        pad_right=pad,
        depth_multiplier=1,
    )


def test_planes_of_more_than_4_gib_are_refused(line):
    """152 kernel rows, 217 apart, are 32768 rows of 131068 bytes: in 32 bits next to nothing."""
    image = planes(152, 65535, stride=254)
    assert line.use(image) == (abi.Status.BUFFER_TOO_SMALL, BEYOND, abi.SCRATCH_BYTES)


@pytest.mark.parametrize("rows", [2, 77, 150])
def test_planes_that_do_not_fit_are_refused_by_what_they_need(line, rows):
    image = planes(rows, 65535, stride=254)
    needed = ((rows - 1) * 217 + 1 + 1) * 131068 + 16
    told = (abi.Status.BUFFER_TOO_SMALL, min(needed, BEYOND), abi.SCRATCH_BYTES)
    assert line.use(image) == told


def schedule(line, granularity):
    """Give a schedule for one layer; return the reply to its layers."""
    header = np.zeros((), abi.SCHEDULE_HEADER)
    header["hse_hz"], header["layer_count"], header["clock_count"] = HSE_HZ, 1, 1
    line.ask(abi.Command.SCHEDULE_BEGIN, header.tobytes())
    clock = np.zeros((), abi.CLOCK)
    clock["source"] = abi.ClockSource.HSE
    line.ask(abi.Command.SCHEDULE_CLOCKS, clock.tobytes())
    plan = np.zeros((), abi.LAYER_PLAN)
    plan["granularity"], plan["lfo"] = granularity, abi.NO_CLOCK
    return line.ask(abi.Command.SCHEDULE_LAYERS, plan.tobytes())


def test_a_granularity_whose_planes_are_beyond_4_gib_is_refused(line):
    """A row at a time fits; planes of 65281 rows of 1024 bytes do not, of 255 channels by far."""
    height, width, channels = 257, 5, 255
    tensors = [tensor((1, 1, channels)), tensor((height, width, channels), 256)]
    numbers = words(*[1] * channels)
    blobs = {
        "weights_offset": bytes(channels + 8),
        "bias_offset": numbers,
        "multiplier_offset": numbers,
        "shift_offset": numbers,
    }
    fields = {"operator": abi.Operator.DEPTHWISE, "depth_multiplier": 1}
    fields |= {"kernel_height": 1, "kernel_width": 1, "dilation_height": 1, "dilation_width": 1}
    fields |= {"stride_height": 255, "stride_width": 255}
    fields |= {"pad_top": 32640, "pad_bottom": 32640, "pad_left": 510, "pad_right": 510}
    assert line.use(one_layer(tensors, blobs, **fields))[0] == OK
    assert schedule(line, 0).command != abi.Command.ERROR
    for granularity, needed in ((1, 65281 * 1024 + 1024 + 16), (255, BEYOND)):
        told = (abi.Status.BUFFER_TOO_SMALL, 0, needed, abi.SCRATCH_BYTES)
        assert refusal(schedule(line, granularity)) == told


def test_details_of_a_refusal_do_not_wrap_either(line):
    assert line.use(small_image().data)[0] == OK
    header = np.zeros((), abi.DATA_HEADER)
    header["offset"] = 0xFFFFFFFC
    reply = line.ask(abi.Command.INPUT_WRITE, header.tobytes() + bytes(8))
    assert refusal(reply)[:3] == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, BEYOND)
    read = np.zeros((), abi.OUTPUT_READ)
    read["offset"], read["length"] = 0xFFFFFFFF, 2
    reply = line.ask(abi.Command.OUTPUT_READ, read.tobytes())
    assert refusal(reply)[:3] == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, BEYOND)


# ---- places ----------------------------------------------------------------------------------


def product(read_ahead=abi.WEIGHTS_READ_AHEAD_BYTES, **fields):
    """A fully connected layer whose weights are the last thing in the image."""
    tensors = [tensor((1, 1, 64)), tensor((1, 1, 2), 64)]
    blobs = {name: words(1, 1) for name in ("bias_offset", "multiplier_offset", "shift_offset")}
    blobs["weights_offset"] = bytes(2 * 64 + read_ahead)
    return one_layer(tensors, blobs, operator=abi.Operator.FULLY_CONNECTED, **fields)


def test_weights_end_before_what_the_kernels_load_ahead(line):
    """Behind the image's last word flash may end, and a load there is a fault."""
    assert line.use(product())[0] == OK
    bytes_needed = 2 * 64 + abi.WEIGHTS_READ_AHEAD_BYTES
    told = (abi.Status.BAD_IMAGE, bytes_needed, bytes_needed - 1)
    assert line.use(product(abi.WEIGHTS_READ_AHEAD_BYTES - 1)) == told


@pytest.mark.parametrize(("offset", "status"), [(0, "OK"), (4, "BAD_IMAGE"), (64, "OK")])
def test_a_copy_moves_nothing_or_to_memory_of_its_own(line, offset, status):
    image = one_layer([tensor((1, 1, 64)), tensor((1, 1, 64), offset)], operator=abi.Operator.COPY)
    assert line.use(image)[0] == abi.Status[status]


def test_an_output_in_its_inputs_memory_is_refused(line):
    tensors = [tensor((4, 4, 4)), tensor((2, 2, 4), 16)]
    fields = {"operator": abi.Operator.MAX_POOL}
    fields |= {"kernel_height": 2, "kernel_width": 2, "stride_height": 2, "stride_width": 2}
    told = (abi.Status.BAD_IMAGE, abi.TENSOR_ADDRESS + 16, abi.TENSOR_ADDRESS)
    assert line.use(one_layer(tensors, **fields)) == told


def windows(access_pieces, dilation_width):
    """A convolution with code, which brings pieces that widen its windows."""
    pieces = np.zeros(access_pieces + 1, abi.PIECE)
    pieces["channels"][-1] = 1
    return one_layer(
        [tensor((3, 5, 4)), tensor((3, 3, 1), 64)],
        {"pieces_offset": pieces},
        b"\x70\x47" * 16,
        operator=abi.Operator.CONVOLUTION,
        requantisation=abi.Requantisation.CLAMP,
        form=abi.KernelForm.UNPACKED,
        columns=2,
        kernel_height=1,
        kernel_width=2,
        stride_height=1,
        stride_width=1,
        dilation_height=1,
        dilation_width=dilation_width,
        piece_count=len(pieces),
        access_pieces=access_pieces,
    )


@pytest.mark.parametrize(
    ("access_pieces", "dilation_width", "status"),
    [(0, 1, "OK"), (0, 2, "OK"), (2, 1, "OK"), (1, 1, "BAD_IMAGE"), (2, 2, "BAD_IMAGE")],
)
def test_a_convolution_brings_both_pieces_that_widen_its_windows(
    line, access_pieces, dilation_width, status
):
    """With one, the firmware would call a second that is not there."""
    assert line.use(windows(access_pieces, dilation_width))[0] == abi.Status[status]


# ---- numbers ---------------------------------------------------------------------------------


def signed(value):
    return value & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("requantisation", "low", "high"),
    [("EXACT", -31, 31), ("CLAMP", 1, abi.BOUNDED_SHIFT_MAX), ("SATURATE", 1, 23)],
)
def test_a_shift_beyond_what_the_requantisation_takes_is_refused(line, requantisation, low, high):
    def use(shift):
        tensors = [tensor((1, 1, 4)), tensor((1, 1, 2), 4)]
        blobs = {
            "weights_offset": bytes(8),
            "bias_offset": words(0, 0),
            "multiplier_offset": words(1 << 30, 1 << 30),
            "shift_offset": words(1, shift),
        }
        form = abi.Requantisation[requantisation]
        return line.use(
            one_layer(tensors, blobs, operator=abi.Operator.FULLY_CONNECTED, requantisation=form)
        )

    assert use(low)[0] == use(high)[0] == OK
    assert use(low - 1) == (abi.Status.BAD_IMAGE, signed(low - 1), signed(low))
    assert use(high + 1) == (abi.Status.BAD_IMAGE, high + 1, high)
    assert use(-(1 << 31))[0] == abi.Status.BAD_IMAGE


def parameters(*values):
    return [*values, *[0] * (10 - len(values))]


BAD_NUMBERS = {
    "input's zero point": ({"input_zero": 256}, 256, 255),
    "output's zero point": ({"output_zero": -129}, signed(-129), signed(-128)),
    "second zero point": ({"input1_zero": 999}, 999, 255),
    "activation below int8": ({"activation_min": -129}, signed(-129), signed(-128)),
    "empty activation": ({"activation_min": 5, "activation_max": 4}, 4, 5),
    "addition to the right of nothing": (
        {"operator": abi.Operator.ADD, "parameters": parameters(1, -1, 1, 0, 1, 1, 20)},
        signed(-1),
        0,
    ),
    "addition moved too far": (
        {"operator": abi.Operator.ADD, "parameters": parameters(1, 0, 1, 0, 1, 1, 21)},
        21,
        abi.ADD_LEFT_SHIFT,
    ),
    "requantisation's shift": (
        {"operator": abi.Operator.REQUANTIZE, "parameters": parameters(1, 32)},
        32,
        31,
    ),
    "mean's shift": (
        {"operator": abi.Operator.MEAN, "parameters": parameters(0, 1, -32)},
        signed(-32),
        signed(-31),
    ),
    "softmax that nothing counts in": (
        {"operator": abi.Operator.SOFTMAX, "parameters": parameters(1, 1, 1)},
        1,
        0,
    ),
    "softmax of rising differences": (
        {"operator": abi.Operator.SOFTMAX, "parameters": parameters(-1, 1, -1)},
        signed(-1),
        0,
    ),
}


@pytest.mark.parametrize("case", BAD_NUMBERS)
def test_a_number_that_arithmetic_cannot_take_is_told_with_its_limit(line, case):
    fields, found, allowed = BAD_NUMBERS[case]
    image = one_layer(
        [tensor((1, 2, 4)), tensor((1, 2, 4), 8)], **{"operator": abi.Operator.REQUANTIZE, **fields}
    )
    assert line.use(image) == (abi.Status.BAD_IMAGE, found, allowed)
