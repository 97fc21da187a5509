"""The key of the compiled code's cache."""

import ast
from pathlib import Path

from dvfs_kernel.boards.emulator import native_cache
from dvfs_kernel.boards.emulator.native_cache import keyed


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def test_a_keyed_function_is_the_same_function_that_closes_over_a_digest():
    copy = keyed(add)
    assert copy(2, 3) == 5
    assert (copy.__name__, copy.__doc__, copy.__module__) == (
        add.__name__, add.__doc__, add.__module__,
    )  # fmt: skip
    assert [cell.cell_contents for cell in copy.__closure__] == [native_cache._digest()]


def test_the_digest_covers_all_that_native_code_takes_from_its_neighbours():
    folder = Path(native_cache.__file__).parent
    taken = {
        f"{node.module.rpartition('.')[2]}.py"
        for name in native_cache._SOURCES
        for node in ast.walk(ast.parse((folder / name).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and "emulator." in node.module
    }
    taken |= {
        f"{alias.name}.py"
        for name in native_cache._SOURCES
        for node in ast.walk(ast.parse((folder / name).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "dvfs_kernel.boards.emulator"
        for alias in node.names
    }
    assert taken - {"native_cache.py"} <= set(native_cache._SOURCES)


def test_the_digest_follows_every_native_source(tmp_path, monkeypatch):
    for name in native_cache._SOURCES:
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(native_cache, "__file__", str(tmp_path / "native_cache.py"))
    digests = {native_cache._digest()}
    for name in native_cache._SOURCES:
        (tmp_path / name).write_text("changed")
        digests.add(native_cache._digest())
    assert len(digests) == len(native_cache._SOURCES) + 1
