"""The key of compiled code: every compiled function has one, of all the sources behind it."""

import ast

import pytest
from imports import PACKAGE, modules

from dvfs_kernel.approximation.accuracy.compiled import compiled as compiled_for_images
from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.storage import numba_cache
from dvfs_kernel.storage.numba_cache import keyed
from dvfs_kernel.storage.sources import code_digest

# What Numba stores beside the source: these decorators key what they compile.
KEYING = {"keyed", "compiled"}


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def test_a_keyed_function_is_the_same_function_that_closes_over_a_digest():
    copy = keyed(add)
    assert copy(2, 3) == 5
    assert (copy.__name__, copy.__doc__, copy.__module__) == (
        add.__name__, add.__doc__, add.__module__,
    )  # fmt: skip
    assert [cell.cell_contents for cell in copy.__closure__] == [code_digest(add.__module__)]


def test_an_index_of_an_older_state_is_not_read(monkeypatch):
    names = []
    for digest in (b"older", b"newer"):
        monkeypatch.setattr(numba_cache, "code_digest", lambda _, digest=digest: digest)
        names.append(compiled(add)._cache._impl.filename_base)
    assert len(set(names)) == 2


@pytest.mark.parametrize("compiling", [compiled, compiled_for_images])
def test_a_compiled_function_closes_over_the_digest_of_its_module(compiling, monkeypatch):
    asked = []
    monkeypatch.setattr(numba_cache, "code_digest", lambda name: asked.append(name) or b"digest")
    (cell,) = compiling(add).py_func.__closure__
    assert (asked, cell.cell_contents) == ([__name__], b"digest")


def called(decorator):
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.id if isinstance(function, ast.Name) else ""


def stored(decorator):
    """Tell whether a decorator has Numba store what it compiles."""
    return isinstance(decorator, ast.Call) and any(
        word.arg == "cache" for word in decorator.keywords
    )


def test_whatever_is_stored_is_keyed():
    """Decorators apply from below: the key is in what Numba gets."""
    found, wrong = 0, []
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = [called(decorator) for decorator in node.decorator_list]
            places = [at for at, one in enumerate(node.decorator_list) if stored(one)]
            found += bool(places) or "compiled" in names
            if any(not KEYING & set(names[place + 1 :]) for place in places):
                wrong.append(f"{module}.{node.name}")
    assert wrong == []
    assert found > 50, f"functions of {PACKAGE} are compiled in a way that this does not see"
