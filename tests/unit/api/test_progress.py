"""Progress where a person looks on, and nowhere else."""

import pytest
from nbclient import NotebookClient
from nbformat import v4

from dvfs_kernel.api.progress import shown_progress


@pytest.mark.parametrize("progress", [True, False])
def test_nothing_is_shown_where_nobody_looks_on(progress, capsys):
    with shown_progress(progress) as show:
        show("runs", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_function_is_told_instead():
    told = []
    with shown_progress(lambda *what: told.append(what)) as show:
        show("runs", 1, 2)
    assert told == [("runs", 1, 2)]


CELL = """
from dvfs_kernel.api.progress import shown_progress
with shown_progress() as show:
    show("<runs>", 1, 2)
    show("<runs>", 2, 2)
"""


def test_a_notebook_keeps_no_trace_of_it():
    notebook = v4.new_notebook(cells=[v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/html"] == ""
