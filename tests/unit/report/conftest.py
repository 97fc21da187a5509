"""What the tests of reports share."""

import pytest
from report_document import report_document


@pytest.fixture
def document():
    return report_document()
