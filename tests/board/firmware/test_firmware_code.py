"""Code in images: run where it is intact, refused where it is not, never mixed up."""

import zlib
from dataclasses import replace

import firmware_board
import numpy as np
import pytest
from firmware_board import image_of, refusal, request, small_network, with_checksum

from dvfs_kernel.boards.emulator import state
from dvfs_kernel.image.forms import with_forms
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED, WINOGRAD
from dvfs_kernel.networks.network import (
    Convolution,
    FullyConnected,
    Network,
    Padding,
    Pool,
    Tensor,
)

pytestmark = pytest.mark.board

OK, BAD_IMAGE = abi.Status.OK, abi.Status.BAD_IMAGE
STEM, DEPTHWISE, POINTWISE, DENSE = 0, 1, 2, 5
FORMS = {STEM: STREAMED, DEPTHWISE: STREAMED, POINTWISE: UNPACKED, DENSE: STREAMED}


def coded_network():
    return with_forms(small_network(), FORMS)


@pytest.fixture(scope="module")
def coded_data():
    return image_of(coded_network()).data


@pytest.fixture(scope="module")
def board():
    board, session = firmware_board.start(firmware_board.small_image().data)
    session.hello()
    with board:
        yield board


class Editor:
    """An image whose records can be read and changed."""

    def __init__(self, data):
        self.data = bytearray(data)

    def _place(self, table, index):
        if table == "header":
            return abi.IMAGE_HEADER, 0
        if table == "layer":
            start = int(self.record("header")["layers_offset"])
            return abi.LAYER, start + index * abi.LAYER.itemsize
        layer, piece = index
        start = int(self.record("layer", layer)["pieces_offset"])
        return abi.PIECE, start + piece * abi.PIECE.itemsize

    def record(self, table, index=0):
        """Return a copy of a record."""
        dtype, start = self._place(table, index)
        return np.frombuffer(bytes(self.data[start : start + dtype.itemsize]), dtype)[0]

    def set(self, table, index, **fields):
        """Change fields of a record; return the whole with its checksum made right."""
        dtype, start = self._place(table, index)
        record = self.record(table, index).copy()
        for name, value in fields.items():
            record[name] = value
        self.data[start : start + dtype.itemsize] = record.tobytes()
        return with_checksum(bytes(self.data))


def use(board, data):
    """Put an image in flash from outside; return the status of taking it, layer and details."""
    board.machine.write_memory(abi.IMAGE_ADDRESS, data)
    use.sequence = getattr(use, "sequence", 0) % 60000 + 1
    reply = request(board, abi.Command.IMAGE_USE, sequence=use.sequence, timeout_s=0.2)
    return (OK, 0, 0, 0) if reply.command != abi.Command.ERROR else refusal(reply)


def check_refused(board, data, status, layer=abi.LAYER_NONE):
    """Check that an image is refused for a layer, and that nothing runs."""
    found = use(board, data)
    assert found[:2] == (status, layer), found
    run = np.zeros((), abi.RUN_REQUEST)
    run["runs"] = 1
    use.sequence += 1
    reply = request(board, abi.Command.RUN, run.tobytes(), sequence=use.sequence, timeout_s=0.2)
    assert refusal(reply)[0] == abi.Status.BAD_STATE
    return found


def test_a_whole_image_is_taken(board, coded_data):
    assert use(board, coded_data)[0] == OK


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_a_flipped_bit_of_code_is_told_by_its_own_checksum(board, coded_data, place):
    """Even where the image's checksum was made to agree."""
    editor = Editor(coded_data)
    header = editor.record("header")
    begin, size = int(header["code_offset"]), int(header["code_bytes"])
    editor.data[begin + place % size] ^= 4
    data = with_checksum(bytes(editor.data))
    found = check_refused(board, data, abi.Status.BAD_CHECKSUM)
    assert found[2] == zlib.crc32(data[begin : begin + size])
    assert found[3] == int(header["code_crc32"])


