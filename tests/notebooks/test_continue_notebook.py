"""The notebook that a report leaves: it loads the run beside it and goes on."""

import json

import nbformat
from nbclient import NotebookClient
from report_document import report_document

from dvfs_kernel.report.continue_notebook import NOTEBOOK, continue_notebook


def test_the_notebook_of_a_run_goes_on_from_it(tmp_path):
    document = report_document()
    (tmp_path / "report.json").write_text(json.dumps(document), encoding="utf-8")
    path = tmp_path / NOTEBOOK
    path.write_text(continue_notebook(document), encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    told = ["".join(o.text for o in found if o.output_type == "stream") for found in outputs]
    assert document["command"] in told[0]
    assert "tinyengine" in told[1]
    assert "pll:25/216/2 g = 16" in told[2]
    assert "image/svg+xml" in outputs[3][0].data
    points = sum(len(entry["points"]) for entry in document["layers"])
    assert told[4].startswith(f"{points} options")
    assert not any(o.output_type == "error" for found in outputs for o in found)
