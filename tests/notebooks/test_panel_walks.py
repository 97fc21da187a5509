"""Every panel, its controls in every order, its work done, failed or cancelled meanwhile."""

import random

import pytest
from panel_walks import WALKED, every_pair, walk

from dvfs_kernel import widgets

SEEDS, STEPS = 3, 40
each_panel = pytest.mark.parametrize("name", WALKED)


def test_every_panel_is_walked():
    assert set(WALKED) == set(widgets.__all__)


@pytest.mark.board
@each_panel
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_shown_names_what_it_was_made_for(name, seed):
    walk(name, random.Random(seed), STEPS)


@pytest.mark.board
@each_panel
def test_every_pair_of_choices_is_answered(name):
    every_pair(name)
