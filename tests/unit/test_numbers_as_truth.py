"""A number is asked whether it is None, never whether it is true: 0 would count as none."""

import ast

import pytest
from imports import ROOT, modules
from number_truth import confused, declared

#: Where 0 and None say the same: a null pointer of ctypes, and a number of cores that is unknown.
_SAME = (".address or 0", ".value or 0", "os.cpu_count() or 1")


def test_no_zero_counts_as_none():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in modules().values()}
    known = declared(trees.values())
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path, tree in trees.items()
        for line, text in confused(tree, known)
        if not text.endswith(_SAME)
    ]
    assert found == []


_BEFORE = """
def saving(bound) -> float | None: ...
class Bound:
    qos: float | None
"""


@pytest.mark.parametrize(
    "line",
    [
        "max(bounds, key=lambda bound: saving(bound) or -1.0)",
        "saving(bound) or other",
        "bound.qos or 0.0",
        "0.0 if not bound.qos else 1.0",
        "1.0 if bound.qos else 2.0",
        "bound.qos and 1.0",
        "anything or 0",
    ],
)
def test_each_way_to_confuse_them_is_seen(line):
    tree = ast.parse(f"{_BEFORE}\nresult = {line}\n")
    assert confused(tree, declared([tree]))


def test_an_argument_that_may_be_none_is_one_too():
    tree = ast.parse("def limit(wall_s: float | None) -> None:\n    return wall_s or other()\n")
    assert confused(tree, declared([tree]))


@pytest.mark.parametrize("line", ["0.0 if bound.qos is None else bound.qos", "name or 'none'"])
def test_what_is_asked_for_none_or_is_no_number_passes(line):
    tree = ast.parse(f"{_BEFORE}\nresult = {line}\n")
    assert confused(tree, declared([tree])) == []
