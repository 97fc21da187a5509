"""Names of the runs that are compared: said once, and asked in one way."""

import ast

import pytest
from imports import ROOT, modules

from dvfs_kernel.inference import run_names
from dvfs_kernel.inference.run_names import BASELINES, RunName, Technique, is_chosen, is_dvfs

#: Those of the names that are no words of anything else.
_OWN = {*BASELINES, RunName.PAPER, Technique.UNPACKING_DVFS}


def names_in(tree):
    """Yield (line, name) of each name written out as a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in _OWN:
            yield node.lineno, node.value


def test_no_other_module_writes_a_name_out():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name!r}"
        for module, path in modules().items()
        if module != run_names.__name__
        for line, name in names_in(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def test_a_name_that_is_written_out_is_seen():
    assert list(names_in(ast.parse("run['name'] == 'single-clock'"))) == [(1, "single-clock")]


@pytest.mark.parametrize(
    ("name", "dvfs", "chosen"),
    [
        (RunName.DVFS, True, True),
        ("dvfs-gated", True, True),
        (RunName.SINGLE, False, True),
        (RunName.RACE, False, False),
        (RunName.TINYENGINE, False, False),
        (RunName.PAPER, False, False),
        ("dvfsomething", False, False),
    ],
)
def test_what_is_dvfs_and_what_is_chosen_for_its_bound(name, dvfs, chosen):
    assert (is_dvfs(name), is_chosen(name)) == (dvfs, chosen)
