import itertools
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.boards.emulator.repl import (
    EMPTY,
    EnumValue,
    Interrupt,
    NewObject,
    NumberRange,
    PlatformDescription,
    Reference,
    Registration,
)
from dvfs_kernel.errors import PlatformDescriptionError

PLATFORM = Path(__file__).parents[4] / "renode_platform"


def parse(text):
    return PlatformDescription.parse(text).peripherals


# ---- the project's own files ------------------------------------------------------------------


def test_the_board_of_the_project():
    board = PlatformDescription.load(PLATFORM / "nucleo_f767zi.repl")
    assert board.peripherals["rcc"].registrations == (Registration("sysbus", 0x40023800, None),)
    assert board.peripherals["usart3"].interrupts == (Interrupt("IRQ", "nvic", 39),)
    assert board.peripherals["hseClock"].attributes["frequency"] == 50_000_000
    assert board.peripherals["hseClock"].registrations == ()
    assert board.peripherals["ina219"].registrations == (Registration("i2c1", 0x40, None),)
    assert [r.address for r in board.peripherals["flash"].registrations] == [0x200000, 0x8000000]
    assert len(board.find_type("GPIOPort.STM32_GPIOPort")) == 11
    assert board.find_type("LED") == board.find_type("Miscellaneous.LED")
    assert board.peripherals["nvic"].path == str(PLATFORM / "./stm32f767.repl")
    assert [p.name for p in board] == list(board.peripherals)


def test_a_board_that_updates_another():
    board = PlatformDescription.load(PLATFORM / "nucleo_f767zi_8mhz.repl")
    assert board.peripherals["hseClock"].attributes["frequency"] == 8_000_000


def test_addresses_of_the_chip_do_not_overlap():
    chip = PlatformDescription.load(PLATFORM / "stm32f767.repl")
    places = sorted(
        (
            place.address,
            place.size or int(peripheral.attributes.get("size", 0x400)),
            peripheral.name,
        )
        for peripheral in chip
        for place in peripheral.registrations
        if place.address is not None
    )
    for (low, size, name), (high, _, other) in itertools.pairwise(places):
        assert low + size <= high, f"{name} runs into {other}"


# ---- grammar ----------------------------------------------------------------------------------


def test_values_of_every_kind():
    entry = parse(
        """
other: T @ sysbus 1

a: Space.Name.Type @ sysbus 0x10
    decimal: 42
    negative: -7
    separated: 1_000_000
    hexadecimal: 0xFFFF_00ff
    negativeHexadecimal: -0x10
    fraction: 2.50
    text: "with \\"quotes\\" and a back\\\\slash // no comment"
    lines: '''one
  two { three'''
    yes: true
    no: False
    series: STM32Series.F7
    shorthand: .F4
    reference: other
    range: <0x100, +0x20>
    rangeTo: <16, 0x20>
    nothing: none
    default: empty
    list: [1, "two", [3, empty], other,]
    emptyList: []
    dictionary: { 1: "one"; "two": 2 }
    object: new Some.Type { a: 1; b: new Inner; -> other@3 }
"""
    )["a"]
    assert entry.type == "Space.Name.Type"
    assert entry.attributes == {
        "decimal": 42,
        "negative": -7,
        "separated": 1_000_000,
        "hexadecimal": 0xFFFF00FF,
        "negativeHexadecimal": -16,
        "fraction": 2.5,
        "text": 'with "quotes" and a back\\slash // no comment',
        "lines": "one\n  two { three",
        "yes": True,
        "no": False,
        "series": EnumValue(("STM32Series", "F7")),
        "shorthand": EnumValue(("", "F4")),
        "reference": Reference("other"),
        "range": NumberRange(0x100, 0x120),
        "rangeTo": NumberRange(16, 32),
        "nothing": None,
        "default": EMPTY,
        "list": [1, "two", [3, EMPTY], Reference("other")],
        "emptyList": [],
        "dictionary": {1: "one", "two": 2},
        "object": NewObject(
            "Some.Type",
            {"a": 1, "b": NewObject("Inner", {})},
            (Interrupt(None, "other", 3),),
        ),
    }


