"""``dvfs docs``: what it refuses, and that it leaves nothing half written."""

import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from dvfs_kernel.commands import site_build
from dvfs_kernel.commands.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["docs", "--no-open", "--no-notebooks", *arguments])


def test_without_sphinx_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(site_build, "find_spec", lambda _: None)
    done = run("-o", str(tmp_path / "site"))
    assert done.exit_code == 1
    assert "pip install 'dvfs-kernel[docs]'" in done.output
    assert list(tmp_path.iterdir()) == []


def test_without_pages_it_says_where_it_looked(monkeypatch, tmp_path):
    monkeypatch.setattr(site_build, "_PLACES", (tmp_path / "nowhere",))
    done = run("-o", str(tmp_path / "site"))
    assert done.exit_code == 1
    assert "nowhere" in done.output
    assert "run the command in a clone" in done.output


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    done = run("-o", str(tmp_path))
    assert done.exit_code == 1
    assert "choose another folder with -o" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_network_without_notebooks_is_refused(tmp_path):
    done = run("-o", str(tmp_path / "site"), "--network", "vww")
    assert done.exit_code == 2
    assert "cannot go with --no-notebooks" in done.output


def small_pages(folder, text="# One\n"):
    folder.mkdir()
    (folder / "conf.py").write_text(
        "extensions = ['myst_parser']\nhtml_theme = 'furo'\n"
        "def setup(app):\n    app.add_config_value('executed_notebooks', '', 'env')\n"
    )
    (folder / "index.md").write_text(text)


@pytest.fixture
def pages(monkeypatch, tmp_path):
    monkeypatch.setattr(site_build, "_PLACES", (tmp_path / "docs",))
    return tmp_path / "docs"


@pytest.mark.filterwarnings("ignore")  # of Sphinx's own
def test_a_site_is_replaced_by_a_whole_one_and_kept_where_there_is_none(pages, tmp_path):
    small_pages(pages)
    site = tmp_path / "site"
    seen = []
    site_build.build_site(site, None, lambda *step: seen.append(step))
    assert "One" in (site / "index.html").read_text()
    assert seen[-1] == ("pages written", 1, 1)
    (pages / "index.md").write_text("# Two\n\n[nowhere](nowhere.md)\n")
    done = run("-o", str(site), "--check")
    assert done.exit_code == 1
    assert "nowhere.md" in done.output
    assert "One" in (site / "index.html").read_text()
    done = run("-o", str(site))
    assert done.exit_code == 0, done.output
    assert "Two" in (site / "index.html").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"docs", "site"}


def test_an_interruption_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "dvfs_kernel", "docs", "--no-open", "--no-notebooks"]
    with subprocess.Popen(
        [*command, "-o", "site"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
