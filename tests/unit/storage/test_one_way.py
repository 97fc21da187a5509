"""Files of others are read one way: what parses them is called in its home alone."""

import ast
import gzip
import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from imports import PACKAGE, ROOT, modules
from PIL import Image

from dvfs_kernel.errors import DataSetError, FileFormatError, ScheduleError
from dvfs_kernel.storage import array_file, content, json_file, picture_file, toml_file
from dvfs_kernel.storage.archive_file import inflated, tar_members, unzipped

HOME = f"{PACKAGE}.storage."
# Parsers of others, and what hands out a file's content, by the last words of a call.
PARSERS = {
    *("json.load", "json.loads", "tomllib.load", "tomllib.loads", "np.load", "np.fromfile"),
    *("np.loadtxt", "np.genfromtxt", "Image.open", "pickle.load", "pickle.loads", "tarfile.open"),
    *("zipfile.ZipFile", "gzip.open", "gzip.decompress", "bz2.open", "lzma.open"),
    *(
        "zlib.decompress",
        "zlib.decompressobj",
        "csv.reader",
        "csv.DictReader",
        "parquet.read_table",
    ),
    *("parquet.ParquetFile", "pyjls.Reader", "ELFFile", "_Unpickler", "ast.literal_eval"),
    *("pd.read_csv", "pd.read_parquet", "yaml.load", "yaml.safe_load", "ET.parse", "GetRootAs"),
}
CONTENT = {".read_bytes", ".read_text"}
# Where else, and why.
ELSEWHERE = {
    "boards.source_comments": {"ast.literal_eval": "a string in the package's own sources"},
    "boards.emulator.elf": {"ELFFile": "the home of ELF files, within `parsing`"},
    "evidence.measurement.sample_file": {
        "csv.DictReader": "within `parsing`",
        "parquet.ParquetFile": "an extra; within `parsing`",
    },
    "evidence.measurement.jls_child": {
        "pyjls.Reader": "an extra; in a process of its own",
        "json.loads": "lines of the process that it belongs to",
    },
    "evidence.measurement.jls_process": {"json.loads": "lines of its own process"},
    "evidence.measurement.trace_file": {
        "csv.reader": "within `parsing`",
    },
    "approximation.data.restricted_pickle": {"_Unpickler": "the home of pickles, in `parsing`"},
    "networks.tflite_reader.graph": {"GetRootAs": "the home of models, within `parsing`"},
    "inference.output_file": {"zipfile.ZipFile": "writes"},
    "link.abi_layout": {"tomllib.loads": "a file of the package", ".read_text": "the same"},
    # Files of the package or of its installation: sources, firmware, notebooks.
    "": {".read_text": "the package's own stub"},
    "boards.renode.board": {".read_bytes": "copied for Renode, which reads it"},
    "boards.renode.installation": {".read_bytes": "the magic number of Renode's program"},
    "evidence.cross_check.sheets": {".read_text": "a page of the docs, by its maintainer"},
    "evidence.validation.program": {".read_bytes": "a program of the package"},
    "evidence.validation.user_programs": {".read_text": "the package's linker script"},
    "exploration.runs.local_processes": {
        ".read_bytes": "written by the parent process",
        "pickle.loads": "the same: as what a pool sends its workers",
    },
    "exploration.runs.origin": {".read_bytes": "the package's firmware and sources"},
    "exploration.runs.workload": {".read_bytes": "the package's firmware and sources"},
    "widgets.notebook_files": {".read_bytes": "the package's notebooks"},
}


