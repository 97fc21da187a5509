"""Damaged and hostile files end in an error of this package, at once and in little memory."""

import struct
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tflite_models import OPERATORS, SAME, VALID, models
from tflite_writer import ModelWriter

from dvfs_kernel.errors import (
    DvfsError,
    FileFormatError,
    NetworkTooLargeError,
    UnsupportedOperatorError,
)
from dvfs_kernel.networks import reference, tflite_reader

OPTIONS = {
    "Padding": VALID,
    "StrideH": 1,
    "StrideW": 1,
    "DilationHFactor": 1,
    "DilationWFactor": 1,
    "FusedActivationFunction": 0,
}


def read(data):
    return tflite_reader.read_bytes(data, "damaged")


def convolution(**changes):
    """Writer of a good model with one convolution, and its parts by name."""
    w = ModelWriter()
    source = w.tensor("source", (1, 5, 5, 2), "int8", (0.5,), (3,))
    weights = w.constant(np.ones((4, 3, 3, 2), np.int8), [0.1] * 4)
    bias = w.constant(np.zeros(4, np.int32), [0.05] * 4)
    output = w.tensor("output", (1, 3, 3, 4), "int8", (0.7,), (0,))
    w.operator(
        "CONV_2D", (source, weights, bias), (output,), ("Conv2DOptions", {**OPTIONS, **changes})
    )
    w.inputs, w.outputs = (source,), (output,)
    return w


def check_contained(data):
    """Whatever the bytes say, either they are a network that runs or they are refused."""
    try:
        network = read(data)
    except DvfsError:
        return
    source = network.tensors[network.input]
    if max(tensor.bytes for tensor in network.tensors) < 1 << 20:
        reference.run(network, np.zeros(source.shape, source.element))


@settings(max_examples=400)
@given(
    models(sorted(OPERATORS), most=3, ends=("int8", "float32")),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
)
@example(convolution().finish(), [], 0.0)
def test_flipped_and_missing_bytes(model, changes, kept):
    data = bytearray(model)
    for place, value in changes:
        data[int(place * len(data))] = value
    data = data[: int(kept * len(data) + 0.5)] if kept < 0.5 else data
    check_contained(bytes(data))


@settings(max_examples=400)
@given(
    models(sorted(OPERATORS), most=3),
    st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True),
            st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 2**16, 4, -4]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_overwritten_words(model, changes):
    data = bytearray(model)
    for place, value in changes:
        struct.pack_into("<i", data, int(place * len(data)) // 4 * 4, value)
    check_contained(bytes(data))


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x08\0\0\0TFL3")
def test_other_bytes(data):
    with pytest.raises(FileFormatError):
        read(data)
    with pytest.raises(FileFormatError):
        read(data[:4] + b"TFL3" + data[8:])


def test_the_undamaged_model_reads():
    network = read(convolution().finish())
    assert [type(layer).__name__ for layer in network.layers] == ["Convolution"]


def refusal(writer, **how):
    with pytest.raises(DvfsError) as caught:
        read(writer.finish(**how))
    return caught.value


def test_huge_shapes_allocate_nothing():
    w = convolution()
    w.tensors[0].dims = (1, 2**30, 2**30, 2)
    tracemalloc.start()
    try:
        error = refusal(w)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(error, NetworkTooLargeError)
    assert str(2**61) in str(error)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("dims", (1, 5, 0, 2), "at least 1"),
        ("dims", (1, -5, 5, 2), "at least 1"),
        ("dims", (1,) * 9, "9 dimensions"),
        ("dims", (2, 5, 5, 2), "batch of 1"),
        ("dims", (1, 70000, 5, 2), "70000"),
        ("scales", (float("nan"),), "not finite"),
        ("scales", (float("inf"),), "not finite"),
        ("scales", (-1.0,), "negative"),
        ("scales", (0.0,), "scale 0.0"),
        ("scales", (), "0 scales"),
        ("zero_points", (200,), "200"),
        ("zero_points", (-129,), "-129"),
        ("zero_points", (0, 1), "1 scales and 2 zero points"),
        ("element", "float32", "float32"),
        ("element", "int16", "INT16"),
        ("element", "int64", "int64"),
        ("data", np.zeros(50, np.int8), "constant"),
        ("data", np.zeros(49, np.int8), "49 bytes"),
    ],
)
def test_impossible_feature_map(field, value, words):
    w = convolution()
    setattr(w.tensors[0], field, value)
    assert words in str(refusal(w))


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        (1, {"element": "uint8"}, "uint8 weights"),
        (1, {"dims": (4, 3, 3, 1), "data": np.ones((4, 3, 3, 1), np.int8)}, "grouped"),
        (1, {"dims": (4, 9, 2)}, "4 dimensions"),
        (1, {"scales": (0.1,) * 3, "zero_points": (0,) * 3}, "3 weight scales"),
        (1, {"zero_points": (1,) * 4}, "zero point other than 0"),
        (1, {"dimension": 3}, "dimension 3"),
        (1, {"scales": (1e30,) * 4}, "rescaling factor"),
        (1, {"data": None}, "computes its input 1"),
        (2, {"element": "float32"}, "bias of float32"),
        (2, {"dims": (2,), "data": np.zeros(2, np.int32)}, "bias"),
        (3, {"dims": (1, 3, 4, 4)}, "makes (3, 3, 4)"),
        (3, {"element": "int32", "scales": (), "zero_points": ()}, "not quantised to int8"),
        (3, {"data": np.zeros(36, np.int8)}, "writes a constant"),
    ],
)
def test_impossible_convolution(part, changes, words):
    w = convolution()
    for field, value in changes.items():
        setattr(w.tensors[part], field, value)
    assert words in str(refusal(w))


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("StrideH", 0, "stride"),
        ("StrideW", -1, "stride"),
        ("DilationHFactor", 0, "dilation"),
        ("DilationHFactor", 9, "larger than its padded input"),
        ("Padding", 7, "padding of code 7"),
        ("FusedActivationFunction", 4, "activation of code 4"),
    ],
)
def test_impossible_options(option, value, words):
    assert words in str(refusal(convolution(**{option: value})))
    if option != "Padding" and value < 9 and option != "FusedActivationFunction":
        assert words in str(refusal(convolution(**{option: value, "Padding": SAME})))


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -1.0])
def test_a_scale_that_is_no_number_warns_of_nothing(scale):
    writer = convolution()
    place = writer.inputs[0]
    writer.tensors[place] = replace(writer.tensors[place], scales=(scale,))
    data = writer.finish()
    quiet = struct.pack("<f", float("nan"))
    for content in (data, data.replace(quiet, b"\x01\x00\xa0\x7f")):  # one that signals
        with pytest.raises(FileFormatError, match="a scale that is negative or not finite"):
            read(content)


