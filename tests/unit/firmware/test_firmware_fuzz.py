"""The firmware's checks and kernels on this computer, under sanitizers: a short run.

The long one is ``benchmarks/fuzz_firmware.py``.
"""

import re
import subprocess
from itertools import product

import firmware_board
import firmware_host
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_layers import ALL

from dvfs_kernel.link.abi import KernelForm, Operator, Requantisation
from dvfs_kernel.link.abi_layout import load_layout
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Network

SEED, FIRST, COUNT = 1, 0, 12_000
SWEEP_SEED, SWEEP_IMAGES = 2, 6000

# What may come with code in the image, and in which forms.
PRODUCTS = (KernelForm.STREAMED, KernelForm.UNPACKED)
CODE_FORMS = {
    Operator.CONVOLUTION: (*PRODUCTS, KernelForm.WINOGRAD),
    Operator.POINTWISE: PRODUCTS,
    Operator.DEPTHWISE: (KernelForm.STREAMED,),
    Operator.FULLY_CONNECTED: PRODUCTS,
}
# Whose arithmetic is another for each form of requantisation, where the kernel is the firmware's.
REQUANTISED = {*CODE_FORMS, Operator.ADD}

NOBODY_READS = "nobody reads it"
ANY_IS_RIGHT = "the arithmetic takes any number, and wraps"
# Members that are right whatever they hold; all others are refused at one extreme or another.
FREE = {
    "image_header.scratch_bytes": "for people: the kernels themselves tell what they need",
    "image_header.tensor_bytes": "for people: each tensor has its place checked",
    "image_header.network_id": "for people",
    "image_header.reserved": NOBODY_READS,
    "tensor.reserved": NOBODY_READS,
    "tensor.zero_point": "for the host: layers have the zero points that they use",
    "tensor.scale_bits": "a single, of which the conversions take infinities and NaNs, too",
    "clock.reserved": NOBODY_READS,
    "layer_plan.granularity": "above the channels or columns there are, it counts as their number",
    "layer_plan.reserved": NOBODY_READS,
    "frame_header.sequence": "a reply repeats it",
    "run_request.warmup": "a number of runs",
    **{f"run_request.reserved[{number}]": NOBODY_READS for number in range(3)},
    **{f"clock_probe.{clock}.reserved": NOBODY_READS for clock in "ab"},
    **{
        f"ina219_request.{name}": "for the sensor"
        for name in ("address", "configuration", "calibration")
    },
    "ina219_request.reserved": NOBODY_READS,
    "ina219_request.reserved1": NOBODY_READS,
    "current_request.configuration": "for the sensor",
    "current_request.warmup": "a number of passes",
    "current_request.clock.reserved": NOBODY_READS,
    "number.bias": ANY_IS_RIGHT,
    "number.multiplier": ANY_IS_RIGHT,
}


def kinds():
    """Every operator in every form, with pooling or not, and by requantisation where it tells."""
    found = set()
    for operator in Operator:
        forms = (KernelForm.PACKED, *CODE_FORMS.get(operator, ()))
        for form, pools in product(forms, (False, True)):
            by_code = form != KernelForm.PACKED
            if pools and not (by_code and operator == Operator.CONVOLUTION):
                continue
            tells = operator in REQUANTISED and not by_code
            ways = Requantisation if tells else [None]
            found |= {(operator, form, pools, way) for way in ways}
    return found


def kind(operator, form, requantisation, pools):
    """What the program tells of a layer, as `kinds` has it."""
    tells = operator in REQUANTISED and form == KernelForm.PACKED
    way = Requantisation(requantisation) if tells else None
    return Operator(operator), KernelForm(form), bool(pools), way


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
    run = re.findall(r"^layers (\d+) (\d+) (\d+) (\d+): \d+$", done.stdout, re.MULTILINE)
    assert {kind(*map(int, layer)) for layer in run} == kinds()
    counts = [int(word) for word in done.stdout.replace(":", "").split() if word.isdigit()]
    tried, accepted, layers_run, too_long = counts[:4]
    assert tried == COUNT
    # Most are taken and run: a check that refuses everything would find nothing.
    assert accepted > COUNT / 3
    assert layers_run > COUNT / 2
    assert too_long < layers_run / 10


def test_no_extreme_of_any_member_is_taken_that_the_firmware_cannot_do_with(host):
    """Each is refused, or what it makes the firmware do is sound: the sanitizers find nothing."""
    done = subprocess.run(
        host.sweep(SWEEP_SEED, SWEEP_IMAGES), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    swept = re.findall(r"^swept (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    assert {kind(*map(int, layer)) for layer in swept} == kinds()
    told = re.findall(r"^member (\S+): (\d+) refused, (\d+) taken$", done.stdout, re.MULTILINE)
    assert [name for name, refused, taken in told if int(refused) + int(taken) == 0] == []
    assert {name for name, refused, _ in told if int(refused) == 0} == FREE.keys()


def test_no_record_of_the_layout_is_left_out():
    """A new one is given to the firmware, and then swept, or is an answer of its."""
    structs = load_layout().structs
    assert structs.keys() >= firmware_host.ANSWERS
    header = firmware_host.fields_header()
    for struct in structs.keys() - firmware_host.ANSWERS:
        for field in structs[struct].fields:
            assert f'"{struct}.{field.name}' in header


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