@pytest.mark.parametrize(
    "fields",
    [
        {"code_offset": 16 + 64 * 40},
        {"code_offset": 0},
        {"code_offset": 32},
        {"code_offset": 0xFFFFFFE0},
        {"code_bytes": 0x7FFFFFFF},
        {"code_bytes": 0xFFFFFFFF},
        {"code_bytes": 0},
    ],
)
def test_code_outside_of_the_image_is_refused(board, coded_data, fields):
    check_refused(board, Editor(coded_data).set("header", 0, **fields), BAD_IMAGE)


def test_pieces_without_code_are_refused(board, coded_data):
    data = Editor(coded_data).set("header", 0, code_bytes=0, code_offset=0, code_crc32=0)
    check_refused(board, data, BAD_IMAGE, STEM)


@pytest.mark.parametrize(
    ("layer", "piece", "fields"),
    [
        (STEM, 0, {"entry": 1}),
        (STEM, 1, {"entry": 2}),
        (STEM, 2, {"entry": 0x00100000}),
        (POINTWISE, 3, {"entry": 0xFFFFFFFC}),
        (DEPTHWISE, 0, {"entry": 0xFFFFFFFE}),
        (DENSE, 0, {"weights_offset": 0xFFFFFFF0}),
        (DENSE, 1, {"weights_offset": 0}),
        (STEM, 3, {"weights_offset": 0x001BFFFC}),
        (STEM, 2, {"weights_offset": 70}),
        (DEPTHWISE, 1, {"weights_offset": 0x00100000}),
        (STEM, 2, {"channel": 16}),
        (POINTWISE, 2, {"channels": 17}),
        (POINTWISE, 2, {"channel": 0xFFFF, "channels": 0xFFFF}),
        (DENSE, 1, {"channel": 9}),
    ],
)
def test_a_wrong_piece_is_refused_by_its_layer(board, coded_data, layer, piece, fields):
    data = Editor(coded_data).set("piece", (layer, piece), **fields)
    check_refused(board, data, BAD_IMAGE, layer)


def test_an_entry_at_the_end_of_the_code_is_refused(board, coded_data):
    editor = Editor(coded_data)
    size = int(editor.record("header")["code_bytes"])
    check_refused(board, editor.set("piece", (STEM, 0), entry=size & ~3), BAD_IMAGE, STEM)


@pytest.mark.parametrize(
    ("layer", "fields", "status"),
    [
        (STEM, {"form": 3}, "BAD_IMAGE"),
        (POINTWISE, {"form": 255}, "BAD_IMAGE"),
        (DENSE, {"form": 3}, "BAD_IMAGE"),
        (DEPTHWISE, {"form": 2}, "BAD_IMAGE"),
        (3, {"form": 1}, "UNSUPPORTED"),
        (4, {"form": 2}, "UNSUPPORTED"),
        (STEM, {"columns": 0}, "BAD_IMAGE"),
        (STEM, {"columns": 5}, "BAD_IMAGE"),
        (POINTWISE, {"columns": 255}, "BAD_IMAGE"),
        (STEM, {"requantisation": 0}, "BAD_IMAGE"),
        (POINTWISE, {"piece_count": 0}, "BAD_IMAGE"),
        (POINTWISE, {"piece_count": 0xFFFF}, "BAD_IMAGE"),
        (POINTWISE, {"pieces_offset": 0xFFFFFFF0}, "BAD_IMAGE"),
        (POINTWISE, {"pieces_offset": 0}, "BAD_IMAGE"),
        (POINTWISE, {"pieces_offset": 66}, "BAD_IMAGE"),
        (STEM, {"access_pieces": 3}, "BAD_IMAGE"),
        (STEM, {"access_pieces": 0xFFFF}, "BAD_IMAGE"),
        (DEPTHWISE, {"access_pieces": 2}, "BAD_IMAGE"),
        (DEPTHWISE, {"access_pieces": 0}, "BAD_IMAGE"),
        (DEPTHWISE, {"depth_multiplier": 2}, "BAD_IMAGE"),
        (DEPTHWISE, {"depth_multiplier": 0}, "BAD_IMAGE"),
        (DEPTHWISE, {"stride_height": 3, "pad_bottom": 9000}, "BAD_IMAGE"),
        (DEPTHWISE, {"dilation_height": 2, "pad_top": 9}, "BAD_IMAGE"),
        (DEPTHWISE, {"dilation_width": 2, "pad_left": 9}, "BAD_IMAGE"),
        # What would wrap in 32 bits.
        (STEM, {"kernel_height": 255, "kernel_width": 255, "pad_top": 300, "pad_left": 300},
         "BAD_IMAGE"),
        (DEPTHWISE, {"pad_left": 32767}, "BAD_IMAGE"),
        (DEPTHWISE, {"pad_left": 6}, "BAD_IMAGE"),
        (DEPTHWISE, {"kernel_height": 255, "kernel_width": 255, "pad_top": 300, "pad_left": 3,
                     "pad_right": 300}, "BAD_IMAGE"),
    ],
)  # fmt: skip
def test_a_wrong_layer_is_refused_by_number(board, coded_data, layer, fields, status):
    data = Editor(coded_data).set("layer", layer, **fields)
    check_refused(board, data, abi.Status[status], layer)


