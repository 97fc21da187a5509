"""Every panel, its controls in every order, its work done, failed or cancelled meanwhile."""

import ast
import random
from pathlib import Path

import pytest
from panel_walks import WALKED, every_pair, walk

from dvfs_kernel import widgets

SEEDS, STEPS = 6, 50
CHARTS = 3  # of each kind; benchmarks/walk_panels.py draws all
each_panel = pytest.mark.parametrize("name", WALKED)


def test_every_panel_is_walked():
    assert set(WALKED) == set(widgets.__all__)


def test_work_begins_in_a_result_and_nowhere_else():
    # Whoever starts a task by himself has to remember what it was asked for.
    starts = {
        path.name
        for path in Path(widgets.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "start"
    }
    threads = {"task.py", "thinning_walk.py"}
    assert starts - threads == {"result.py"}


@pytest.mark.board
@each_panel
def test_what_is_shown_names_what_it_was_made_for(name):
    at_once = name in ("ClockTreePanel", "IsoFrequencyPanel")  # nothing is under way
    for seed in range(1 if at_once else SEEDS):
        walk(name, random.Random(seed), STEPS, CHARTS)  # noqa: S311  a way, not a secret


@pytest.mark.board
@each_panel
def test_every_pair_of_choices_is_answered(name):
    every_pair(name, CHARTS)
