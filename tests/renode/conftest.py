"""What the tests of this folder need: Renode, and for some of them pyrenode3."""

from __future__ import annotations

import pytest

from dvfs_kernel.boards.renode import installation
from dvfs_kernel.errors import RenodeUnavailableError


@pytest.fixture(scope="session")
def renode():
    """Return Renode's command; skip, saying why, where there is none that serves."""
    try:
        return installation.find_command()
    except RenodeUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pyrenode():
    """Skip, saying what is missing, where boards on Renode cannot be opened."""
    try:
        return installation.find()
    except RenodeUnavailableError as error:
        pytest.skip(str(error))
