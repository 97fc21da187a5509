"""Verbs for boards, reports and notebooks: what they return, refuse, and load."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from report_document import report_document

import dvfs_kernel as dvfs
from dvfs_kernel.boards.nucleo import serial_ports
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.widgets import extra


def test_boards_are_listed(monkeypatch):
    port = SimpleNamespace(device="/dev/ttyACM0", serial_number="066A", vid=0x0483, pid=0x374B)
    monkeypatch.setattr(serial_ports.list_ports, "comports", lambda: [port])
    found = dvfs.list_boards()
    assert repr(found) == "<Boards: virtual, nucleo:066A>"
    assert found.to_dict()["boards"][1] == {
        "board": "nucleo:066A",
        "port": "/dev/ttyACM0",
        "what": "an ST-LINK",
    }
    assert list(found.to_pandas()["board"]) == ["virtual", "nucleo:066A"]
    assert "066A" in found._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dvfs.flash(board="virtual"), "^board virtual: only a nucleo has to be programmed"),
        (lambda: dvfs.flash(program="hammer"), "^program is 'hammer'; pyocd, openocd, st-flash is"),
        (lambda: dvfs.serve("vww", firmware="my.elf"), "^network is for .*; firmware is another"),
        (lambda: dvfs.cross_check(level="slow"), "^level is 'slow'; cycles or fast is allowed"),
        (lambda: dvfs.cross_check(level=()), "^level is "),
        (lambda: dvfs.write_report({}), "^a document that is no file needs output"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(call, message):
    with pytest.raises(dvfs.ArgumentError, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("flash --board virtual", "--board virtual: only a nucleo has to be programmed"),
        ("serve vww --firmware my.elf", "NETWORK is for the package's own firmware; --firmware is"),
    ],
)
def test_the_command_line_spells_them_as_they_are_typed(arguments, message):
    result = CliRunner().invoke(cli, arguments.split())
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_an_error_that_names_arguments_can_be_spelt_and_sent():
    error = dvfs.BoardSilentError.naming("no end: {wall_limit} allows more")
    for same in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301  of this process
        assert str(same) == "no end: wall_limit allows more"
        assert same.spelt(str.upper) == "no end: WALL_LIMIT allows more"
    assert dvfs.BoardError("{left} alone").spelt(str.upper) == "{left} alone"


def test_a_report_of_plain_values_has_a_page(tmp_path):
    told = []
    page = dvfs.write_report(
        report_document(), tmp_path / "out", progress=lambda *done: told.append(done)
    )
    assert page == tmp_path / "out" / "report.html"
    assert told
    written = sorted(path.name for path in page.parent.iterdir())
    assert written == ["continue.ipynb", "figures", "report.html", "tables"]


def test_notebooks_are_copied_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(dvfs.copy_notebooks()) == len(dvfs.find_notebooks()) == 7
    assert dvfs.copy_notebooks("dvfs-notebooks") == []


def test_without_the_extra_panels_and_gallery_say_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    monkeypatch.delitem(vars(dvfs.widgets), "ExplorerPanel", raising=False)
    with pytest.raises(dvfs.MissingExtraError, match=r"dvfs-kernel\[notebooks\]"):
        _ = dvfs.widgets.ExplorerPanel
    with pytest.raises(dvfs.MissingExtraError, match="nbclient, nbconvert"):
        dvfs.write_gallery(tmp_path / "pages")
    assert not hasattr(dvfs.widgets, "NoPanel")
    assert list(tmp_path.iterdir()) == []


def test_panels_and_charts_are_on_the_face():
    assert set(dvfs.widgets.__all__) <= set(dir(dvfs.widgets))
    for name in dvfs.widgets.__all__:
        assert getattr(dvfs.widgets, name).__name__ == name
    assert callable(dvfs.charts.to_svg)


def test_neither_command_line_nor_face_loads_what_only_notebooks_need():
    script = (
        "import sys, dvfs_kernel as dvfs, dvfs_kernel.commands.cli\n"
        "dvfs.widgets, dvfs.write_gallery, dvfs.copy_notebooks, dvfs.boot, dvfs.serve\n"
        "print([m for m in ('ipywidgets', 'nbclient', 'altair', 'unicorn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
