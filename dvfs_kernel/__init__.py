"""A virtual STM32F767 board that knows what a cycle and a joule cost.

``import dvfs_kernel as dvfs`` has everything that is public: `load` a network, `open_board`,
`infer`, `explore`, `optimise`, `study`, `deploy`, and what they return. The names stand in
``__init__.pyi``, which type checkers read; each is loaded when it is first used. So importing costs
next to nothing, and the firmware's build can read ``dvfs_kernel.link`` with the standard library
alone. What is not listed there is internal.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"


@cache
def _places() -> dict[str, tuple[str, str]]:
    """Return the module of each public name, and what it is called there."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.asname: (node.module, alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname
    }


def __getattr__(name: str) -> object:
    if name == "__all__":
        return [*_places(), "__version__"]
    try:
        module, own_name = _places()[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(module), own_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_places(), "__version__"])
