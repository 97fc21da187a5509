"""Which depthwise layers take pairs of taps: the packer and the kernel give one answer."""

import ctypes
import shutil
from itertools import product

import firmware_host
import numpy as np
import pytest

from dvfs_kernel.image import packing
from dvfs_kernel.link import abi
from dvfs_kernel.networks.network import Depthwise, Padding, Tensor

SIDES = range(1, 9)
STRIDES = range(1, 4)
DILATIONS = (1, 2)
SIDE = 40  # no window reaches beyond the input


@pytest.fixture(scope="module")
def weight_bytes(tmp_path_factory):
    """Return ``depthwise_weight_bytes`` of the firmware, compiled for this machine."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc, a C compiler for the host")
    library = firmware_host.compile_library(
        firmware_host.FIRMWARE / "kernels" / "depthwise_rows.c", tmp_path_factory.mktemp("host")
    )
    function = ctypes.CDLL(str(library)).depthwise_weight_bytes
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int32

    def told(record):
        layer = np.zeros((), abi.LAYER)
        for name, value in record.items():
            layer[name] = value
        return function(layer.ctypes.data)

    return told


def packed(kernel, stride, dilation):
    layer = Depthwise(
        name="d",
        inputs=(0,),
        output=1,
        weights=np.ones((*kernel, 1), np.int8),
        bias=np.zeros(1, np.int32),
        weight_scales=np.ones(1, np.float32),
        stride=stride,
        dilation=dilation,
        padding=Padding(),
    )
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple((SIDE - e) // s + 1 for e, s in zip(extent, stride, strict=True))
    tensors = (Tensor("in", (SIDE, SIDE, 1), scale=1.0), Tensor("out", (*size, 1), scale=1.0))
    return packing.pack(layer, tensors)


def test_the_kernel_reads_as_many_bytes_as_are_packed(weight_bytes):
    differing = []
    for kernel in product(SIDES, SIDES):
        for stride in product(STRIDES, STRIDES):
            for dilation in product(DILATIONS, DILATIONS):
                made = packed(kernel, stride, dilation)
                if weight_bytes(made.record) != len(made.weights):
                    differing.append((kernel, stride, dilation))
    assert differing == []
