"""The documentation says what the code does: links, commands, examples, tables and messages."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import click
import numpy as np
import pytest
import tflite_writer
from imports import ROOMS

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.approximation.accuracy.wilson import wilson_interval
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, PRESETS, clock_list
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import DvfsError
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.link import abi
from dvfs_kernel.networks import zoo
from dvfs_kernel.networks.input_tensor import fit_array
from dvfs_kernel.networks.tflite_reader import SUPPORTED_OPERATORS, read_bytes
from dvfs_kernel.networks.zoo import trained
from renode_platform.devices import datasheet

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "ci").glob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES_MAX = 200

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(page, language):
    """Return the fenced blocks of a language, with the rest of their info strings."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    split = [(*(info + " ").split(" ", 1), body) for info, body in found]
    return [(rest.strip(), body) for kind, rest, body in split if kind == language]


def prose(page):
    """Return a page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def code_spans(page):
    return re.findall(r"`([^`\n]+)`", prose(page))


def rows(page, header):
    """Return the cells of the table whose first heading is given."""
    lines = text_of(page).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"| {header} |"))
    found = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


# ---- links, names, style -----------------------------------------------------------------------


@each_page
def test_relative_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not target.startswith(("https://", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target


FOLDERS = (
    *("dvfs_kernel", "renode_platform", "firmware", "tests", "benchmarks", "docs", "ci"),
    *("notebooks", ".github"),
)
BARE = ("architecture.md", "CONTRIBUTING.md")  # name files without their folders, too
MADE = {"firmware.elf", "benchmarks.elf", "abi.h", "registers.h", "datasheet.h"}  # by the build


@each_page
def test_files_that_are_named_exist(page):
    """A path from the root or, on some pages, the bare name of a source."""
    known = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*")} | MADE
    for span in code_spans(page):
        name = span.rpartition("/")[2]
        if span.startswith(tuple(f"{folder}/" for folder in FOLDERS)):
            assert (ROOT / span).exists() or name in MADE, span
        elif re.fullmatch(r"\w+\.(py|toml|c|h)", span) and page.name in BARE:
            assert span in known or (ROOT / span).exists(), span


def test_what_a_recipe_names_is_in_the_source():
    """A name, of which the last part stands in some source; a suffix such as `_hz` does, too."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("dvfs_kernel", "renode_platform", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != Path(__file__).name
    ]
    for span in code_spans(ROOT / "CONTRIBUTING.md"):
        if re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", span) and not span.endswith((".py", ".h", ".c")):
            name = span.removesuffix("()").rpartition(".")[2]
            assert any(name in text for text in texts), span


def test_rooms_are_as_the_architecture_says():
    named = [row[0].strip("`").rstrip("/") for row in rows("architecture.md", "room")]
    assert named == [f"{room}.py" if room == "errors" else room.replace(".", "/") for room in ROOMS]


@each_page
def test_no_place_of_one_machine_and_no_loose_end(page):
    text = page.read_text(encoding="utf-8")
    # An absolute path: a slash that follows nothing, and another one after the first name.
    places = re.findall(r"(?<![\w.<>:*/)\]`])/[a-z]+/\w[^\s)]*", text)
    assert [place for place in places if not place.startswith(("/dev/", "/etc/udev/"))] == []
    assert not re.findall(r"(?i)\b(TODO|FIXME|TBD|lorem)\b|(?:issue|session) #?\d", text)
    assert not re.findall(r"(?i)\b(seamless|blazing|powerful|cutting-edge|effortless)\w*", text)


