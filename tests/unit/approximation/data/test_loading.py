"""Data sets in the forms in which their authors offer them, small ones made here."""

import gzip
import io
import pickle
import struct
import tarfile
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from dvfs_kernel.approximation.data import SAMPLE, load_data, load_parts
from dvfs_kernel.errors import DataSetError, DvfsError

RANDOM = np.random.default_rng(10)
CLASSES = ["airplane", "automobile", "bird"]


def images(count, *shape):
    return RANDOM.integers(0, 256, (count, *shape), dtype=np.uint8)


def labels(count):
    return (np.arange(count) * 7 % 3).astype(np.int64)


# ---- CIFAR -------------------------------------------------------------------------------------

TRAIN_BATCHES = [(images(4, 3072), labels(4)) for _ in range(5)]
TEST_BATCH = (images(6, 3072), labels(6))


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2 had them: the real archives are that old."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def string(self, value):
        data = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)

    dispatch[str] = dispatch[bytes] = string


def as_pickle(batch, key="labels", protocol=2):
    file = io.BytesIO()
    Python2Pickler(file, protocol).dump({"data": batch[0], key: batch[1].tolist()})
    return file.getvalue()


def as_binary(batch, coarse=False):
    columns = [batch[1].astype(np.uint8)[:, None], batch[0]]
    return np.concatenate([columns[0]] * coarse + columns, axis=1).tobytes()


def cifar_files(form):
    train = dict(enumerate(TRAIN_BATCHES, 1))
    if form == "cifar-10-python":
        files = {f"data_batch_{n}": as_pickle(batch) for n, batch in train.items()}
        files["test_batch"] = as_pickle(TEST_BATCH)
        files["batches.meta"] = pickle.dumps({"label_names": CLASSES}, 2)
        return {f"cifar-10-batches-py/{name}": data for name, data in files.items()}
    if form == "cifar-10-binary":
        files = {f"data_batch_{n}.bin": as_binary(batch) for n, batch in train.items()}
        files["test_batch.bin"] = as_binary(TEST_BATCH)
        files["batches.meta.txt"] = "\n".join([*CLASSES, ""]).encode()
        return {f"cifar-10-batches-bin/{name}": data for name, data in files.items()}
    whole = tuple(np.concatenate(parts) for parts in zip(*TRAIN_BATCHES, strict=True))
    if form == "cifar-100-python":
        files = {"train": as_pickle(whole, "fine_labels", 4)}
        files["test"] = as_pickle(TEST_BATCH, "fine_labels", 4)
        files["meta"] = pickle.dumps({"fine_label_names": CLASSES}, 2)
        return {f"cifar-100-python/{name}": data for name, data in files.items()}
    files = {"train.bin": as_binary(whole, coarse=True), "test.bin": as_binary(TEST_BATCH, True)}
    files["fine_label_names.txt"] = "\n".join(CLASSES).encode()
    return {f"cifar-100-binary/{name}": data for name, data in files.items()}


FORMS = ["cifar-10-python", "cifar-10-binary", "cifar-100-python", "cifar-100-binary"]


