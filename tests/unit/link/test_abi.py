"""The bytes shared by firmware and host: C and Python read the same layout out of abi.toml."""

import re

import firmware_build
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.link import abi
from dvfs_kernel.link.abi_layout import SCALAR_BYTES, load_layout, parse_layout
from dvfs_kernel.link.abi_stub import stub_text

LAYOUT = load_layout()

PROBE_LINK_SCRIPT = """
SECTIONS {
    .probe 0x08000000 : { KEEP(*(.probe)) *(.text .text.*) }
    /DISCARD/ : { *(.comment) *(.ARM.exidx*) *(.ARM.attributes) }
}
"""


def probe_source():
    """C that lays out, as words, what its compiler makes of abi.h."""
    words = []
    for name, struct in LAYOUT.structs.items():
        words.append(f"sizeof(abi_{name}_t)")
        for field in struct.fields:
            words.append(f"offsetof(abi_{name}_t, {field.name})")
            words.append(f"sizeof(((abi_{name}_t *)0)->{field.name})")
    for name, members in LAYOUT.enums.items():
        words += [f"abi_{name}_{member}" for member in members]
    words += [f"ABI_{name.upper()}" for name in LAYOUT.constants]
    words.append("ABI_VERSION")
    return (
        '#include "abi.h"\n'
        "void Reset_Handler(void);\nvoid Reset_Handler(void) {}\n"
        '__attribute__((section(".probe"), used)) const uint32_t probe[] = {\n'
        + ",\n".join(words)
        + "};\n"
    )


def python_words():
    """The same words as `abi` has them."""
    for name in LAYOUT.structs:
        dtype = getattr(abi, name.upper())
        yield dtype.itemsize
        for field in dtype.names:
            yield dtype.fields[field][1]
            yield dtype.fields[field][0].itemsize
    for name, members in LAYOUT.enums.items():
        enum = getattr(abi, "".join(part.capitalize() for part in name.split("_")))
        for member in members:
            yield int(enum[member.upper()])
    for name in LAYOUT.constants:
        yield getattr(abi, name.upper())
    yield abi.VERSION


def test_the_compiler_and_numpy_agree_on_every_byte(tmp_path):
    source = tmp_path / "probe.c"
    source.write_text(probe_source())
    script = tmp_path / "probe.ld"
    script.write_text(PROBE_LINK_SCRIPT)
    output = tmp_path / "probe.elf"
    firmware_build.load().compile_elf([source], output, link_script=script)
    with output.open("rb") as stream:
        elf = ELFFile(stream)
        symbol = elf.get_section_by_name(".symtab").get_symbol_by_name("probe")[0]
        section = elf.get_section_by_name(".probe")
        start = symbol["st_value"] - section["sh_addr"]
        data = section.data()[start : start + symbol["st_size"]]
    assert np.frombuffer(data, "<u4").tolist() == list(python_words())


def test_every_name_of_the_file_is_an_attribute():
    assert LAYOUT.constants["tick_hz"] == abi.TICK_HZ
    assert LAYOUT.enums["command"]["reply"] == abi.Command.REPLY
    assert abi.CLOCK_PROBE["a"] == abi.CLOCK
    assert abi.LAYER.names == tuple(field.name for field in LAYOUT.structs["layer"].fields)


def test_names_do_not_collide():
    names = [name.upper() for name in (*LAYOUT.constants, *LAYOUT.structs)]
    names += ["VERSION", "CONSTANTS", "ENUMS", "STRUCTS"]
    assert len(names) == len(set(names))


def test_the_stub_is_up_to_date():
    stub = firmware_build.ROOT / "dvfs_kernel" / "link" / "abi.pyi"
    assert stub.read_text() == stub_text(LAYOUT), "run python -m dvfs_kernel.link.abi_stub"


def test_regions_of_memory_do_not_overlap():
    assert abi.IMAGE_ADDRESS + abi.IMAGE_BYTES_MAX == 0x08200000
    assert abi.SCRATCH_ADDRESS + abi.SCRATCH_BYTES == abi.TENSOR_ADDRESS
    assert abi.TENSOR_ADDRESS + abi.TENSOR_BYTES == 0x20080000


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(SCALAR_BYTES)), st.none() | st.integers(1, 9)),
        min_size=1,
        max_size=6,
    )
)
def test_a_struct_is_packed_or_refused(members):
    sizes = [(SCALAR_BYTES[base], count or 1) for base, count in members]
    offsets = [sum(size * count for size, count in sizes[:i]) for i in range(len(sizes) + 1)]
    aligned = all(
        offset % min(size, 4) == 0 for offset, (size, _) in zip(offsets, sizes, strict=False)
    )
    text = "version = 1\n[structs.drawn]\n"
    for number, (base, count) in enumerate(members):
        text += f'm{number} = "{base}{f"[{count}]" if count else ""}"\n'
    if not aligned or offsets[-1] % 4:
        with pytest.raises(FileFormatError, match="a multiple of"):
            parse_layout(text)
        return
    struct = parse_layout(text).structs["drawn"]
    assert struct.size == offsets[-1]
    assert [field.offset for field in struct.fields] == offsets[:-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "not TOML"),
        ("[constants]\na = 1", "version is None"),
        ("version = 1\n[constants]\na = -1", "a is -1"),
        ("version = 1\n[constants]\na = 1.5", r"a is 1\.5"),
        ('version = 1\n[structs.s]\na = "u24"', "s.a has type 'u24'"),
        ('version = 1\n[structs.s]\na = "u8[0]"', r"s.a has type 'u8\[0\]'"),
        ("version = 1\n[structs]\ns = 3", "structs.s is 3"),
        ('version = 1\n[structs.S]\na = "u32"', "'S' is no name"),
    ],
)
def test_a_wrong_layout_is_refused_with_what_is_wrong(text, message):
    with pytest.raises(FileFormatError, match=message):
        parse_layout(text)


def test_every_command_says_what_it_carries():
    text = (firmware_build.ROOT / "dvfs_kernel" / "link" / "abi.toml").read_text()
    described = set(re.findall(r"^#   (\w+) +.*->", text, re.MULTILINE))
    commands = set(LAYOUT.enums["command"]) - {"reply", "error"}
    assert described == commands
