"""What native code calls: guarded, all of it, by one decorator."""

import ast
import ctypes
from pathlib import Path

import pytest

import dvfs_kernel
from dvfs_kernel.boards.emulator.native_callbacks import Form, NativeCallbacks

PACKAGE = Path(dvfs_kernel.__file__).parent
GUARD = "boards/emulator/native_callbacks.py"
#: What makes a function of Python callable from native code, and what of Unicorn's binding does so
#: with callbacks of its own, which drop what is raised.
WAYS = {"CFUNCTYPE", "PYFUNCTYPE", "WINFUNCTYPE", "c_type", "cfunc", "hook_add", "mmio_map"}
#: Compiled functions, which raise nothing and call no Python but through a guarded callback.
COMPILED = {"boards/emulator/hooks.py", "boards/emulator/device_hooks.py"}

NUMBER = Form(ctypes.c_uint64, ctypes.c_uint64, failed=7)
NOTHING = Form(None, ctypes.c_uint64)


@pytest.fixture
def stops():
    return []


@pytest.fixture
def callbacks(stops):
    return NativeCallbacks(lambda: stops.append("stop"))


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
@pytest.mark.parametrize(("form", "given"), [(NUMBER, 7), (NOTHING, None)])
def test_what_a_callback_raises_stops_native_code_and_is_raised_behind_it(
    callbacks, stops, form, given, error
):
    @callbacks.guarded(form)
    def callback(_argument):
        raise error

    assert callback(1) == given
    assert stops == ["stop"]
    with pytest.raises(type(error)) as raised:
        callbacks.end()
    assert raised.value is error
    callbacks.end()  # and only once


def test_a_result_that_does_not_fit_is_an_error_of_the_callback(callbacks):
    callback = callbacks.guarded(NUMBER)(lambda _argument: 0.5)
    assert callback(1) == 7
    with pytest.raises(TypeError, match="float"):
        callbacks.end()


def test_the_first_error_is_the_one_that_is_told(callbacks):
    @callbacks.guarded(NOTHING)
    def callback(argument):
        raise ValueError(argument)

    callback(1)
    callback(2)
    with pytest.raises(ValueError, match="1"):
        callbacks.end()


def test_results_pass_and_many_callbacks_let_native_code_come_back(callbacks, stops):
    callback = callbacks.guarded(NUMBER, weight=1024)(lambda argument: argument + 1)
    assert [callback(n) for n in range(3)] == [1, 2, 3]
    assert stops == []
    callback(3)
    assert stops == ["stop"]
    callbacks.begin()
    callback(4)
    assert stops == ["stop"]
    callbacks.end()


def unguarded(source):
    """Return the names by which a source gives native code something that is not guarded."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            found.append(name)
        elif isinstance(node, ast.alias):
            found.append(node.name)
    return WAYS.intersection(found)


def test_nothing_but_the_guard_makes_callbacks_for_native_code():
    allowed = {GUARD: {"CFUNCTYPE", "c_type"}, **{place: {"cfunc"} for place in COMPILED}}
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if names := unguarded(path.read_text()) - allowed.get(place, set()):
            found[place] = names
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes\nback = ctypes.CFUNCTYPE(None)(print)",
        "from ctypes import CFUNCTYPE",
        "engine.hook_add(kind, print)",
        "engine.mmio_map(base, size, read, None, write, None)",
        "form.c_type(print)",
        "@numba.cfunc('void()')\ndef hook(): pass",
    ],
)
def test_a_new_way_around_the_guard_is_seen(source):
    assert unguarded(source)


def guarded_names(tree):
    """Return the names that hold a guarded callback, by decorator or by assignment."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if any("guarded(" in ast.unparse(made) for made in node.decorator_list):
                names.add(node.name)
        elif isinstance(node, ast.Assign) and "guarded(" in ast.unparse(node.value):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


def test_every_address_that_the_core_gives_away_is_of_the_library_or_guarded():
    tree = ast.parse((PACKAGE / "boards/emulator/core.py").read_text())
    guarded = guarded_names(tree)
    given = [
        ast.unparse(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "address_of"
    ]
    assert {"on_new_block", "on_edge", "on_invalid", "on_interrupt"} <= set(given)
    assert [
        name
        for name in given
        if name not in guarded and "guarded(" not in name and not name.startswith("uclib.")
    ] == []