def write_archive(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_folder(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def check_cifar(data):
    planes, numbers = TEST_BATCH
    assert data.shape == (32, 32, 3)
    np.testing.assert_array_equal(data.images[..., 1], planes[:, 1024:2048].reshape(-1, 32, 32))
    np.testing.assert_array_equal(data.labels, numbers)
    assert data.class_names == tuple(CLASSES)
    assert data.part == "test"


@pytest.mark.parametrize("form", FORMS)
def test_the_archive_and_the_folders_of_cifar(form, tmp_path):
    files = cifar_files(form)
    archive = write_archive(tmp_path / f"{form}.tar.gz", files)
    folder = write_folder(tmp_path / "unpacked", files)
    inner = next(folder.iterdir())
    for place in (archive, folder, inner):
        check_cifar(load_data(place))
        train, test = load_parts(place)
        assert (len(train), train.part, len(test)) == (20, "train", 6)
        np.testing.assert_array_equal(train.labels[:4], TRAIN_BATCHES[0][1])
    assert load_data(archive).digest == load_data(inner).digest
    assert load_data(archive).name == form[:-7].upper()
    check_cifar(load_data(write_archive(tmp_path / "any.tgz", files)))


def test_a_folder_that_holds_the_archive(tmp_path):
    write_archive(tmp_path / "cifar-10-python.tar.gz", cifar_files("cifar-10-python"))
    check_cifar(load_data(tmp_path))


def test_a_damaged_archive(tmp_path):
    path = write_archive(tmp_path / "cifar-10-python.tar.gz", cifar_files("cifar-10-python"))
    whole = path.read_bytes()
    for kept in (0, 5, 100, len(whole) // 2, len(whole) - 200):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataSetError, match=r"cifar-10-python\.tar\.gz"):
            load_data(path)
    path.write_bytes(b"<html>404 Not Found</html>" * 100)
    with pytest.raises(DataSetError, match="is damaged, or no archive"):
        load_data(path)


def test_an_archive_of_something_else(tmp_path):
    path = write_archive(tmp_path / "other.tar.gz", {"readme.txt": b"hello"})
    with pytest.raises(DataSetError, match=r"holds no test part of CIFAR.*from https://www\.cs"):
        load_data(path)


def test_batches_that_are_missing(tmp_path):
    files = cifar_files("cifar-10-binary")
    del files["cifar-10-batches-bin/data_batch_2.bin"], files["cifar-10-batches-bin/test_batch.bin"]
    folder = write_folder(tmp_path, files) / "cifar-10-batches-bin"
    with pytest.raises(DataSetError, match=r"lacks data_batch_2\.bin of CIFAR-10"):
        load_data(folder, "train")
    with pytest.raises(DataSetError, match="holds no test part"):
        load_data(folder)


def test_a_binary_batch_that_is_cut_short(tmp_path):
    files = cifar_files("cifar-10-binary")
    files["cifar-10-batches-bin/test_batch.bin"] = bytes(3074)
    folder = write_folder(tmp_path, files)
    with pytest.raises(DataSetError, match=r"3,074 bytes, which is no multiple of 3,073"):
        load_data(folder)


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a pickle", "is no pickle of a data set"),
        (pickle.dumps([1, 2]), "holds list, no dictionary"),
        (pickle.dumps({"labels": [1]}), "has no data of"),
        (pickle.dumps({"data": np.zeros((2, 3072))}), "has no data of"),
        (pickle.dumps({"data": np.zeros((2, 3072), np.uint8)}), "has no labels"),
        (pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": ["a", 1]}), "no labels"),
        (as_pickle(TEST_BATCH)[:-100], "is no pickle of a data set"),
    ],
)
def test_a_python_batch_that_is_none(content, message, tmp_path):
    files = cifar_files("cifar-10-python")
    files["cifar-10-batches-py/test_batch"] = content
    with pytest.raises(DataSetError, match=message):
        load_data(write_folder(tmp_path, files))


@pytest.mark.parametrize("protocol", range(6))
def test_python_batches_of_any_python(protocol, tmp_path):
    files = cifar_files("cifar-10-python")
    batch = {b"data": TEST_BATCH[0], b"labels": TEST_BATCH[1].tolist()}
    names = {b"label_names": [name.encode() for name in CLASSES]}
    files["cifar-10-batches-py/test_batch"] = pickle.dumps(batch, protocol)
    files["cifar-10-batches-py/batches.meta"] = pickle.dumps(names, protocol)
    check_cifar(load_data(write_folder(tmp_path, files)))


def test_a_pickle_runs_nothing(tmp_path):
    marker = tmp_path / "marker"
    files = cifar_files("cifar-10-python")
    files["cifar-10-batches-py/test_batch"] = pickle.dumps({"data": Evil(str(marker))})
    with pytest.raises(DataSetError, match=r"names (io|_io)\.open, which no data set needs"):
        load_data(write_folder(tmp_path / "folder", files))
    assert not marker.exists()


# ---- idx files ---------------------------------------------------------------------------------


def as_idx(array):
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def idx_files(folder, *, packed=True, joint="-"):
    folder.mkdir(exist_ok=True)
    parts = {"train": (images(8, 5, 4), labels(8)), "t10k": (images(4, 5, 4), labels(4))}
    for prefix, (pixels, numbers) in parts.items():
        for what, array in (("images", pixels), ("labels", numbers)):
            data = as_idx(array)
            name = f"{prefix}-{what}{joint}idx{array.ndim}-ubyte"
            (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(data) if packed else data)
    return parts


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("joint", ["-", "."])
def test_idx_files(packed, joint, tmp_path):
    parts = idx_files(tmp_path, packed=packed, joint=joint)
    train, test = load_parts(tmp_path)
    np.testing.assert_array_equal(train.images[..., 0], parts["train"][0])
    np.testing.assert_array_equal(test.labels, parts["t10k"][1])
    assert test.shape == (5, 4, 1)
    assert (test.classes, test.class_names) == (3, ())


def test_idx_files_of_fashion_mnist_have_its_classes(tmp_path):
    idx_files(tmp_path / "fashion-mnist")
    assert load_data(tmp_path / "fashion-mnist").class_names[9] == "Ankle boot"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(as_idx(labels(4)), mtime=0)[:-12],
            "is damaged",
        ),
        ("t10k-labels-idx1-ubyte.gz", b"no gzip", "is damaged"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(b"PK", mtime=0), "begins with 50 4b"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(b"", mtime=0), "begins with nothing"),
        (
            "t10k-images-idx3-ubyte.gz",
            gzip.compress(as_idx(labels(4)), mtime=0),
            "begins with 00 00 08 01",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            gzip.compress(as_idx(images(4, 5, 4))[:-1], mtime=0),
            "cut short",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(as_idx(labels(3)), mtime=0),
            "4 images and 3 labels",
        ),
    ],
)
def test_damaged_idx_files(name, data, message, tmp_path):
    idx_files(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataSetError, match=message):
        load_data(tmp_path)


