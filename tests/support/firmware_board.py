"""A virtual board with the firmware of the source tree, and a network that is small."""

import tempfile
import zlib
from functools import cache
from pathlib import Path

import firmware_build
import numpy as np

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks.network import (
    Add,
    Convolution,
    Depthwise,
    FullyConnected,
    Network,
    Padding,
    Pool,
    Softmax,
    Tensor,
)

HSE_HZ = 50_000_000


@cache
def firmware(toolchain="zig"):
    """Return the bytes of the firmware's ELF, built from the sources as they are."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "firmware.elf"
        firmware_build.load().build(path, toolchain)
        return path.read_bytes()


def start(data=None, *, toolchain="zig", **options):
    """Return a board whose firmware has started, and a session with it."""
    board = VirtualBoard(**options)
    board.flash(firmware(toolchain), data)
    board.reset()
    return board, Session(board)


def exchange(board, line, *, timeout_s=0.05):
    """Put bytes on the line and return the frames that come back."""
    decoder = FrameDecoder()
    board.write(line)
    frames = []
    until_s = board.now_s + timeout_s
    while data := board.read(until_s - board.now_s):
        frames += decoder.feed(data)
    assert decoder.garbled == 0
    return frames


def request(board, command, payload=b"", *, sequence=7, **options):
    """Send one request and return its only reply."""
    (reply,) = exchange(board, encode_frame(Frame(command, sequence, payload)), **options)
    assert reply.sequence == sequence
    return reply


def refusal(reply):
    """Return an error reply's status, layer and details."""
    assert reply.command == abi.Command.ERROR
    (record,) = np.frombuffer(reply.payload, abi.ERROR_REPLY)
    return tuple(int(record[name]) for name in ("status", "layer", "detail0", "detail1"))


@cache
def small_network():
    """Every operator with weights, an addition, a pool and a softmax; 8 x 8 x 6 in, 10 out."""
    random = np.random.default_rng(2)

    def weights(*shape):
        return random.integers(-127, 128, shape, dtype=np.int8)

    def factors(channels):
        return {
            "weight_scales": random.uniform(1e-3, 4e-3, channels),
            "bias": random.integers(-1000, 1000, channels, dtype=np.int32),
        }

    shapes = [(8, 8, 6), (4, 4, 16), (4, 4, 16), (4, 4, 16), (4, 4, 16), (2, 2, 16), (1, 1, 10)]
    tensors = [
        Tensor(f"t{number}", shape, "int8", float(np.float32(0.05)), -3)
        for number, shape in enumerate(shapes)
    ]
    tensors[5] = Tensor("t5", shapes[5], "int8", tensors[4].scale, tensors[4].zero_point)
    tensors.append(Tensor("t7", (1, 1, 10), "int8", 1 / 256, -128))
    around = Padding(1, 1, 1, 1)

    def layer(layer_type, name, inputs, output, **arguments):
        return layer_type(name=name, inputs=inputs, output=output, **arguments)

    layers = (
        layer(Convolution, "stem", (0,), 1, weights=weights(16, 3, 3, 6), **factors(16),
              stride=(2, 2), padding=Padding(0, 1, 0, 1)),
        layer(Depthwise, "depthwise", (1,), 2, weights=weights(3, 3, 16), **factors(16),
              padding=around),
        layer(Convolution, "pointwise", (2,), 3, weights=weights(16, 1, 1, 16), **factors(16)),
        layer(Add, "add", (1, 3), 4),
        layer(Pool, "pool", (4,), 5, kind="average", kernel=(2, 2), stride=(2, 2)),
        layer(FullyConnected, "dense", (5,), 6, weights=weights(10, 64), **factors(10)),
        layer(Softmax, "softmax", (6,), 7),
    )  # fmt: skip
    network = Network("small", tuple(tensors), layers, 0, (7,))
    network.check()
    return network


def image_of(network):
    """Return a network's data image."""
    return image.build(network, memory_plan.plan(network))


@cache
def small_image():
    """Return the data image of the small network."""
    return image_of(small_network())


def wide_network():
    """Return one depthwise layer with planes so large that few of them fit the buffer."""
    shape = (48, 48, 64)
    tensors = tuple(Tensor(name, shape, "int8", float(np.float32(0.1)), 0) for name in "ab")
    layer = Depthwise(
        name="wide",
        inputs=(0,),
        output=1,
        weights=np.ones((3, 3, 64), np.int8),
        weight_scales=np.full(64, 0.1),
        bias=np.zeros(64, np.int32),
        padding=Padding(1, 1, 1, 1),
    )
    return Network("wide", tensors, (layer,), 0, (1,))


def uniform(layers, hfo, lfo=None, granularity=0):
    """Return a schedule that runs every layer alike, at the board's usual HSE."""
    return Schedule.uniform(layers, HSE_HZ, hfo=hfo, lfo=lfo, granularity=granularity)


def with_checksum(data):
    """Return a data image with its checksum made right again."""
    size = abi.IMAGE_HEADER.itemsize
    header = np.frombuffer(data[:size], abi.IMAGE_HEADER).copy()
    total = int(header["total_bytes"][0])
    header["crc32"] = zlib.crc32(data[size:total])
    return header.tobytes() + data[size:]