@pytest.mark.parametrize(
    ("text", "registrations"),
    [
        ("@ sysbus 0x40000000", [("sysbus", 0x40000000, None)]),
        ("@ sysbus <0x40000000, +0x400>", [("sysbus", 0x40000000, 0x400)]),
        ("@ sysbus <0x40000000, 0x40000400>", [("sysbus", 0x40000000, 0x400)]),
        ("@ sysbus", [("sysbus", None, None)]),
        ("@ none", []),
        ("", []),
        ("@ { sysbus 1; sysbus 2 }", [("sysbus", 1, None), ("sysbus", 2, None)]),
        (
            "@ {\n        sysbus 1;\n        sysbus 2;\n    }",
            [("sysbus", 1, None), ("sysbus", 2, None)],
        ),
        (
            '@ sysbus new Bus.BusMultiRegistration { address: 0x10; size: 0x20; region: "r" }',
            [("sysbus", 0x10, 0x20)],
        ),
        ('@ sysbus 4 as "alias"', [("sysbus", 4, None)]),
        ('@ sysbus as "alias"', [("sysbus", None, None)]),
        ("@ other 13", [("other", 13, None)]),
    ],
)
def test_registrations(text, registrations):
    entry = parse(f"other: T\n    x: 1\na: T {text}\n    x: 1\n")["a"]
    assert entry.registrations == tuple(Registration(*r) for r in registrations)
    assert entry.alias == ("alias" if "alias" in text else None)
    assert entry.attributes == {"x": 1}


@pytest.mark.parametrize(
    ("text", "interrupts"),
    [
        ("IRQ -> nvic@39", [("IRQ", "nvic", 39)]),
        ("IRQ-> nvic@18", [("IRQ", "nvic", 18)]),
        ("-> nvic@0x10", [(None, "nvic", 16)]),
        ("4 -> nvic@5", [(4, "nvic", 5)]),
        ("[0-2] -> nvic@[6-8]", [(0, "nvic", 6), (1, "nvic", 7), (2, "nvic", 8)]),
        ("[0-2] -> nvic@[8-6]", [(0, "nvic", 8), (1, "nvic", 7), (2, "nvic", 6)]),
        (
            "[0-3] -> nvic@[1,5-6,9]",
            [(0, "nvic", 1), (1, "nvic", 5), (2, "nvic", 6), (3, "nvic", 9)],
        ),
        ("[A, B] -> nvic@[1, 2]", [("A", "nvic", 1), ("B", "nvic", 2)]),
        ("0-1 -> nvic@2-3", [(0, "nvic", 2), (1, "nvic", 3)]),
        ("[0-1] -> sysc#3@[0-1]", [(0, "sysc#3", 0), (1, "sysc#3", 1)]),
        ("IRQ -> nvic@1 | sysc@2", [("IRQ", "nvic", 1), ("IRQ", "sysc", 2)]),
        ("IRQ -> nvic@1 sysc@2", [("IRQ", "nvic", 1), ("IRQ", "sysc", 2)]),
        ("IRQ -> none", []),
    ],
)
def test_interrupts(text, interrupts):
    entry = parse(f"nvic: T @ sysbus 0\nsysc: T @ sysbus 1\na: T @ sysbus 2\n    {text}\n")["a"]
    assert entry.interrupts == tuple(Interrupt(*i) for i in interrupts)


def test_sections_keep_their_statements():
    entry = parse(
        """
a: T @ sysbus 0
    preinit:
        SetUp "a;b { c"
    init:
        WriteDoubleWord 0x4 `py "print 1"`   // why
        Tag <0x0, 0x4> "NAME"
    reset: { One; Two }
a:
    init add:
        Three
"""
    )["a"]
    assert entry.preinit == ('SetUp "a;b { c"',)
    assert entry.init == (
        'WriteDoubleWord 0x4 `py "print 1"`',
        'Tag <0x0, 0x4> "NAME"',
        "Three",
    )
    assert entry.reset == ("One", "Two")