def test_idx_files_without_labels(tmp_path):
    idx_files(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataSetError, match=r"lacks t10k-labels-idx1-ubyte or .*\.gz"):
        load_data(tmp_path)
    with pytest.raises(DataSetError, match="give the folder that they are in"):
        load_data(tmp_path / "t10k-images-idx3-ubyte.gz")


# ---- .npz --------------------------------------------------------------------------------------


def test_an_npz_file_that_nobody_has_divided(tmp_path):
    pixels, numbers = images(9, 4, 4, 3), labels(9)
    np.savez(tmp_path / "data.npz", x=pixels, y=numbers[:, None].astype(np.uint8))
    data = load_data(tmp_path / "data.npz")
    assert (data.name, data.part, len(data)) == ("data", "all", 9)
    np.testing.assert_array_equal(data.images, pixels)
    np.testing.assert_array_equal(data.labels, numbers)
    with pytest.raises(DataSetError, match="not divided into training and test part"):
        load_data(tmp_path / "data.npz", "train")
    train, test = load_parts(tmp_path / "data.npz")
    assert (train.part, test.part) == ("train", "test")
    assert len(train) + len(test) == 9
    everything = {image.tobytes() for image in pixels}
    assert {image.tobytes() for part in (train, test) for image in part.images} == everything


def test_floats_are_shares_of_white(tmp_path):
    pixels = images(3, 4, 4)
    names = np.array(["zero", "one", "two"])
    for kind in (np.float32, np.float64):
        path = tmp_path / "data.npz"
        np.savez(path, x=(pixels / 255).astype(kind), y=labels(3), class_names=names)
        np.testing.assert_array_equal(load_data(path).images[..., 0], pixels)
        assert load_data(path).class_names == ("zero", "one", "two")


def test_files_of_both_parts(tmp_path):
    one, both = {"x": images(3, 4, 4), "y": labels(3)}, tmp_path / "both.npz"
    np.savez(both, x_train=one["x"], y_train=one["y"], x_test=one["x"][:2], y_test=one["y"][:2])
    assert [len(part) for part in load_parts(both)] == [3, 2]
    folder = tmp_path / "folder"
    folder.mkdir()
    np.savez_compressed(folder / "pictures-train-3.npz", **one)
    with pytest.raises(DataSetError, match=r"has no test part: it holds the train part alone"):
        load_data(folder)
    np.savez_compressed(folder / "pictures-test-3.npz", **one)
    train, test = load_parts(folder)
    assert (train.name, train.part, test.part) == ("folder", "train", "test")
    np.savez_compressed(folder / "more.npz", **one)
    assert len(load_data(folder)) == 3
    np.savez_compressed(folder / "test.npz", **one)
    with pytest.raises(DataSetError, match=r"one \.npz file with 'train' in its name and one"):
        load_data(folder)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": images(3, 4, 4, 1)}, r"holds x; it needs x and y"),
        ({"x": images(3, 4, 4, 1), "y": labels(2)}, "3 images and 2 labels"),
        ({"x": images(3, 4, 4, 1), "y": labels(3) - 1}, "label -1 at image 0; 0 to"),
        (
            {"x": images(3, 4, 4, 1), "y": labels(3), "class_names": np.array(["a", "b"])},
            "label 2 at image 2; 0 to 1 is allowed",
        ),
        ({"x": images(3, 16), "y": labels(3)}, r"shape \(3, 16\); they are uint8"),
        ({"x": images(0, 4, 4), "y": labels(0)}, "has no images"),
        ({"x": images(3, 4, 4) - 1.0, "y": labels(3)}, "values from"),
        ({"x": np.full((3, 4, 4), np.nan), "y": labels(3)}, "values from nan to nan"),
        ({"x": np.full((3, 4, 4), 256), "y": labels(3)}, "from 256 to 256; allowed are 0 to 255"),
        ({"x": images(3, 4, 4), "y": labels(3) + 0.5}, "labels are float64"),
        ({"x": images(3, 4, 4), "y": np.eye(3)}, r"labels are int64 of shape \(3, 3\)"),
        ({"x": np.full((3, 4, 4), "a"), "y": labels(3)}, "images are uint8, or floats"),
    ],
)
def test_npz_files_with_something_else(arrays, message, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(DataSetError, match=message):
        load_data(tmp_path / "data.npz")


def test_npz_files_that_are_none(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x=images(3, 4, 4), y=labels(3))
    whole = path.read_bytes()
    np.save(tmp_path / "single.npy", images(3, 4, 4))
    single = (tmp_path / "single.npy").read_bytes()
    np.savez(tmp_path / "objects.npz", x=np.array([Evil("/dev/null")]), y=labels(1))
    objects = (tmp_path / "objects.npz").read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"not at all", single, objects):
        path.write_bytes(data)
        with pytest.raises(DataSetError, match=r"data\.npz"):
            load_data(path)


