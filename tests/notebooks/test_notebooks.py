"""Every notebook runs from top to bottom, holds no logic, and is stored without outputs."""

import ast
import json
import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from notebook_files import NOTEBOOKS

from dvfs_kernel.widgets.exercises import EXERCISES
from dvfs_kernel.widgets.gallery import execute
from dvfs_kernel.widgets.predictions import PREDICTIONS

FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

# Calls of panels and what is given to them: nothing that decides, loops or computes.
ALLOWED = (
    ast.Module,
    ast.ImportFrom,
    ast.alias,
    ast.Assign,
    ast.Expr,
    ast.Call,
    ast.Name,
    ast.Load,
    ast.Store,
    ast.Constant,
    ast.keyword,
)


def cells(path, kind):
    data = json.loads(path.read_text(encoding="utf-8"))
    return [("".join(cell["source"]), cell) for cell in data["cells"] if cell["cell_type"] == kind]


def test_there_are_seven():
    assert len(FILES) == 7


@each_notebook
def test_it_is_stored_as_a_plain_text_without_outputs(path):
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    nbformat.validate(data)
    assert text == json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    for _, cell in cells(path, "code"):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


@each_notebook
def test_it_holds_words_calls_and_questions_only(path):
    for source, _ in cells(path, "code"):
        for node in ast.walk(ast.parse(source)):
            assert isinstance(node, ALLOWED), ast.dump(node)
            if isinstance(node, ast.ImportFrom):
                assert node.module == "dvfs_kernel.widgets"


@each_notebook
def test_it_teaches(path):
    words = "\n".join(source for source, _ in cells(path, "markdown"))
    assert "After this notebook you can" in words
    assert "https://arxiv.org/abs/2407.03711" in words
    code = "\n".join(source for source, _ in cells(path, "code"))
    assert code.count("PredictionPanel(") >= 1
    assert code.count("ExercisePanel(") >= 2
    for name in re.findall(r'ExercisePanel\("([\w-]+)"', code):
        assert name in EXERCISES
    for name in re.findall(r'PredictionPanel\("([\w-]+)"', code):
        assert name in PREDICTIONS


@each_notebook
def test_its_links_lead_to_notebooks(path):
    for source, _ in cells(path, "markdown"):
        for target in re.findall(r"\]\((?!https:)([^)]+)\)", source):
            assert (NOTEBOOKS / target).is_file()


def test_no_question_is_left_out():
    code = "\n".join(source for path in FILES for source, _ in cells(path, "code"))
    for name in [*EXERCISES, *PREDICTIONS]:
        assert f'Panel("{name}"' in code


@pytest.mark.board
@each_notebook
def test_it_runs_from_top_to_bottom(path, small_network, tmp_path):
    notebook = execute(path, tmp_path, str(small_network))  # raises where a panel shows an error
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    assert len(shown) == sum("Panel(" in source for source, _ in cells(path, "code"))
    for html in shown:
        assert "Press Check" not in html  # every solution has its number
    assert any("<svg" in html for html in shown)


def test_a_network_that_is_not_there_is_a_message_and_no_traceback():
    shell = InteractiveShell()
    lines = []
    shell._showtraceback = lambda _kind, _error, text: lines.extend(text)
    done = shell.run_cell(
        "from dvfs_kernel.widgets import ExplorerPanel\nExplorerPanel('nowhere.tflite')"
    )
    assert not done.success
    assert lines == ["FileFormatError: nowhere.tflite: there is no such file"]