def test_a_section_written_again_replaces():
    text = "a: T\n    init:\n        One\na:\n    init:\n        Two\n"
    assert parse(text)["a"].init == ("Two",)


def test_braces_and_indentation_mean_the_same():
    indented = "n: T @ sysbus 0\n    x: 1\n    -> n@1\n\nb: T @ n 3\n    o: new O\n        y: 2\n"
    braced = "n: T @ sysbus 0 { x: 1; -> n@1 }\nb: T @ n 3 {\n  o: new O { y: 2 } \n}\n"
    one_line = "n: T @ sysbus 0 { x: 1; -> n@1 }; b: T @ n 3 { o: new O { y: 2 } }"
    first, *others = (parse(text) for text in (indented, braced, one_line))
    for other in others:
        assert [(p.type, p.attributes, p.interrupts) for p in first.values()] == [
            (p.type, p.attributes, p.interrupts) for p in other.values()
        ]


def test_comments():
    entries = parse(
        """// first
/* several
   lines */
a: T @ sysbus 0 // after
    /* alone */
    x: 1 /* within */
    // y: 2
    url: "http://example.org/*"
    z: 3
"""
    )
    assert entries["a"].attributes == {"x": 1, "url": "http://example.org/*", "z": 3}
    assert entries["a"].line == 4


def test_updates_merge_by_name_and_by_source():
    entry = parse(
        """
n: T @ sysbus 0
a: T @ sysbus 1
    x: 1
    y: 2
    0 -> n@1
    1 -> n@2
a: @ sysbus 5
    y: 3
    z: 4
    1 -> n@7
    2 -> n@8
"""
    )["a"]
    assert entry.registrations == (Registration("sysbus", 5, None),)
    assert entry.attributes == {"x": 1, "y": 3, "z": 4}
    assert entry.interrupts == (Interrupt(0, "n", 1), Interrupt(1, "n", 7), Interrupt(2, "n", 8))


def test_an_interrupt_can_be_taken_away():
    text = "n: T @ sysbus 0\na: T\n    0 -> n@1\n    1 -> n@2\na:\n    0 -> none\n"
    assert parse(text)["a"].interrupts == (Interrupt(1, "n", 2),)


def test_sysbus_may_be_given_attributes_without_a_declaration():
    assert list(parse('sysbus:\n    init:\n        Tag <0, 4> "X"\na: T\n')) == ["a"]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.repl"
    path.write_bytes("\ufeffa: T @ sysbus 0\r\n    x: 1\r\n".encode())
    assert PlatformDescription.load(path).peripherals["a"].attributes == {"x": 1}


# ---- several files ----------------------------------------------------------------------------


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.repl").write_text(text, encoding="utf-8")
    return folder


def test_used_files_come_first_and_may_be_searched_for(tmp_path):
    (tmp_path / "lib" / "cpus").mkdir(parents=True)
    write(tmp_path / "lib" / "cpus", chip="a: T @ sysbus 0\n    x: 1\n")
    write(tmp_path, board='using "cpus/chip.repl"\n\na:\n    x: 2\n')
    found = PlatformDescription.load(tmp_path / "board.repl", search=[tmp_path / "lib"])
    assert found.peripherals["a"].attributes == {"x": 2}
    assert found.peripherals["a"].path.endswith("chip.repl")


def test_local_entries_stay_in_their_file(tmp_path):
    write(tmp_path, one="local a: T\n    x: 1\n", two='using "./one.repl"\nb: T\n    x: 2\n')
    assert list(PlatformDescription.load(tmp_path / "two.repl").peripherals) == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"board": 'using "./missing.repl"\n'}, r"board\.repl:1: cannot read .*missing\.repl"),
        ({"board": 'using "./board.repl"\n'}, r"board\.repl:1: '\./board\.repl' uses itself"),
        (
            {"board": 'using "./b.repl"\n', "b": 'using "./board.repl"\n'},
            r"b\.repl:1: '\./board\.repl' uses itself",
        ),
        (
            {"board": 'using "./b.repl"\nusing "./b.repl"\n', "b": "a: T\n"},
            r"board\.repl:2: '\./b\.repl' is used twice",
        ),
        (
            {"board": 'using "./b.repl"\n\na: T @ sysbus 0\n', "b": "\n\na: T @ sysbus 0\n"},
            r"board\.repl:3: 'a' is declared twice, first at .*b\.repl:3",
        ),
    ],
)
def test_errors_between_files(tmp_path, texts, words):
    write(tmp_path, **texts)
    with pytest.raises(PlatformDescriptionError, match=words):
        PlatformDescription.load(tmp_path / "board.repl")