def test_access_pieces_leave_pieces_to_run(board, coded_data):
    editor = Editor(coded_data)
    data = editor.set("layer", STEM, piece_count=2, access_pieces=2)
    check_refused(board, data, BAD_IMAGE, STEM)


def test_sizes_that_wrap_do_not_fit_the_scratch(board, coded_data):
    """Unpacked code has no weights that bound the window: its values are bounded themselves."""
    editor = Editor(coded_data)
    editor.set("layer", STEM, form=2, kernel_height=255, kernel_width=255)
    data = editor.set("layer", STEM, pad_top=300, pad_bottom=300, pad_left=300, pad_right=300)
    found = check_refused(board, data, BAD_IMAGE, STEM)
    assert found[2:] == (255 * 255 * 6, abi.SCRATCH_BYTES)
    data = editor.set("layer", STEM, kernel_height=130, kernel_width=130)
    found = check_refused(board, data, abi.Status.BUFFER_TOO_SMALL, STEM)
    assert found[2] > found[3] == abi.SCRATCH_BYTES


def filtered_network():
    """Two convolutions by Winograd's filtering, the second one with the pooling behind it."""
    random = np.random.default_rng(4)
    shapes = [(6, 6, 8), (6, 6, 8), (5, 6, 12), (2, 3, 12)]
    tensors = tuple(
        Tensor(f"t{number}", shape, "int8", float(np.float32(0.05)), -3)
        for number, shape in enumerate(shapes)
    )

    def convolution(name, source, channels, padding):
        return Convolution(
            name=name, inputs=(source,), output=source + 1, padding=padding, form=WINOGRAD,
            weights=random.integers(-127, 128, (channels, 3, 3, 8), dtype=np.int8),
            weight_scales=random.uniform(1e-3, 4e-3, channels),
            bias=random.integers(-1000, 1000, channels, dtype=np.int32),
        )  # fmt: skip

    layers = (
        convolution("first", 0, 8, Padding(1, 1, 1, 1)),
        convolution("second", 1, 12, Padding(0, 1, 1, 1)),
        Pool(name="pool", inputs=(2,), output=3, kind="max", kernel=(2, 2), stride=(2, 2)),
    )
    network = Network("filtered", tensors, layers, 0, (3,))
    network.check()
    return network


@pytest.fixture(scope="module")
def filtered_data():
    return image_of(filtered_network()).data


