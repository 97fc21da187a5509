"""``dvfs lab`` and ``dvfs gallery``: what they start, what they refuse, what they leave alone."""

import os
import re
import sys

import pytest
from click.testing import CliRunner
from notebook_files import NOTEBOOKS

from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import FileFormatError, VerificationError
from dvfs_kernel.widgets import extra, gallery, notebook_files


@pytest.fixture
def started(monkeypatch):
    """Return what takes the place of this process, word by word."""
    words = []
    monkeypatch.setattr(os, "execv", lambda _, line: words.extend(line))
    return words


def run(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_lab_opens_copies_and_keeps_those_that_are_there(started, tmp_path):
    mine = tmp_path / "work" / "1-clocks.ipynb"
    mine.parent.mkdir()
    mine.write_text("mine")
    done = run("lab", "--folder", str(mine.parent), "--no-browser", "--port", "9999", "--", "--x=1")
    assert done.exit_code == 0, done.output
    assert started[:3] == [sys.executable, "-m", "jupyterlab"]
    assert started[3:] == [str(mine), "--port=9999", "--no-browser", "--x=1"]
    assert mine.read_text() == "mine"
    copies = {path.name for path in mine.parent.iterdir()}
    assert copies == {path.name for path in NOTEBOOKS.glob("*.ipynb")}


def test_voila_serves_the_notebooks_as_they_are(started, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("lab", "--voila").exit_code == 0
    assert started[1:] == ["-m", "voila", str(NOTEBOOKS)]
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_lab_says_what_to_install(started, monkeypatch, tmp_path):
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    done = run("lab", "--folder", str(tmp_path / "work"))
    assert done.exit_code == 1
    assert "pip install 'dvfs-kernel[notebooks]'" in done.output
    assert (started, list(tmp_path.iterdir())) == ([], [])


def test_a_folder_that_is_a_file_and_a_port_that_is_none_are_refused(started, tmp_path):
    (tmp_path / "file").write_text("")
    assert run("lab", "--folder", str(tmp_path / "file")).exit_code == 2
    assert run("lab", "--folder", str(tmp_path / "file" / "below")).exit_code == 1
    assert run("lab", "--port", "0").exit_code == 2
    assert started == []


def test_a_package_carries_the_notebooks_and_a_clone_has_them_beside_it(monkeypatch, tmp_path):
    place = tmp_path / "notebooks"
    monkeypatch.setattr(notebook_files, "_PLACES", (place, NOTEBOOKS))
    assert notebook_files.find_notebooks()[0].parent == NOTEBOOKS
    notebook_files.copy_notebooks(place)
    assert notebook_files.find_notebooks()[0].parent == place
    monkeypatch.setattr(notebook_files, "_PLACES", (tmp_path / "nowhere",))
    with pytest.raises(FileFormatError, match="nowhere"):
        notebook_files.find_notebooks()


def test_a_gallery_of_a_network_that_is_none_is_refused_before_anything_runs(tmp_path):
    done = run("gallery", "-o", str(tmp_path / "pages"), "--network", "nowhere.tflite")
    assert done.exit_code == 1
    assert "nowhere.tflite: there is no such file" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.board
def test_a_gallery_has_a_page_for_each_notebook_that_fetches_nothing(tmp_path, monkeypatch):
    one = [NOTEBOOKS / "1-clocks.ipynb"]
    monkeypatch.setattr(gallery, "find_notebooks", lambda: one)
    seen = []
    page = gallery.write_gallery(
        tmp_path, None, lambda what, done, total: seen.append((what, done, total))
    )
    assert seen == [("notebooks", done, 1) for done in range(2)]
    assert page == tmp_path / "index.html"
    links = re.findall(r'href="([^"]+)"', page.read_text())
    assert links == ["1-clocks.html"]
    for link in links:
        text = (tmp_path / link).read_text()
        assert "dvfs-still" in text
        assert not re.findall(r'(?:src|href)="https?://(?!arxiv\.org)', text)
    assert 'href="2-access-and-execute.html"' in (tmp_path / links[0]).read_text()


@pytest.mark.board
def test_a_notebook_that_fails_is_named(tmp_path):
    with pytest.raises(VerificationError, match=r"6-boards\.ipynb: FileFormatError: .*nowhere"):
        gallery.execute(NOTEBOOKS / "6-boards.ipynb", tmp_path, "nowhere.tflite")