def test_files_that_are_none(tmp_path):
    for path in (tmp_path, tmp_path / "absent.repl"):
        with pytest.raises(PlatformDescriptionError, match="cannot read"):
            PlatformDescription.load(path)
    (tmp_path / "binary.repl").write_bytes(b"a: T\xff\xfe")
    with pytest.raises(PlatformDescriptionError, match="not UTF-8 text"):
        PlatformDescription.load(tmp_path / "binary.repl")


# ---- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: T\n   x: 1\n", 2, "indentation of 3 spaces; it must be a multiple of 4"),
        ("a: T\n\tx: 1\n", 2, "indent with spaces"),
        ("    a: T\n", 1, "first entry must not be indented"),
        ("\n\n    a: T\n", 3, "first entry must not be indented"),
        ('a: T\n    x: "open\n', 2, "string is never closed"),
        ("a: T\n    x: '''open\n\n\n", 2, "string is never closed"),
        ("a: T\n/* open\n\n", 2, "comment opened with /* is never closed"),
        ("/* a */ b: T\n", 1, "nothing may follow a comment"),
        ("a: T {\n x: 1\n", 3, "1 opening brace"),
        ("a: T\n}\n", 2, "closing brace without an opening one"),
        ("a T\n", 1, "expected ':' after the name 'a', found 'T'"),
        ("a:\n", 1, "expected a type, a registration or attributes for 'a'"),
        ("1a: T\n", 1, "expected the name of an entry, found '1a: T'"),
        ("init: T\n", 1, "expected the name of an entry"),
        ("a: T @\n", 1, "expected the peripheral to register at"),
        ("a: T @ sysbus 0\n    x\n", 2, "expected '->' before an interrupt's destination"),
        ("a: T @ sysbus 0\n    x:\n", 2, "expected a value, found the end of the line"),
        ("a: T\n    x: 1 2\n", 2, "expected '}' or ';' after an attribute, found '2'"),
        ("a: T\n    x: 1\n    x: 2\n", 3, "attribute 'x' is given twice"),
        ("a: T\n    x: [1 2]\n", 2, "expected ']' or ',' in a list, found '2]"),
        ("a: T\n    x: <5, 4>\n", 2, "range <0x5, 0x4> ends before it begins"),
        ("a: T\n    x: <-5, 4>\n", 2, "begin of a range, a non-negative whole number"),
        ("a: T\n    x: { [1]: 2 }\n", 2, "dictionary's key must be a plain value"),
        ("a: T\n    x: Enum.\n", 2, "expected the rest of the enumeration value"),
        ("a: T.\n", 1, "expected the rest of the type name"),
        ("a: T\n    x: new\n", 2, "expected a type name"),
        ("a: T\n    x: " + "9" * 5000 + "\n", 2, "of at most 24 digits"),
        ("a: T\n    x: " + "[" * 500 + "\n", 2, "values nest deeper than 64"),
        ("a: T\n    -> b@1\n", 2, "interrupt goes to 'b', which is nowhere declared"),
        ("a: T\n    [0-1] -> a@[1-3]\n", 2, "2 interrupt output(s) but 3 line(s) of 'a'"),
        ("a: T\n    [0-99999999] -> a@[0-99999999]\n", 2, "is too long"),
        ("a: T\n    IRQ -> a\n", 2, "expected '@' between 'a' and its line"),
        ("a: T @ b 0\n", 1, "registered at 'b', which is nowhere declared"),
        ("a: T\n    x: 1\n    y: [0, b]\n", 3, "'y' refers to 'b', which is nowhere declared"),
        ("a: T\n\nb:\n    x: 1\n", 3, "'b' is updated but nowhere declared"),
        ("a: T\nb: T\na: T\n", 3, "'a' is declared twice, first at <text>:1"),
        ("a: T\n    init: 5\n", 2, "expected '{' before the statements of 'init'"),
        ("a: T\n    init:\n        One\n    init:\n        Two\n", 4, "'init' is given twice"),
        ('a: T\nusing "b"\n', 2, "expected the name of an entry"),
        ("using b\n", 1, "expected '\"' that opens a string"),
    ],
)
def test_errors_name_the_line(text, line, words):
    with pytest.raises(PlatformDescriptionError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"<text>:{line}: ")
    assert words in str(caught.value)


