"""Imported models compute what TensorFlow Lite's reference kernels compute, byte for byte."""

from fractions import Fraction

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_models import OPERATORS, models

from dvfs_kernel.networks import reference, tflite_reader
from dvfs_kernel.networks.network import FullyConnected
from dvfs_kernel.networks.quantisation import convolution_factors, quantize_multipliers
from dvfs_kernel.networks.reference.convolution import fully_connected_sums

SEEDS = st.integers(0, 2**32 - 1)
ROUNDED_TWICE = sorted(set(OPERATORS) - {"FULLY_CONNECTED"})


def interpreted(data, seed):
    """Input and outputs of a model in the interpreter."""
    interpreter = Interpreter(
        model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    random = np.random.default_rng(seed)
    if source["dtype"] == np.float32:
        values = random.normal(0, 4, source["shape"]).astype(np.float32)
    else:
        limits = np.iinfo(source["dtype"])
        values = random.integers(
            limits.min, limits.max, source["shape"], source["dtype"], endpoint=True
        )
    interpreter.set_tensor(source["index"], values)
    interpreter.invoke()
    return values, [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]


def computed(data, values):
    """Network and all its tensors."""
    network = tflite_reader.read_bytes(data, "drawn")
    network.check()
    source = network.tensors[network.input]
    return network, reference.run(network, values.reshape(source.shape))


def check_equal(data, seed):
    values, expected = interpreted(data, seed)
    network, tensors = computed(data, values)
    for index, wanted in zip(network.outputs, expected, strict=True):
        assert tensors[index].dtype == wanted.dtype
        assert tensors[index].tobytes() == wanted.tobytes()


@pytest.mark.parametrize("name", ROUNDED_TWICE)
@settings(max_examples=50)
@given(data=st.data(), seed=SEEDS)
def test_each_operator(name, data, seed):
    check_equal(data.draw(models([name])), seed)


@settings(max_examples=300)
@given(models(ROUNDED_TWICE, most=6, ends=("int8", "uint8", "float32")), SEEDS)
def test_chains_of_operators(model, seed):
    check_equal(model, seed)


@settings(max_examples=200)
@given(models(ROUNDED_TWICE, most=3, last="FULLY_CONNECTED"), SEEDS)
def test_fully_connected_differs_by_its_second_rounding_alone(model, seed):
    """The interpreter rounds the real product once here; the kernels of microcontrollers, twice.

    Where the outputs differ, the real value has to be so near to one half that the first rounding
    of the two takes it there.
    """
    values, (expected,) = interpreted(model, seed)
    network, tensors = computed(model, values)
    layer = network.layers[-1]
    assert isinstance(layer, FullyConnected)
    source, output = network.tensors[layer.inputs[0]], network.tensors[layer.output]
    sums = fully_connected_sums(layer, tensors[layer.inputs[0]], source.zero_point).reshape(-1)
    factors = convolution_factors(source.scale, layer.weight_scales, output.scale)
    _, shifts = quantize_multipliers(factors)
    factors, shifts = (np.broadcast_to(a, sums.shape) for a in (factors, shifts))
    got = tensors[layer.output].reshape(-1).astype(int)
    for i, wanted in enumerate(expected.reshape(-1).astype(int)):
        if got[i] == wanted:
            continue
        assert abs(got[i] - wanted) == 1
        real = abs(Fraction(float(factors[i])) * int(sums[i] + layer.bias[i]))
        from_half = abs(real - int(real) - Fraction(1, 2))
        # The first rounding moves by up to half a unit of 2**shift. One scale for all weights is
        # multiplied with the input's in single precision.
        assert from_half <= Fraction(2) ** (int(shifts[i]) - 1) + real / 2**23
