"""Every panel, its controls in every order, its work done, failed or cancelled meanwhile."""

import random

import pytest
from panel_walks import WALKED, every_pair, walk

from dvfs_kernel import widgets

SEEDS, STEPS = 6, 50
CHARTS = 3  # of each kind; benchmarks/walk_panels.py draws all
each_panel = pytest.mark.parametrize("name", WALKED)


def test_every_panel_is_walked():
    assert set(WALKED) == set(widgets.__all__)


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