# ---- laws -------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name
    not in {"using", "new", "as", "preinit", "init", "reset", "local", "true", "false", "none",
            "empty", "sysbus"}
)  # fmt: skip
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r", exclude_categories=["Cs"]))
SCALARS = (
    st.integers(-(2**63), 2**63)
    | st.booleans()
    | TEXTS
    | st.builds(EnumValue, st.tuples(NAMES, NAMES))
    | st.builds(lambda b, s: NumberRange(b, b + s), st.integers(0, 2**40), st.integers(0, 2**40))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(NewObject, NAMES, st.dictionaries(NAMES, inner, max_size=3))
        | st.dictionaries(st.integers(0, 99), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def written(value):
    """Return a value as a user would write it."""
    match value:
        case bool():
            text = "true" if value else "false"
        case EnumValue():
            text = ".".join(value.parts)
        case NumberRange():
            text = f"<{value.begin:#x}, +{value.end - value.begin}>"
        case str():
            text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            text = "[" + ", ".join(written(inner) for inner in value) + "]"
        case dict():
            text = "{ " + "; ".join(f"{k}: {written(v)}" for k, v in value.items()) + " }"
        case NewObject():
            inner = "; ".join(f"{name}: {written(v)}" for name, v in value.attributes.items())
            text = f"new {value.type} {{ {inner} }}"
        case _:
            text = str(value)
    return text


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4), st.booleans()
)
def test_what_is_written_is_read(entries, braces):
    lines = []
    for number, (name, attributes) in enumerate(entries.items()):
        written_ones = [f"{key}: {written(value)}" for key, value in attributes.items()]
        head = f"{name}: Space.Type @ sysbus <{number:#x}, +0x10>"
        if braces:
            lines.append(f"{head} {{ {'; '.join(written_ones)} }}")
        else:
            lines += [head, *("    " + line for line in written_ones)]
    found = parse("\n".join(lines))
    assert {name: entry.attributes for name, entry in found.items()} == entries
    assert [entry.registrations[0] for entry in found.values()] == [
        Registration("sysbus", number, 16) for number in range(len(entries))
    ]


SOURCE = (PLATFORM / "stm32f767.repl").read_text(encoding="utf-8")


@given(st.integers(0, len(SOURCE)))
def test_a_truncated_file_gives_entries_or_a_readable_error(length):
    check_damaged(SOURCE[:length])


@given(
    st.integers(0, len(SOURCE)),
    st.integers(0, 40),
    st.text(st.sampled_from("{}[]<>\"'/*@:;->#|\\ \t\n.0aé\0"), max_size=6),
)
def test_a_corrupt_file_gives_entries_or_a_readable_error(start, length, insertion):
    check_damaged(SOURCE[:start] + insertion + SOURCE[start + length :])


@given(st.text(st.sampled_from(string.printable + "é\0"), max_size=200))
def test_garbage_gives_a_readable_error(text):
    check_damaged(text)


def check_damaged(text):
    message = ""
    try:
        PlatformDescription.parse(text)
    except PlatformDescriptionError as error:
        message = str(error)
    if message:
        assert message.startswith("<text>:")
        assert int(message.split(":")[1]) <= text.count("\n") + text.count("\r") + 1
