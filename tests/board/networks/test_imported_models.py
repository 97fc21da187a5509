"""Random models of every operator, from a .tflite file to the outputs of the virtual board."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_models import OPERATORS, models

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import infer
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks import reference, tflite_reader

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000


@settings(max_examples=10)
@given(
    models(sorted(OPERATORS), most=6, ends=("int8", "uint8", "float32")),
    st.sampled_from((0, 1, 2, 3, 8, 16)),
    st.integers(0, 2**32 - 1),
)
def test_imported_models_equal_the_reference(model, granularity, seed):
    network = tflite_reader.read_bytes(model, "drawn")
    source = network.tensors[network.input]
    random = np.random.default_rng(seed)
    if source.element == "float32":
        values = random.normal(0, 4, source.shape).astype(np.float32)
    else:
        limits = np.iinfo(source.element)
        values = random.integers(
            limits.min, limits.max, source.shape, source.element, endpoint=True
        )
    schedule = Schedule.uniform(
        len(network.layers),
        HSE_HZ,
        lfo=ClockSetting.parse("hse") if granularity else None,
        granularity=dae_granularities(network, granularity),
    )
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        result = infer(network, values, board, schedule)
    expected = reference.run(network, values)
    for index, output in zip(network.outputs, result.outputs, strict=True):
        assert output.tobytes() == expected[index].tobytes()