def calls(tree):
    """Yield the names of all calls, the last two words of each and the last one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            words = ast.unparse(node.func).split(".")
            yield from (".".join(words[-2:]), words[-1], *(f".{word}" for word in words[1:][-1:]))


def test_files_are_parsed_in_their_home_alone():
    astray, idle = [], []
    for module, path in modules().items():
        if module.startswith(HOME):
            continue
        allowed = set(ELSEWHERE.get(module.removeprefix(PACKAGE).removeprefix("."), ()))
        found = set(calls(ast.parse(path.read_text(encoding="utf-8")))) & (PARSERS | CONTENT)
        astray += [f"{module} calls {name}" for name in found - allowed]
        idle += [f"{module} does not call {name} any more" for name in allowed - found]
    # Files are read by dvfs_kernel/storage, which looks at size and depth and names the file in
    # every message; or ELSEWHERE says why not.
    assert not astray
    assert not idle


def test_the_modules_that_are_named_are_there():
    known = {name.removeprefix(PACKAGE).removeprefix(".") for name in modules()}
    assert set(ELSEWHERE) <= known
    assert (ROOT / PACKAGE / "storage" / "content.py").is_file()


# ---- size --------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(11))
    assert content.read_content(path, most_bytes=11) == bytes(11)
    with pytest.raises(FileFormatError, match="large has more than 10 bytes"):
        content.read_content(path, most_bytes=10)
    with pytest.raises(ScheduleError, match="/dev/zero has more than 1,000 bytes"):
        content.read_content("/dev/zero", most_bytes=1000, error=ScheduleError)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataSetError, match=r"none: No such file"):
        content.read_content(tmp_path / "none", error=DataSetError)
    with pytest.raises(FileNotFoundError):
        content.read_content(tmp_path / "none", os_errors=True)
    with pytest.raises(FileFormatError, match="null"):
        content.read_content("a\0b")
    with pytest.raises(FileFormatError, match="Is a directory"):
        content.read_text(tmp_path)


def test_packed_bytes_unpack_to_no_more_than_they_may(tmp_path):
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(1 << 20))
        archive.infolist()[0].file_size = 5 << 30
    with (
        pytest.raises(FileFormatError, match=r"arrays of 5,368,709,120 bytes; at most"),
        array_file.opened_arrays(bomb, "bomb"),
    ):
        pass
    with pytest.raises(FileFormatError, match="more than 99 bytes"):
        unzipped(gzip.compress(bytes(100)), "bomb", 99)
    with pytest.raises(ValueError, match="at most 1,073,741,824 are read"):
        inflated(b"", 1 << 40)


def test_an_archive_whose_header_reaches_beyond_everything_is_refused(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 8**11 - 1
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)))
    with pytest.raises(FileFormatError, match="damaged, or no archive"):
        list(tar_members(path, {"x"}, 100))


def test_an_array_holds_what_its_header_tells():
    for shape in ("(1000000000000,)", "(-4,)", "(2, 2)", "(4.0,)", "4", "(" * 500 + ")" * 500):
        head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        data = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(3)
        with pytest.raises(FileFormatError, match="not an array: "):
            array_file.parse_array(data, "a.npy: not an array")


def test_an_array_comes_back_as_it_was():
    for array in (
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.eye(3)),
        np.zeros((0, 5)),
        np.array(7),
    ):
        file = io.BytesIO()
        np.save(file, array)
        found = array_file.parse_array(file.getvalue(), "x")
        assert np.array_equal(found, array)
        assert found.dtype == array.dtype
        assert found.flags.writeable


def test_a_small_file_is_no_large_picture(tmp_path):
    path = tmp_path / "a.tiff"
    Image.new("1", (3000, 3000)).save(path, compression="group4")
    assert path.stat().st_size < 2000
    with pytest.raises(
        FileFormatError, match=r"3,000 × 3,000 pixels; of a file of .* bytes at most"
    ):
        picture_file.read_pixels(path)
    Image.new("RGB", (9, 9)).save(tmp_path / "a.dds")
    with pytest.raises(FileFormatError, match="not a picture that can be read"):
        picture_file.read_pixels(tmp_path / "a.dds")


# ---- depth and numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 70 + "]" * 70, "nests more than 64 deep"),
        ('{"a":' * 100000, "nests more than 64 deep"),
        ("[" + "9" * 21 + "]", "a number of 21 digits; at most 20"),
        ("[1e999]", "beyond every number"),
        ("[NaN]", "NaN is no JSON number"),
        ('["\\ud800"]', "surrogates not allowed"),
        ("[", "Expecting value"),
        ("\ufeff[]", "UTF-8 BOM"),
    ],
)
def test_json_that_nobody_can_use_is_refused(text, words):
    with pytest.raises(FileFormatError, match=words) as caught:
        json_file.parse_json(text, "a.json: not a JSON file")
    assert str(caught.value).startswith("a.json: not a JSON file: ")


def test_brackets_in_text_do_not_nest():
    document = {"a": "[" * 200, "b": '"{{[' * 50, "c": "\\" * 9, "d": [[[1]]]}
    assert json_file.parse_json(json.dumps(document), "x") == document
    assert json_file.parse_json('["\\ud83d\\ude00"]', "x") == ["\U0001f600"]


def test_toml_that_nests_too_deeply_is_refused(tmp_path):
    path = tmp_path / "a.toml"
    for text in ("a = " + "[" * 5000, "a = " + "9" * 5000, "a = 1979-99-99"):
        path.write_text(text)
        with pytest.raises(FileFormatError, match=r"a\.toml: no TOML: "):
            toml_file.read_toml(path)


# ---- what parsers raise ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raised", [MemoryError(), RecursionError(), KeyError("k"), SyntaxError("s")]
)
def test_whatever_a_parser_raises_names_the_file(raised):
    with (
        pytest.raises(DataSetError, match=r"^the file: ") as caught,
        content.parsing("the file", DataSetError),
    ):
        raise raised
    assert caught.value.__cause__ is raised


def test_an_error_of_the_package_and_an_interruption_pass():
    for passing in (ScheduleError("as it is"), KeyboardInterrupt()):
        with pytest.raises(type(passing)), content.parsing("the file"):
            raise passing
