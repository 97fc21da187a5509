"""Every reader of the product, with good files to be damaged and what is done with them."""

import csv
import gzip
import hashlib
import io
import json
import pickle
import random
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import made_up_runs
import networks as small_networks
import numpy as np
from damage import (
    WORDS,
    damaged_archive,
    damaged_bytes,
    damaged_ends,
    damaged_json,
    damaged_text,
)
from device_host import PLATFORM
from PIL import Image
from report_document import report_document
from small_model import small_model

import dvfs_kernel as dvfs
from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.schedule import load_schedule
from dvfs_kernel.approximation.data import load_data
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.skipping.plan import LayerSkip, SkipPlan
from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.chip_parts import ChipParts
from dvfs_kernel.boards.emulator.repl import PlatformDescription
from dvfs_kernel.boards.nucleo.firmware_file import FirmwareFile
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.evidence.calibration.observations import read_measurements
from dvfs_kernel.evidence.measurement.jls_process import JlsProcess
from dvfs_kernel.evidence.measurement.sample_file import Sample, SampleFile
from dvfs_kernel.evidence.measurement.trace_file import read_jls
from dvfs_kernel.exploration.runs.record import Record
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.inference.deployment_plan import LayerPrediction, Plan
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame
from dvfs_kernel.networks import reference, tflite_reader
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.networks.input_tensor import load_input, read_picture
from dvfs_kernel.networks.tensor import Tensor
from dvfs_kernel.networks.zoo import trained
from dvfs_kernel.networks.zoo.trained import weights_file
from dvfs_kernel.report import document as report

HSE_HZ = 50_000_000
SLOW_S = 2.0  # processor time of one file, beyond which it is a failure
_RANDOM = np.random.default_rng(15)
_INPUT = Tensor("input", (4, 4, 3), "int8", 0.5, 3)


@dataclass(frozen=True)
class Target:
    """A reader.

    Parameters
    ----------
    suffix
        Of its files' names.
    seeds
        Good files.
    read
        Called with the path of a damaged one, in a folder of its own.
    damage
        How they are damaged.
    """

    suffix: str
    seeds: Any
    read: Any
    damage: Any = damaged_bytes


def attempt(target, seeds, seed):
    """Damage a file and read it; tell whether it was refused.

    Raises
    ------
    Exception
        Whatever the reader raises that is no error of this package.
    """
    chance = random.Random(seed)  # noqa: S311  it draws faults
    content = target.damage(chance.choice(seeds), chance)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{target.suffix}"
        path.write_bytes(content)
        try:
            target.read(path)
        except dvfs.DvfsError as error:
            return bool(str(error).strip())
    return False


