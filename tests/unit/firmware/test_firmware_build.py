"""The firmware's build: the same bytes everywhere, and messages for people."""

import shutil
import struct
import subprocess
import sys

import firmware_build
import pytest
from elftools.elf.elffile import ELFFile

build = firmware_build.load()

FLASH = 0x08000000
FIRMWARE_BYTES_MAX = 256 * 1024
DTCM = range(0x20000000, 0x20006000)
VECTORS = 16 + 110
UNUSED_VECTORS = {7, 8, 9, 10, 13}


@pytest.fixture(scope="module")
def elf_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("firmware") / "firmware.elf"
    build.build(path)
    return path


@pytest.fixture(scope="module")
def elf(elf_path):
    with elf_path.open("rb") as stream:
        yield ELFFile(stream)


@pytest.fixture(scope="module")
def symbols(elf):
    return {symbol.name: symbol for symbol in elf.get_section_by_name(".symtab").iter_symbols()}


def loaded(elf):
    """Places of the bytes that are flashed, and the bytes."""
    return {
        segment["p_paddr"]: segment.data()
        for segment in elf.iter_segments()
        if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
    }


def run_build(script, *arguments, cwd):
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_project(target):
    for part in ("firmware", "dvfs_kernel", "renode_platform"):
        ignore = shutil.ignore_patterns("__pycache__", "*.elf")
        shutil.copytree(build.ROOT / part, target / part, ignore=ignore)


def test_a_copy_elsewhere_gives_the_same_bytes(elf_path, tmp_path):
    copy = tmp_path / "somewhere else"
    copy_project(copy)
    done = run_build(copy / "firmware" / "build.py", "--output", "out.elf", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.elf").read_bytes() == elf_path.read_bytes()


def test_headers_need_nothing_but_the_standard_library(tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-S", build.FIRMWARE / "build.py", "--headers", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"abi.h", "registers.h", "datasheet.h"}


def test_it_leaves_the_sectors_of_the_data_image_alone(elf):
    for address, data in loaded(elf).items():
        assert address >= FLASH
        assert address + len(data) <= FLASH + FIRMWARE_BYTES_MAX


def test_its_data_and_stack_stay_in_their_part_of_dtcm(elf, symbols):
    sections = [s for s in elf.iter_sections() if s["sh_addr"] >= DTCM.start]
    assert sections
    for section in sections:
        assert section["sh_addr"] in DTCM
        assert section["sh_addr"] + section["sh_size"] <= DTCM.stop
    # An overrun leaves RAM instead of reaching data.
    stack = next(section for section in sections if section.name == ".stack")
    assert stack["sh_addr"] == DTCM.start
    assert symbols["stack_top"]["st_value"] == DTCM.start + stack["sh_size"]


def test_vectors_point_at_thumb_code_of_the_firmware(elf, symbols):
    vectors = struct.unpack_from(f"<{VECTORS}I", loaded(elf)[FLASH])
    text = elf.get_section_by_name(".text")
    code = range(text["sh_addr"], text["sh_addr"] + text["sh_size"])
    assert vectors[0] == symbols["stack_top"]["st_value"]
    assert vectors[0] % 8 == 0
    assert vectors[1] == symbols["Reset_Handler"]["st_value"]
    for number, vector in enumerate(vectors[1:], start=1):
        if number in UNUSED_VECTORS:
            assert vector == 0
        else:
            assert vector % 2 == 1
            assert vector - 1 in code


def test_no_path_of_the_machine_and_no_date_is_in_the_elf(elf_path, elf):
    data = elf_path.read_bytes()
    for trace in (str(build.ROOT), sys.prefix, "/tmp", "site-packages"):  # noqa: S108
        assert trace.encode() not in data
    names = {section.name for section in elf.iter_sections()}
    assert not [name for name in names if name.startswith((".debug", ".comment", ".note"))]


def test_a_warning_is_an_error(tmp_path):
    copy_project(tmp_path)
    source = tmp_path / "firmware" / "src" / "start" / "main.c"
    source.write_text(source.read_text() + "\nstatic int never_used;\n")
    done = run_build(
        tmp_path / "firmware" / "build.py", "--output", tmp_path / "out.elf", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "the firmware does not compile with zig" in done.stderr
    assert "never_used" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.elf").exists()


def test_a_missing_compiler_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    with pytest.raises(build.BuildError, match="no package ziglang"):
        build.build(tmp_path / "out.elf")
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    with pytest.raises(build.BuildError, match="arm-none-eabi-gcc is not on the PATH"):
        build.build(tmp_path / "out.elf", "gcc")
    with pytest.raises(build.BuildError, match="toolchain 'tcc' is unknown: zig or gcc"):
        build.build(tmp_path / "out.elf", "tcc")


@pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed"
)
def test_gcc_builds_it_too(tmp_path):
    build.build(tmp_path / "out.elf", "gcc")
    with (tmp_path / "out.elf").open("rb") as stream:
        elf = ELFFile(stream)
        vectors = struct.unpack_from(f"<{VECTORS}I", loaded(elf)[FLASH])
        assert all(vector for n, vector in enumerate(vectors) if n not in UNUSED_VECTORS)
        assert max(a + len(d) for a, d in loaded(elf).items()) <= FLASH + FIRMWARE_BYTES_MAX
