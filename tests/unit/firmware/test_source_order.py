"""The order among the firmware's C files: no circles, and folders that build on those before."""

import re
import shutil
from itertools import pairwise

import firmware_build
import pytest
from c_units import circle, read_units, uses

FIRMWARE = firmware_build.FIRMWARE

# A folder uses itself and those before it.
ORDER = (
    "core", "clocks", "link", "kernels", "network", "run", "sensor", "report", "commands", "start",
)  # fmt: skip


def folders(firmware=FIRMWARE):
    """The folders that the firmware is built from."""
    return [*sorted((firmware / "src").iterdir()), firmware / "kernels"]


def walk(units):
    """Words for a circle, empty where there is none."""
    used = uses(units)
    names = circle(used)
    return ", ".join(
        f"{name} uses {other} ({used[name][other]})" for name, other in pairwise(names)
    )


def climbs(units):
    """Uses of a folder that comes later."""
    return [
        f"{name} uses {other} ({why})"
        for name, used in uses(units).items()
        for other, why in used.items()
        if ORDER.index(other.partition("/")[0]) > ORDER.index(name.partition("/")[0])
    ]


def hidden(units):
    """What C files declare of others; the link script has no header."""
    script = (FIRMWARE / "link.ld").read_text(encoding="utf-8")
    linked = set(re.findall(r"(\w+) = ", script))
    return sorted(name for unit in units.values() for name in unit.hidden - linked)


@pytest.fixture(scope="module")
def units():
    return read_units(folders())


def test_every_folder_has_its_place():
    assert sorted(folder.name for folder in folders()) == sorted(ORDER)


def test_the_page_tells_the_same_order():
    page = (firmware_build.ROOT / "docs" / "firmware.md").read_text(encoding="utf-8")
    table = page.partition("| folder | duty |")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)` ", table, re.MULTILINE)) == ORDER


def test_every_source_is_read(units):
    sources = [source.with_suffix("") for source in firmware_build.load().firmware_sources()]
    assert {f"{source.parent.name}/{source.name}" for source in sources} <= units.keys()
    assert "lptim_ticks" not in units["clocks/lptim"].defines  # static inline, in the header
    assert {"lptim_init", "lptim_read_again", "LPTIM1_Handler"} <= units["clocks/lptim"].defines
    assert uses(units)["start/startup"]["report/fault"] == "report/fault.h"
    assert uses(units)["kernels/kernels"]["kernels/pooling"].endswith("_run()")


def test_a_name_means_one_thing(units):
    """Files are linked by their names, and calls are found by the function's."""
    names = [source.name for source in firmware_build.load().firmware_sources()]
    functions = [name for unit in units.values() for name in unit.defines]
    assert len(names) == len(set(names))
    assert len(functions) == len(set(functions))


def test_no_file_uses_itself_through_others(units):
    assert walk(units) == ""


def test_a_folder_uses_those_before_it(units):
    assert climbs(units) == []


def test_what_is_used_of_another_file_comes_from_a_header(units):
    assert hidden(units) == []


@pytest.mark.parametrize(
    ("file", "addition", "found"),
    [
        pytest.param(
            "clocks/lptim.c",
            '#include "clocks/clock.h"',
            {"clocks/lptim uses clocks/clock (clocks/clock.h)",
             "clocks/clock uses clocks/lptim (clocks/lptim.h)"},
            id="include",
        ),
        pytest.param(
            "clocks/lptim.h",
            '#include "clocks/clock_plan.h"',
            {"clocks/lptim uses clocks/clock_plan (clocks/clock_plan.h)",
             "clocks/clock_plan uses clocks/lptim (clocks/lptim.h)"},
            id="include of a header by a header",
        ),
        pytest.param(
            "report/fault.c",
            "void again(void) {\n    Reset_Handler();\n}",
            {"report/fault uses start/startup (Reset_Handler())",
             "start/startup uses report/fault (report/fault.h)"},
            id="call",
        ),
        pytest.param(
            "sensor/i2c.c",
            "static void (*const readers[])(void) = {\n    ina219_read,\n};",
            {"sensor/i2c uses sensor/ina219 (ina219_read())",
             "sensor/ina219 uses sensor/i2c (sensor/i2c.h)"},
            id="table of functions",
        ),
        pytest.param(
            "link/crc32.h",
            "#define CRC32_SEND(byte) frame_encode(&(byte), 1, 0)",
            {"link/crc32 uses link/frame (frame_encode())",
             "link/frame uses link/crc32 (link/crc32.h)"},
            id="macro",
        ),
    ],
)  # fmt: skip
def test_a_circle_is_named(tmp_path, file, addition, found):
    shutil.copytree(FIRMWARE / "src", tmp_path / "src")
    shutil.copytree(FIRMWARE / "kernels", tmp_path / "kernels")
    with (tmp_path / "src" / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{addition}\n")
    assert set(walk(read_units(folders(tmp_path))).split(", ")) == found


@pytest.mark.parametrize(
    ("addition", "name"),
    [
        ("int main(void);", "main"),
        ("extern int main(void);", "main"),
        ("extern uint32_t crc32_table[];", "crc32_table"),
        ("__attribute__((weak)) void LPTIM1_Handler(void);", "LPTIM1_Handler"),
    ],
)
def test_a_hidden_declaration_and_a_climb_are_named(tmp_path, addition, name):
    (tmp_path / "core").mkdir()
    source = tmp_path / "core" / "cache.c"
    source.write_text(f'#include "start/main.h"\n\n{addition}\n')
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "main.h").touch()
    found = read_units([tmp_path / "core", tmp_path / "start"])
    assert hidden(found) == [name]
    assert climbs(found) == ["core/cache uses start/main (start/main.h)"]