def operator_error(**changes):
    w = convolution()
    for field, value in changes.items():
        setattr(w.operators[0], field, value)
    return str(refusal(w))


def test_operators_that_refer_to_nothing():
    assert "refer to tensor 9" in operator_error(inputs=(0, 9, 2))
    assert "refer to tensor -2" in operator_error(inputs=(0, -2, 2))
    assert "refer to tensor -1" in operator_error(outputs=(-1,))
    assert "no input 0" in operator_error(inputs=(-1, 1, 2))
    assert "no input 1" in operator_error(inputs=(0, -1, 2))
    assert "0 inputs" in operator_error(inputs=())
    assert "2 outputs" in operator_error(outputs=(3, 3))
    assert "more than one operator" in operator_error(outputs=(0,))
    assert "no operator before it makes" in operator_error(inputs=(3, 1, 2))
    assert "no Conv2DOptions" in operator_error(options=None)
    assert "no Conv2DOptions" in operator_error(options=("AddOptions", {}))


def test_a_cycle_is_no_order_to_run_in():
    w = convolution()
    other = w.tensor("other", (1, 3, 3, 4), "int8", (0.7,), (0,))
    w.operators.clear()
    activation = ("AddOptions", {"FusedActivationFunction": 0})
    w.operator("ADD", (other, other), (3,), activation)
    w.operator("ADD", (3, 3), (other,), activation)
    assert "no operator before it makes" in str(refusal(w))


def test_outputs_that_nothing_makes():
    w = convolution()
    w.outputs = (1,)
    assert "made by no operator" in str(refusal(w))
    w.outputs = ()
    assert isinstance(refusal(w), UnsupportedOperatorError)
    w.outputs = (44,)
    assert "refer to tensor 44" in str(refusal(w))


def test_forms_of_a_file_that_are_not_read():
    assert "2 subgraphs" in str(refusal(convolution(), subgraphs=2))
    assert "0 subgraphs" in str(refusal(convolution(), subgraphs=0))
    assert "schema version 2" in str(refusal(convolution(), version=2))
    w = convolution()
    w.inputs = (0, 0)
    assert "2 inputs" in str(refusal(w))


def test_more_operators_than_any_board_runs():
    w = convolution()
    for _ in range(1100):
        w.operators.append(w.operators[0])
    assert isinstance(refusal(w), NetworkTooLargeError)


@pytest.mark.parametrize("name", ["LOGISTIC", "MUL", "CUSTOM thing"])
def test_unsupported_operators_are_named(name):
    w = convolution()
    w.operator(name, (3,), (w.tensor("late", (1, 3, 3, 4), "int8", (1.0,), (0,)),))
    error = refusal(w)
    assert isinstance(error, UnsupportedOperatorError)
    assert isinstance(error, NotImplementedError)
    for word in (name.split()[0], "operator 1", "'late'", "CONV_2D"):
        assert word in str(error)


def test_an_unsupported_operator_is_named_before_the_form_of_its_tensors():
    w = convolution()
    w.operator("LOGISTIC", (3,), (w.tensor("late", (1, 0), "int16"),))
    assert "LOGISTIC (operator 1, 'late')" in str(refusal(w))


def test_tensors_that_no_operator_uses_may_have_any_form():
    w = convolution()
    w.tensor("unused", (1, 0), "int16")
    assert len(read(w.finish()).tensors) == 2


def test_missing_and_oversized_files(tmp_path):
    with pytest.raises(FileFormatError, match="cannot read"):
        tflite_reader.read(tmp_path / "none.tflite")
    with pytest.raises(FileFormatError, match="cannot read"):
        tflite_reader.read(tmp_path)
    large = tmp_path / "large.tflite"
    with large.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(FileFormatError, match="are read"):
        tflite_reader.read(large)
    good = tmp_path / "good.tflite"
    good.write_bytes(convolution().finish())
    assert tflite_reader.read(str(good)).name == "good"
