from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.networks.input_tensor import fit_array, from_pixels, load_input, sample_input
from dvfs_kernel.networks.network import Network, Quantize, Tensor

PICTURE = Tensor("image", (8, 10, 3), "int8", 1 / 127.5, -1)
FLOATS = Tensor("real", (8, 10, 3), "float32")


@pytest.fixture
def save(tmp_path):
    def write(array, name="input.npy"):
        path = tmp_path / name
        np.save(path, array)
        return path

    return write


def test_stored_values_are_taken_as_they_are(save):
    stored = np.random.default_rng(0).integers(-128, 128, (8, 10, 3)).astype(np.int8)
    assert np.array_equal(load_input(save(stored), PICTURE), stored)
    assert np.array_equal(load_input(save(stored[None]), PICTURE), stored)


def test_real_values_are_quantised_and_clipped():
    real = np.zeros((8, 10, 3), np.float32)
    real[0, 0] = [1 / 127.5, 99, -99]
    assert fit_array(real, PICTURE)[0, 0].tolist() == [0, 127, -128]
    assert (fit_array(real, PICTURE)[1:] == -1).all()


def test_pixels_map_to_the_whole_range():
    pixels = np.zeros((8, 10, 3), np.uint8)
    pixels[0, 0, 0] = 255
    assert fit_array(pixels, PICTURE)[0, 0].tolist() == [127, -128, -128]
    assert fit_array(pixels, FLOATS)[0, 0].tolist() == [1, -1, -1]


def test_a_picture_is_resized(tmp_path):
    path = tmp_path / "red.png"
    Image.new("RGB", (33, 21), (255, 0, 0)).save(path)
    loaded = load_input(path, PICTURE)
    assert loaded.shape == (8, 10, 3)
    assert loaded[4, 5].tolist() == [127, -128, -128]
    grey = Tensor("grey", (8, 10, 1), "int8", 1 / 127.5, -1)
    assert load_input(path, grey)[0, 0].tolist() == [76 - 128]  # ITU-R 601 luma of red


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((8, 10), np.int8), r"shape 8 × 10; the network takes 8 × 10 × 3"),
        (np.zeros((2, 8, 10, 3), np.int8), r"shape 2 × 8 × 10 × 3"),
        (np.array(1, np.int8), r"shape a single value"),
        (np.zeros((8, 10, 3), np.int64), r"holds int64 values; the network takes int8"),
        (np.full((8, 10, 3), np.nan), r"not finite"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(save, array, message):
    with pytest.raises(FileFormatError, match=message):
        load_input(save(array), PICTURE)


@pytest.mark.parametrize("name", ["junk.npy", "junk.png", "empty.npy", "empty.png", "cut.png"])
def test_a_damaged_file_is_refused(tmp_path, name):
    path = tmp_path / name
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    content = {"junk": b"\x93NUMPY no", "empty": b"", "cut": whole[: len(whole) // 2]}
    path.write_bytes(content[path.stem])
    with pytest.raises(FileFormatError, match=name):
        load_input(path, PICTURE)


def test_objects_are_never_unpickled(save):
    with pytest.raises(FileFormatError, match="not a NumPy array"):
        load_input(save(np.array([object()])), PICTURE)


def test_an_archive_of_arrays_is_refused(tmp_path):
    path = tmp_path / "many.npy"
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(1), b=np.zeros(1))
    with pytest.raises(FileFormatError, match="several arrays"):
        load_input(path, PICTURE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nowhere\.png: there is no such file"):
        load_input(tmp_path / "nowhere.png", PICTURE)


def test_a_picture_for_many_channels_is_refused(tmp_path):
    path = tmp_path / "red.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(FileFormatError, match="the network takes 5"):
        load_input(path, Tensor("x", (8, 8, 5), "int8", 1.0, 0))


def test_the_sample_is_varied_and_the_same_every_time():
    tensor = Tensor("image", (80, 80, 3), "int8", 1 / 127.5, -1)
    sample = sample_input(tensor)
    assert sample.dtype == np.int8
    assert np.array_equal(sample, sample_input(tensor))
    assert len(np.unique(sample)) > 100
    assert len(np.unique(sample_input(Tensor("v", (1, 1, 7), "float32")))) > 1


def reading(tensor, *targets):
    layers = [
        Quantize(name=str(index), inputs=(0,), output=index) for index in range(1, 1 + len(targets))
    ]
    return Network("reading", (tensor, *targets), tuple(layers), 0, (1,))


@pytest.mark.parametrize(
    ("scale", "zero_point", "low"),
    [(1 / 255, -128, 0), (0.00390625, -128, 0), (1 / 127.5, -1, -1), (1 / 255, 0, -1)],
)
def test_pixels_of_a_float_input_have_the_range_of_what_it_is_quantised_to(scale, zero_point, low):
    pixels = np.array([0, 255], np.uint8)[:, None, None, None]
    network = reading(FLOATS, Tensor("stored", (8, 10, 3), "int8", scale, zero_point))
    assert from_pixels(pixels, network).ravel().tolist() == [low, 1]
    assert from_pixels(pixels, network).dtype == np.float32
    picture = np.full((8, 10, 3), 0, np.uint8)
    assert (fit_array(picture, network) == low).all()


def test_pixels_of_a_batch_are_those_of_each_picture():
    pixels = np.random.default_rng(2).integers(0, 256, (3, 8, 10, 3), np.uint8)
    stored = Tensor("stored", (8, 10, 3), "int8", 1 / 255, -128)
    for tensor in (PICTURE, replace(PICTURE, element="uint8", zero_point=127)):
        batch = from_pixels(pixels, reading(tensor, stored))
        for picture, values in zip(pixels, batch, strict=True):
            assert np.array_equal(values, fit_array(picture, tensor))
