"""What the tests of reports share."""

import pytest
from report_document import report_document


@pytest.fixture
def document():
    return report_document()


@pytest.fixture
def bare(document):
    """Return a document whose figures cost nothing to draw: it has data for none."""
    document["timeline"] = None
    document["figures"]["fig4"] = document["layers"] = []
    document["frontier"] = {"time_s": [], "energy_j": [], "exact": True}
    document["clocks"]["iso"] = []
    document["clocks"]["switching"] = {"states": [], "time_s": [], "energy_j": []}
    return document