def test_filtered_layers_and_the_pooling_behind_them_run(filtered_data):
    network = filtered_network()
    board, session = firmware_board.start()
    with board:
        session.hello()
        session.load_image(filtered_data)
        run(session, network, sample_input(network.tensors[0]))
        assert board.machine.trace.violations == []


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (0, {"kernel_height": 2}), (0, {"kernel_width": 1}), (1, {"stride_height": 2}),
        (0, {"dilation_width": 2, "pad_left": 9}), (0, {"columns": 3}), (1, {"columns": 1}),
        (1, {"form": 0}), (0, {"form": 4}), (0, {"operator": 2}),
        (0, {"access_pieces": 1}), (0, {"piece_count": 0}), (0, {"requantisation": 0}),
        (0, {"parameters": [1, *[0] * 9]}), (2, {"input0": 2}), (2, {"output": 2}),
        (1, {"pad_top": -1}), (1, {"pad_bottom": -2}),
    ],
)  # fmt: skip
def test_a_wrong_filtered_layer_is_refused(board, filtered_data, layer, fields):
    data = Editor(filtered_data).set("layer", layer, **fields)
    found = use(board, data)
    assert found[0] != OK, found
    assert found[1] == layer


@pytest.mark.parametrize(
    "fields",
    [{"weights_offset": 0}, {"weights_offset": 0x001BFFFC}, {"channel": 8}, {"channels": 9},
     {"entry": 2}],
)  # fmt: skip
def test_a_wrong_piece_of_a_filtered_layer_is_refused(board, filtered_data, fields):
    check_refused(board, Editor(filtered_data).set("piece", (0, 3), **fields), BAD_IMAGE, 0)


def run(session, network, data):
    """Run the image in flash on an input; compare with the reference."""
    session.set_input(data.tobytes())
    session.run()
    output = network.outputs[0]
    expected = reference.run(network, data)[output]
    assert session.read_output(output, expected.nbytes) == expected.tobytes()


def reseeded(network, layer, seed):
    """Return a network with other weights, and so other code, in a layer."""
    layers = list(network.layers)
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, layers[layer].weights.shape, dtype=np.int8)
    layers[layer] = replace(layers[layer], weights=weights)
    return replace(network, layers=tuple(layers))


def cached_code(board):
    """Return the lines of the image that the instruction cache holds."""
    lines = board.machine._state[state.ICACHE : state.ICACHE + 2 * state.ICACHE_SETS]
    return sorted(lines[lines >= abi.IMAGE_ADDRESS >> state.LINE_SHIFT])


def test_an_image_after_another_runs_its_own_code():
    """At the same addresses: what the instruction cache has of the first one is dropped."""
    first = with_forms(small_network(), {POINTWISE: UNPACKED, DENSE: UNPACKED})
    second = reseeded(reseeded(first, POINTWISE, 5), DENSE, 6)
    images = [image_of(network).data for network in (first, second)]
    headers = [Editor(data).record("header") for data in images]
    assert headers[0]["code_offset"] == headers[1]["code_offset"]
    assert headers[0]["code_crc32"] != headers[1]["code_crc32"]
    picture = sample_input(first.tensors[first.input])
    board, session = firmware_board.start()
    with board:
        session.hello()
        for network, data in zip([first, second], images, strict=True):
            session.load_image(data)
            assert session.hello().image_ready
            assert not cached_code(board)
            run(session, network, picture)
            assert cached_code(board)
        assert board.machine.trace.violations == []


def test_fully_connected_layers_are_the_only_ones_without_an_access_piece(coded_data):
    """What the tests above take as known of the small network's image."""
    editor = Editor(coded_data)
    network = coded_network()
    for index in FORMS:
        record = editor.record("layer", index)
        is_dense = isinstance(network.layers[index], FullyConnected)
        assert bool(record["access_pieces"]) == (not is_dense)
        assert record["piece_count"] > record["access_pieces"]