# ---- pictures ----------------------------------------------------------------------------------


def write_pictures(folder, classes=("cat", "dog"), count=2, size=(6, 8), mode="RGB"):
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            colour = 100 * number + index if mode == "L" else (100 * number + index, 7, 9)
            Image.new(mode, size, colour).save(folder / name / f"{index}.png")


def test_a_folder_of_pictures(tmp_path):
    write_pictures(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("not a picture")
    data = load_data(tmp_path / "pets")
    assert (data.name, data.part, data.shape) == ("pets", "all", (8, 6, 3))
    assert data.class_names == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 100, 101]
    assert load_data(tmp_path / "pets", shape=(4, 5, 1)).images.shape == (4, 4, 5, 1)


def test_a_folder_of_pictures_that_is_divided(tmp_path):
    names = [str(number) for number in range(11)]
    write_pictures(tmp_path / "train", names, mode="L")
    write_pictures(tmp_path / "test", names, 1, mode="L")
    train, test = load_parts(tmp_path)
    assert (len(train), len(test), train.shape) == (22, 11, (8, 6, 1))
    assert train.class_names == tuple(names)  # 10 behind 9, not behind 1
    (tmp_path / "test" / "10").rename(tmp_path / "test" / "ten")
    with pytest.raises(DataSetError, match="differ in classes: 10, ten"):
        load_data(tmp_path)


def test_folders_of_pictures_that_cannot_be(tmp_path):
    write_pictures(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataSetError, match="class 'empty' has no pictures"):
        load_data(tmp_path)
    (tmp_path / "empty").rmdir()
    Image.new("L", (6, 8)).save(tmp_path / "dog" / "0.png")
    with pytest.raises(DataSetError, match=r"is 6 × 8 pixels with 1 channels, others are"):
        load_data(tmp_path)
    (tmp_path / "dog" / "0.png").write_bytes(b"no picture")
    with pytest.raises(DataSetError, match="not a picture that can be read"):
        load_data(tmp_path)


# ---- in general --------------------------------------------------------------------------------


def test_the_sample_that_is_built_in():
    train, test = load_parts(SAMPLE)
    assert train.counts == test.counts == (200,) * 10
    assert test.shape == (28, 28, 1)
    assert test.class_names[0] == "T-shirt/top"
    assert test.name == SAMPLE
    seen = {image.tobytes() for image in train.images}
    assert not any(image.tobytes() in seen for image in test.images)


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("cifar-10-python.tar.gz", "CIFAR-10 is to be had as cifar-10-python.tar.gz"),
        ("CIFAR10", "https://www.cs.toronto.edu/~kriz/cifar.html"),
        ("data/cifar-100", "CIFAR-100 is to be had"),
        ("fashion-mnist", "https://github.com/zalandoresearch/fashion-mnist"),
        ("mnist", "http://yann.lecun.com/exdb/mnist/"),
        ("something", "allowed: the CIFAR-10 or CIFAR-100 archive"),
    ],
)
def test_what_is_not_there_has_a_home(name, home, tmp_path):
    with pytest.raises(DataSetError, match="there is no such file or folder") as caught:
        load_data(tmp_path / name)
    assert home in str(caught.value)
    assert isinstance(caught.value, DvfsError | ValueError)


def test_what_is_no_data_set(tmp_path):
    (tmp_path / "table.csv").write_text("1,2")
    for place in (tmp_path, tmp_path / "table.csv"):
        with pytest.raises(DataSetError, match="no data set that is known; allowed: the CIFAR"):
            load_data(place)


def test_images_of_another_size_than_the_network_takes():
    with pytest.raises(DataSetError, match=r"are 28 × 28 × 1; the network takes 32 × 32 × 3"):
        load_data(SAMPLE, shape=(32, 32, 3))


def test_another_part():
    with pytest.raises(DataSetError, match="no part 'validation'; allowed: train, test"):
        load_data(SAMPLE, "validation")