@pytest.mark.parametrize(
    "page", [ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name
)
def test_pages_are_short(page):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


# ---- the command line --------------------------------------------------------------------------


def calls(script):
    """Return the arguments of every call of ``dvfs`` in a shell script."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ";"]:
            if not set(word) <= set("();<>|&"):
                words.append(word)
                continue
            if words and re.fullmatch(r"(?:.*/)?dvfs", words[0]):
                yield words[1:]
            words = []


def parse(arguments):
    """Parse with the real commands, and run nothing."""
    with cli.make_context("dvfs", list(arguments)) as context:
        name, command, rest = cli.resolve_command(context, context._protected_args + context.args)
        assert command is not None
        with command.make_context(name, rest, parent=context) as inner:
            return command, inner.params


@each_page
def test_commands_parse(page):
    for _, script in blocks(page, "bash") + blocks(page, "sh"):
        for arguments in calls(script):
            command, params = parse(arguments)
            if command.name == "infer" and "." not in params["network"]:
                assert params["network"] in zoo.NAMES, arguments


@each_page
def test_commands_in_the_text_exist(page):
    """In the text a command may stand without its arguments, an option without its value."""
    for span in code_spans(page):
        for arguments in calls(span):
            named = bool(arguments) and not arguments[0].startswith("-")
            command = cli.commands[arguments[0]] if named else cli
            known = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in arguments if word.startswith("-")} <= known, span


def test_every_command_is_on_a_page():
    texts = [span for page in PAGES for span in code_spans(page)]
    texts += [body for page in PAGES for kind in ("bash", "sh") for _, body in blocks(page, kind)]
    named = {arguments[0] for text in texts for arguments in calls(text) if arguments}
    assert set(cli.commands) <= named


def test_a_wrong_command_is_noticed():
    with pytest.raises(click.UsageError):
        parse(["infer", "vww", "--granule", "8"])
    with pytest.raises(click.UsageError):
        parse(["explore"])


def options():
    found = {"--version", "--help"}
    for command in cli.commands.values():
        for parameter in command.params:
            found |= set(parameter.opts)
    build = (ROOT / "firmware" / "build.py").read_text(encoding="utf-8")
    return found | set(re.findall(r'add_argument\(\s*"(--[a-z-]+)"', build))


@each_page
def test_options_that_are_mentioned_exist(page):
    for span in code_spans(page):
        if span.startswith(("-", "dvfs ")):
            for option in re.findall(r"(?:^|\s)(--?[a-z][a-z-]*)", span):
                assert option in options(), span


# ---- examples ----------------------------------------------------------------------------------

RUNS_SOMETHING = re.compile(r"dvfs\.(infer|open_board)\(|matrix=True|VirtualBoard\(\)")
PYTHON = [
    pytest.param(
        page,
        info,
        body,
        id=f"{page.name}-{number}",
        marks=[pytest.mark.board] if RUNS_SOMETHING.search(body) else [],
    )
    for page in PAGES
    if page.name != "README.md"  # its program is run beside its command, which makes its runs
    for number, (info, body) in enumerate(blocks(page, "python"))
]


@pytest.mark.parametrize(("page", "info", "body"), PYTHON)
def test_python_examples_run(page, info, body, tmp_path, monkeypatch):
    code = compile(body, page.name, "exec")
    assert info in ("", "no-run")
    if not info:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        exec(code, {"__name__": "example"})  # noqa: S102  the project's own text


@pytest.fixture(scope="module")
def compile_example(tmp_path_factory):
    """Build the C example as its page says, with lines put in before its loop."""
    folder = tmp_path_factory.mktemp("example")
    page = DOCS / "boot.md"
    ((_, source),) = blocks(page, "c")
    ((_, script),) = blocks(page, "ld")
    build, boot = blocks(page, "bash")[0][1].replace("\\\n", " ").strip().splitlines()
    (folder / "flash.ld").write_text(script)

    def run(lines=""):
        import subprocess  # noqa: PLC0415

        marker = "    for (const char *text"
        assert marker in source
        (folder / "hello.c").write_text(source.replace(marker, f"{lines}\n{marker}"))
        python, *words = shlex.split(build)
        assert python == "python"
        subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
        program, *arguments = shlex.split(boot)
        assert program == "dvfs"
        command = [sys.executable, "-m", "dvfs_kernel", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return run


@pytest.mark.board
def test_the_c_example_prints_what_its_page_says(compile_example):
    done = compile_example()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "hello from the STM32F767\n"
    assert f"It prints `{done.stdout.strip()}`" in text_of("boot.md")


@pytest.mark.board
def test_the_fault_report_is_the_one_of_the_page(compile_example):
    done = compile_example("    (void)REG(0x90000000);")
    assert done.returncode == 1
    ((_, sample),) = blocks(DOCS / "boot.md", "text")
    timed = re.compile(r"[\d.]+ us, cycle \d+")  # calibration may move it
    assert timed.search(sample)
    assert timed.sub("", done.stderr) == timed.sub("", sample)


def test_every_package_that_is_installed_has_its_licence_told():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = {
        re.match(r"[\w-]+", requirement)[0]
        for requirement in [*project["dependencies"], *(one for extra in extras for one in extra)]
    }
    told = text_of("licences.md")
    assert [name for name in sorted(wanted) if not re.search(rf"\b{name}\b", told)] == []


# ---- tables ------------------------------------------------------------------------------------

HOLE = "\0"
REPORTERS = ("violation", "_violate")


def template(node):
    """Return a text with holes for what is filled in at run time; None for what is no text."""
    if isinstance(node, ast.Constant):
        return re.sub(r"%(?:0\d)?[sdX]", HOLE, node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return template(node.left)
    if isinstance(node, ast.BinOp):
        parts = template(node.left), template(node.right)
        return None if None in parts else "".join(parts)
    return HOLE


def pattern(text):
    return re.compile(".*".join(re.escape(part) for part in text.split(HOLE)))


def reported():
    """Return (rule, message) patterns of everything that the device models report."""
    found = []
    for path in sorted((ROOT / "renode_platform" / "devices").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in REPORTERS:
                pair = [template(part) for part in node.args]
            elif isinstance(node, ast.Tuple) and path.name == "clock_tree.py":
                pair = [template(part) for part in node.elts]
                # A message says what is allowed; other pairs are no messages.
                if len(pair) != 2 or None in pair or ";" not in pair[1]:
                    continue
            else:
                continue
            if pair[1] != HOLE:  # a message that is only passed on
                found.append((pattern(pair[0]), pattern(pair[1])))
    return found


def test_every_rule_is_in_the_table_with_a_message_as_printed():
    known = reported()
    assert len(known) > 30
    unseen = set(range(len(known)))
    for rule, catches, message in rows("virtual-board.md", "rule"):
        matching = {
            number
            for number, (rule_pattern, message_pattern) in enumerate(known)
            if rule_pattern.fullmatch(rule.strip("`")) and message_pattern.fullmatch(message)
        }
        assert matching, (rule, message)
        assert catches
        unseen -= matching
    assert not unseen, [known[number] for number in unseen]


def test_times_are_those_of_the_data_sheet_module():
    table = rows("virtual-board.md", "constant")
    assert table
    for name, value, _ in table:
        number, unit = value.split()
        assert unit == "µs"
        assert getattr(datasheet, name.strip("`")) == Fraction(number) * datasheet.PS_PER_US


def test_memory_map():
    table = {int(row[0], 16): int(row[1], 16) for row in rows("firmware.md", "from")}
    scratch_end = abi.SCRATCH_ADDRESS + abi.SCRATCH_BYTES
    assert table == {
        0x08000000: abi.IMAGE_ADDRESS - 1,
        abi.IMAGE_ADDRESS: abi.IMAGE_ADDRESS + abi.IMAGE_BYTES_MAX - 1,
        0x20000000: abi.SCRATCH_ADDRESS - 1,
        abi.SCRATCH_ADDRESS: scratch_end - 1,
        abi.TENSOR_ADDRESS: abi.TENSOR_ADDRESS + abi.TENSOR_BYTES - 1,
    }


def test_marker_pins():
    for pin, name, _ in rows("firmware.md", "pin"):
        assert pin == f"PE{getattr(abi, name.strip('`').upper())}"


def test_profile_levels():
    levels = [row[0].strip("`") for row in rows("firmware.md", "level")]
    assert levels == [level.name.lower() for level in abi.ProfileLevel]


def test_operators_are_those_of_the_importer():
    assert tuple(row[0] for row in rows("networks.md", "operator")) == SUPPORTED_OPERATORS


def test_built_in_networks():
    table = rows("networks.md", "network")
    assert tuple(row[0] for row in table) == zoo.NAMES
    for name, *cells in table:
        network = zoo.load(name)
        plan = memory_plan.plan(network)
        assert cells == [
            " × ".join(map(str, network.tensors[network.input].shape)),
            str(len(network.layers)),
            f"{sum(network.macs):,}",
            f"{network.parameter_count:,}",
            f"{plan.tensor_bytes:,}",
            f"{len(image.build(network, plan).data):,}",
        ]


def test_accuracy_of_trained_networks():
    table = rows("networks.md", "classifier")
    assert tuple(row[0] for row in table) == trained.NAMES
    for name, *cells in table:
        record = trained.load(name).record
        low, high = wilson_interval(record.correct, record.images)
        assert cells == [
            record.data,
            f"{record.trained_on:,}",
            f"{record.images:,}",
            f"{100 * record.float_correct / record.images:.2f} %",
            f"{100 * record.accuracy:.2f} %",
            f"{100 * low:.2f} to {100 * high:.2f} %",
        ]


def test_limits_of_networks():
    text = text_of("networks.md")
    for number in (abi.TENSOR_BYTES, abi.SCRATCH_BYTES, abi.IMAGE_BYTES_MAX):
        assert f"{number:,} bytes" in text
    counts = f"{abi.LAYERS_MAX} layers, {abi.TENSORS_MAX} tensors and {abi.OUTPUTS_MAX} outputs"
    assert counts in text


def test_clock_lists():
    assert {name.strip("`"): holds for name, holds in rows("clocks.md", "list")} == PRESETS
    text = text_of("clocks.md")
    paper, everything = (clock_list(name, PAPER_HSE_HZ) for name in ("paper", "all"))
    frequencies = {setting.sysclk_hz(PAPER_HSE_HZ) for setting in everything.settings}
    assert f"{len(everything.settings):,} settings" in text
    assert f"{len(frequencies):,} different frequencies" in text
    told = (
        f"{len(paper.forbidden)} are forbidden, and the others give {len(paper.settings)} different"
    )
    assert told in text.replace("\n  ", " ")
    ((_, sample),) = blocks(DOCS / "clocks.md", "text")
    assert sample.splitlines() == [
        f"{entry.setting}: {'; '.join(entry.reasons)}" for entry in paper.forbidden
    ]


# ---- messages ----------------------------------------------------------------------------------


def model(operator, shape, *, element="int8", inputs=1, options=None):
    """Return the bytes of a model with one operator."""
    writer = tflite_writer.ModelWriter()
    scale = {"scales": (0.1,), "zero_points": (0,)} if element == "int8" else {}
    source = writer.tensor("input", shape, element, **scale)
    output = writer.tensor("gate" if operator == "LOGISTIC" else "sum", shape, element, **scale)
    writer.operator(operator, (source,) * inputs, (output,), options)
    writer.inputs, writer.outputs = (source,), (output,)
    return writer.finish()


def added(shape, name="sum", **more):
    return read_bytes(model("ADD", shape, inputs=2, options=("AddOptions", {}), **more), name)


FAILURES = {
    "no such network": lambda: load_network("nothing"),
    "no model": lambda: read_bytes(b"hello\n", "no"),
    "unknown operator": lambda: read_bytes(model("LOGISTIC", (1, 8, 8, 4)), "gate"),
    "floats": lambda: added((1, 8, 8, 4), element="float32"),
    "a batch": lambda: added((2, 8, 8, 4)),
    "too large": lambda: memory_plan.plan(added((1, 256, 256, 4), "big")),
    "input": lambda: fit_array(
        np.zeros((80, 81, 3), np.int8), zoo.load("vww").tensors[zoo.load("vww").input]
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_messages_are_as_printed(failure):
    samples = blocks(DOCS / "networks.md", "text")[-1][1].splitlines()
    with pytest.raises(DvfsError) as caught:
        FAILURES[failure]()
    assert str(caught.value) in samples


def test_no_sample_is_without_its_failure():
    assert len(blocks(DOCS / "networks.md", "text")[-1][1].splitlines()) == len(FAILURES)