def bytes_of(write):
    """Return what a function writes to a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


# ---- arrays, pictures, data sets ---------------------------------------------------------------


def _arrays():
    for array in (
        np.zeros((4, 4, 3), np.int8),
        np.asfortranarray(_RANDOM.random((1, 4, 4, 3))),
        np.zeros((4, 4, 3), [("a", "u1"), ("b", "<f4")]),
    ):
        yield bytes_of(lambda file, array=array: np.save(file, array))
    header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (4, 4, 3), }"
    yield b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + bytes(48)


def _pictures():
    noise = Image.fromarray(_RANDOM.integers(0, 256, (9, 7, 3), np.uint8))
    for form in ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "DDS", "TGA", "ICO", "PCX"):
        yield bytes_of(lambda file, form=form: noise.save(file, form))
    for mode in ("1", "L", "I;16", "F", "P", "CMYK", "LA"):
        picture = Image.new(mode, (9, 7))
        yield bytes_of(lambda file, picture=picture: picture.save(file, "TIFF"))
    for how in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        yield bytes_of(lambda file, how=how: noise.save(file, "TIFF", compression=how))


def _data_archives():
    images = _RANDOM.integers(0, 256, (6, 4, 4, 3), np.uint8)
    labels = np.arange(6) % 3
    names = np.array(["a", "b", "c"])
    yield bytes_of(lambda file: np.savez(file, x=images, y=labels, class_names=names))
    whole = {
        "x_train": images / 255,
        "y_train": labels[:, None],
        "x_test": images,
        "y_test": labels,
    }
    yield bytes_of(lambda file: np.savez_compressed(file, **whole))


def _cifar():
    pixels, labels = _RANDOM.integers(0, 256, (2, 3072), np.uint8), [1, 0]
    batch = pickle.dumps({b"data": pixels, b"labels": labels}, protocol=2)
    meta = pickle.dumps({b"label_names": [b"a", b"b"]}, protocol=2)
    binary = b"".join(
        bytes((label,)) + row.tobytes() for label, row in zip(labels, pixels, strict=True)
    )
    for files in (
        {"cifar-10-batches-py/test_batch": batch, "cifar-10-batches-py/batches.meta": meta},
        {"cifar-10-batches-bin/test_batch.bin": binary, "x/batches.meta.txt": b"a\nb\n"},
    ):
        for mode in ("w", "w:gz", "w:bz2", "w:xz"):
            yield _tar(files, mode)


def _tar(files, mode):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _pickles():
    pixels = _RANDOM.integers(0, 256, (2, 3072), np.uint8)
    for protocol in (0, 2, 4, 5):
        yield pickle.dumps({"data": pixels, "labels": [1, 0]}, protocol=protocol)


def _idx():
    return [b"\0\0\x08\x03" + b"\0\0\0\x02\0\0\0\x03\0\0\0\x03" + bytes(18)]


def _read_cifar_folder(path):
    path.rename(path.with_name("test_batch"))
    (path.parent / "batches.meta").write_bytes(pickle.dumps({b"label_names": [b"a", b"b"]}))
    load_data(path.parent)


def _read_idx(path):
    (path.parent / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02\0\x01")
    content = path.read_bytes()
    if len(content) % 2:
        (path.parent / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    else:
        (path.parent / "t10k-images-idx3-ubyte").write_bytes(content)
    load_data(path.parent)


def _read_zipped_idx(path):
    path.rename(path.with_name("t10k-images-idx3-ubyte.gz"))
    (path.parent / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02\0\x01")
    load_data(path.parent)


def _read_folder(path):
    for name in ("a", "b"):
        (path.parent / name).mkdir()
        (path.parent / name / "1.png").write_bytes(path.read_bytes())
    path.unlink()
    load_data(path.parent, shape=(8, 8, 3))


# ---- documents ---------------------------------------------------------------------------------


@cache
def schedule():
    return Schedule.uniform(3, HSE_HZ, lfo=ClockSetting("hse"), granularity=[0, 2, 0])


def _schedules():
    return [schedule().to_json().encode()]


def _plans():
    layers = (LayerPrediction(0.001, 1e-5),) * 3
    plan = Plan(
        "net", "00" * 32, "10 %", 0.1, abi.IdleMode.GATED, 0.01, 1e-3, 2e-3, layers, schedule(),
    )  # fmt: skip
    return [plan.to_json().encode()]


def _runs():
    layers = [{"index": i, "name": f"layer{i}", "time_s": 1e-3 * (i + 1)} for i in range(3)]
    run = {
        "schema": "dvfs-kernel/inference",
        "schema_version": 1,
        "network": {"name": "net", "input_shape": [4, 4, 3], "macs": 5},
        "schedule": schedule().to_dict(),
        "profile": {"layers": layers, "totals": {"time_s": 6.02e-3}},
    }
    return [json.dumps(run).encode()]


def _traces():
    time_s = np.arange(0, 0.02, 1e-4)
    high = (time_s > 2e-3) & (time_s < 8.02e-3)
    for head, bits in (
        ("time_s,current_a,trigger", "{}"),
        ("Timestamp(ms),Current(uA),D0-D7", "{}0000000"),
    ):
        scale = (1, 1) if "_s" in head else (1e3, 1e6)
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(head.split(","))
        rows.writerows(
            [f"{t * scale[0]:.4f}", f"{0.05 * scale[1]:.6f}", bits.format(int(on))]
            for t, on in zip(time_s, high, strict=True)
        )
        yield file.getvalue().encode()


def _jls():
    import pyjls  # noqa: PLC0415  an optional extra

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.jls"
        with pyjls.Writer(str(path)) as writer:
            writer.source_def(source_id=1, name="js220")
            for number, name, kind in ((1, "current", "f32"), (2, "gpi[0]", "u1")):
                writer.signal_def(
                    signal_id=number, source_id=1, sample_rate=10_000, name=name, data_type=kind
                )
            writer.fsr(1, 0, np.full(400, 0.05, np.float32))
            writer.fsr(2, 0, np.packbits(np.arange(400) % 100 > 39, bitorder="little"))
        return [path.read_bytes()]


@cache
def _jls_process():
    """Return one process for all damaged files: it ends with the campaign, by its pipe."""
    return JlsProcess()


def _read_jls(path):
    read_jls(path, None, _jls_process())


def _trace_with(path, run=None):
    run = run or next(iter(_runs()))
    (path.parent / "run.json").write_bytes(run)
    result = dvfs.trace(path, path.parent / "run.json")
    result.to_dict()
    _ = result.parts


def _read_run(path):
    (path.parent / "trace.csv").write_bytes(next(iter(_traces())))
    result = dvfs.trace(path.parent / "trace.csv", path)
    result.to_dict()
    _ = [layer.to_row() for layer in result.layers], result.parts, result._repr_html_()


def _samples(suffix):
    metadata = {
        "network": "net", "image_id": "0" * 8, "schedule": schedule().to_dict(), "baseline": None,
        "meter": {"averaged_conversions": 1, "shunt_ohm": 0.1},
    }  # fmt: skip
    path = Path(f"seed{suffix}")
    with SampleFile(path, metadata) as file:
        file.add(
            Sample(i // 4, "schedule", 0, 3, 0.1 * i, 0.01 * i, 900 + i, 0.09, 6e-3)
            for i in range(12)
        )
    content = path.read_bytes()
    path.unlink()
    return [content]


def _skip_plans():
    network = small_networks.two_layers()
    layer = network.layers[0]
    weights = layer.weights.reshape(layer.weights.shape[0], -1)
    dropped = _RANDOM.integers(0, 2, weights.shape).astype(bool)
    order = np.arange(layer.weights.shape[-1])
    skip = LayerSkip(
        layer.name, 0.5, order, dropped, layer.weights.reshape(weights.shape), layer.bias
    )
    return [json.dumps(SkipPlan("plan", "0" * 64, ByName([skip])).to_dict()).encode()]


def _read_report(path):
    found = report.load(path)
    report.to_json(found)


# ---- boards and networks -----------------------------------------------------------------------


def _profiles():
    timing = {"flash_line_latency": 3, "returns_predicted": False, "divide_cycles": 9}
    current = {"static_a": 3e-3, "v12_scale1_v": 1.3}
    return [BoardProfile.of("mine", timing, current).to_toml().encode()]


def _read_profile(path):
    profile = BoardProfile.load(path)
    with VirtualBoard(profile=profile) as board:
        board.flash(_elves()[0])
        board.reset()
        board.read(1e-4)


@cache
def _elves():
    return (FIRMWARE.read_bytes(),)


def _small_elves():
    # Headers, the begin of the code and the symbols: what a reader looks at.
    return [_elves()[0]]


def _descriptions():
    for name in ("stm32f767.repl", "nucleo_f767zi.repl"):
        text = (PLATFORM / name).read_text()
        yield text.replace('using "./', f'using "{PLATFORM}/').encode()


def _read_description(path):
    description = PlatformDescription.load(path, [PLATFORM])
    ChipParts.of(description)


def _read_model(path):
    network = tflite_reader.read(path)
    if max(tensor.bytes for tensor in network.tensors) < 1 << 16:
        shape = network.tensors[network.input].shape
        reference.run(network, np.zeros(shape, network.tensors[network.input].element))


@cache
def _trained():
    smallest = min(trained.FOLDER.glob("*.npz"), key=lambda path: path.stat().st_size)
    return (smallest.read_bytes(),)


# ---- what is kept, what is typed, what comes over the line -------------------------------------


def _records():
    return [made_up_runs.record().to_bytes()]


def _read_kept_array(path):
    kept = KeptArrays(path.parent / "kept")
    kept.save(np.zeros(3), "key")
    (place,) = (path.parent / "kept").rglob("*.array")
    content = path.read_bytes()
    place.write_bytes(place.stem.encode() + hashlib.sha256(content).digest() + content)
    kept.load("key")


_TYPED = (
    quantity.FREQUENCY.parse,
    quantity.TIME.parse,
    quantity.MEMORY.parse,
    quantity.pll_lock,
    lambda text: ClockSetting.parse(text).check(HSE_HZ),
    dvfs.BoardSpec.parse,
)


def _read_typed(path):
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for read in _TYPED:
        try:
            read(text)
        except dvfs.DvfsError:
            continue


def _read_frames(path):
    for frame in FrameDecoder().feed(path.read_bytes()):
        assert isinstance(frame, Frame)


@cache
def targets():
    """Return the readers by name."""
    return {
        "npy": Target(".npy", _arrays, lambda path: load_input(path, _INPUT)),
        "picture": Target(".png", _pictures, lambda path: read_picture(path, (8, 8, 1))),
        "npz": Target(".npz", _data_archives, load_data, damaged_archive),
        "archive": Target(".tar.gz", _cifar, load_data),
        "plain archive": Target(".tar", lambda: list(_cifar())[::4], load_data),
        "pickle": Target("", _pickles, _read_cifar_folder),
        "idx": Target(".idx", _idx, _read_idx),
        "zipped idx": Target(".gz", lambda: map(gzip.compress, _idx()), _read_zipped_idx),
        "folder": Target(".png", lambda: list(_pictures())[:3], _read_folder),
        "schedule": Target(".json", _schedules, Schedule.load, damaged_json),
        "plan": Target(".json", _plans, load_schedule, damaged_json),
        "run": Target(".json", _runs, _read_run, damaged_json),
        "report": Target(
            ".json", lambda: [json.dumps(report_document()).encode()], _read_report, damaged_json
        ),
        "skip plan": Target(".json", _skip_plans, SkipPlan.load, damaged_json),
        "trace": Target(".csv", _traces, _trace_with, damaged_text),
        "jls": Target(".jls", _jls, _read_jls),
        "samples": Target(
            ".csv", lambda: _samples(".csv"), lambda path: read_measurements([path]), damaged_text
        ),
        "parquet": Target(
            ".parquet", lambda: _samples(".parquet"), lambda path: read_measurements([path])
        ),
        "profile": Target(".toml", _profiles, BoardProfile.load, damaged_text),
        "description": Target(".repl", _descriptions, _read_description, damaged_text),
        "elf": Target(".elf", _small_elves, FirmwareFile.read, damaged_ends),
        "tflite": Target(".tflite", lambda: [bytes(small_model())], _read_model),
        "weights": Target(".npz", _trained, weights_file.read, damaged_archive),
        "record": Target(
            ".run",
            _records,
            lambda path: Record.from_bytes(path.read_bytes()),
            damaged_archive,
        ),
        "kept array": Target(".npy", _arrays, _read_kept_array),
        "typed": Target(
            ".txt", lambda: (word.encode("utf-8", "surrogatepass") for word in _WORDS), _read_typed
        ),
        "frames": Target(
            ".bin", lambda: [encode_frame(Frame(1, 2, bytes(range(99))))], _read_frames
        ),
    }


_WORDS = (
    *WORDS,
    "50MHz",
    "8 MHz",
    "1e3s",
    "100us",
    "pll:25/216/2:ahb2",
    "hse",
    "nucleo:066AFF",
    "hsi",
)
