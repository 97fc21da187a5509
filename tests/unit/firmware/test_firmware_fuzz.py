"""The firmware's checks and kernels on this computer, under sanitizers: a short run.

The long one is ``benchmarks/fuzz_firmware.py``.
"""

import subprocess

import firmware_board
import firmware_host
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_layers import ALL

from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Network

SEED, FIRST, COUNT = 1, 0, 12_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def host(folder):
    if reason := firmware_host.missing_compiler():
        pytest.skip(reason)
    return firmware_host.compile_fuzzer(folder)


def test_no_image_schedule_or_frame_makes_the_firmware_leave_its_buffers(host, folder):
    images = firmware_host.valid_images(folder)
    command = host.fuzz(SEED, FIRST, COUNT, images)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = [int(word) for word in done.stdout.replace(":", "").split() if word.isdigit()]
    tried, accepted, layers_run, too_long = counts[:4]
    assert tried == COUNT
    # Most are taken and run: a check that refuses everything would find nothing.
    assert accepted > COUNT / 3
    assert layers_run > COUNT / 2
    assert too_long < layers_run / 10


@pytest.mark.parametrize(
    "kind", ["convolution", "pointwise", "depthwise", "pool", "representation"]
)
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kernels_on_this_computer_give_the_references_bytes(host, folder, kind, data):
    """What the inline assembly was translated to computes what the core computes."""
    case = data.draw(ALL[kind])
    network = Network("drawn", case.tensors, (case.layer,), 0, (1,))
    expected = reference.run_layer(case.layer, case.inputs, case.tensors)
    image, picture = folder / "drawn.bin", folder / "input.bin"
    image.write_bytes(firmware_board.image_of(network).data)
    picture.write_bytes(case.inputs[0].tobytes())
    assert host.infer(image, picture)[: expected.nbytes] == expected.tobytes()
