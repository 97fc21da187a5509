"""The key of the compiled code's cache."""

from __future__ import annotations

from pathlib import Path

from dvfs_kernel.layered_graph import compiled as module
from dvfs_kernel.layered_graph.compiled import SOURCES, compiled


def add(a, b):
    return a + b


def test_a_compiled_function_closes_over_a_digest_of_all_sources():
    function = compiled(add)
    assert [cell.cell_contents for cell in function.py_func.__closure__] == [module._DIGEST]
    assert function.py_func(2, 3) == 5


def test_every_source_with_compiled_code_is_in_the_digest():
    folder = Path(module.__file__).parent
    using = {path.name for path in folder.glob("*.py") if "@compiled" in path.read_text("utf-8")}
    assert using | {"compiled.py"} == set(SOURCES)
