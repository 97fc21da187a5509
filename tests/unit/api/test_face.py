"""The face: what is public, what importing it costs, and that the command line says the same."""

import ast
import inspect
import keyword
import subprocess
import sys
from pathlib import Path

import click
import pytest

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli

PACKAGE = Path(dvfs.__file__).parent
STUB = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
#: The verb behind each command that has one.
VERBS = {
    "accuracy": dvfs.accuracy,
    "approximate": dvfs.approximate,
    "boards": dvfs.list_boards,
    "boot": dvfs.boot,
    "clocks": dvfs.list_clocks,
    "cross-check": dvfs.cross_check,
    "deploy": dvfs.deploy,
    "doctor": dvfs.doctor,
    "explore": dvfs.explore,
    "flash": dvfs.flash,
    "gallery": dvfs.write_gallery,
    "infer": dvfs.infer,
    "optimise": dvfs.optimise,
    "report": dvfs.write_report,
    "run": dvfs.study,
    "serve": dvfs.serve,
}
#: As the group has them: a command keeps those of its first context.
HELP = cli.context_settings["help_option_names"]
#: Options that say how a result is shown or where it is kept, which a program does for itself.
SHOWN = {"json", "csv", "output", "quiet"}
#: Options that ask for another verb of the face: `dvfs.compare_reports`.
OTHER_VERBS = {"compare"}
#: What only a program can give.
PROGRAMS = {"home", "progress", "ask", "command", "output", "typed", "told"}


def option_name(param):
    """Return what the face calls an option: its long form, where that is no word of Python's."""
    if isinstance(param, click.Argument):
        return param.name
    name = next(opt for opt in param.opts if opt.startswith("--"))[2:].replace("-", "_")
    return param.name if keyword.iskeyword(name) else name


def test_every_name_is_there_and_says_what_it_is():
    for name in dvfs.__all__:
        value = getattr(dvfs, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name
    assert sorted(dvfs.__all__) == dir(dvfs)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = dvfs.nonsense


def test_no_name_is_also_that_of_a_room_but_the_rooms_own():
    rooms = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    public = {name for name in dvfs.__all__ if inspect.ismodule(getattr(dvfs, name))}
    assert public == {"charts", "widgets"}
    assert dvfs.widgets.__name__ == "dvfs_kernel.widgets"
    assert rooms & set(dvfs.__all__) == {"widgets"}


def test_every_error_is_public():
    errors = {
        name
        for name, value in vars(sys.modules["dvfs_kernel.errors"]).items()
        if inspect.isclass(value) and issubclass(value, dvfs.DvfsError)
    }
    assert errors <= set(dvfs.__all__)


def test_importing_loads_nothing_but_the_standard_library():
    script = (
        "import sys; before = set(sys.modules); import dvfs_kernel; dir(dvfs_kernel); "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) - sys.stdlib_module_names == {"dvfs_kernel"}


def test_a_star_import_takes_all_of_it():
    script = "from dvfs_kernel import *; print(load('vww'), LayeredGraph.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "<Network vww: 55 layers, 11,578,816 MACs> LayeredGraph\n"


@pytest.mark.parametrize("command", sorted(VERBS))
def test_arguments_have_the_command_lines_names(command):
    given = {option_name(param) for param in cli.commands[command].params} - SHOWN - OTHER_VERBS
    taken = set(inspect.signature(VERBS[command]).parameters) - PROGRAMS
    assert given == taken


@pytest.mark.parametrize("command", sorted(VERBS))
def test_arguments_have_the_command_lines_defaults(command):
    params = cli.commands[command].params
    needed = ["something" for param in params if isinstance(param, click.Argument)]
    group = click.Context(cli, help_option_names=HELP)
    given = cli.commands[command].make_context(command, needed, parent=group).params
    taken = inspect.signature(VERBS[command]).parameters
    for param in params:
        name = option_name(param)
        if name in SHOWN | OTHER_VERBS or isinstance(param, click.Argument):
            continue
        default = taken[name].default
        if name == "hse" and default is not None:
            default = dvfs.FREQUENCY.parse(default)
        # An option that may stand several times is empty where it does not stand.
        assert str(given[param.name]) in (str(default), "()"), name


def test_the_stub_lists_names_in_one_form():
    for node in STUB.body:
        if isinstance(node, ast.ImportFrom):
            assert [alias.asname for alias in node.names] == [alias.name for alias in node.names]
