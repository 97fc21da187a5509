"""Finding Renode, and what a user is told where it is absent, old or only half there."""

import stat

import pytest

from dvfs_kernel.boards.renode import installation
from dvfs_kernel.errors import BoardError, RenodeUnavailableError


@pytest.fixture
def computer(tmp_path, monkeypatch):
    """A computer with pyrenode3, mono and nothing else."""
    for name in ("PYRENODE_BIN", "PYRENODE_PKG", "PYRENODE_BUILD_DIR", "PYRENODE_RUNTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(installation, "_PACKAGE", tmp_path / "package")
    monkeypatch.setattr(installation, "_PORTABLE_PLACES", (tmp_path / "home",))
    install(tmp_path, "mono", "exit 0")
    return tmp_path


def install(computer, name, script):
    path = computer / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def complete_package(computer):
    (computer / "package/bin").mkdir(parents=True)
    (computer / "package/bin/Renode.exe").touch()


def refusal():
    with pytest.raises(RenodeUnavailableError) as caught:
        installation.find()
    assert isinstance(caught.value, (BoardError, ImportError))
    return str(caught.value)


def test_a_package_is_found(computer):
    install(computer, "renode", "echo Renode v1.16.1.12345")
    complete_package(computer)
    assert installation.find().where == str(computer / "package")


@pytest.mark.usefixtures("computer")
def test_absent():
    message = refusal()
    assert "there is no renode on PATH" in message
    assert "https://github.com/renode/renode/releases" in message


@pytest.mark.usefixtures("computer")
def test_without_pyrenode3(monkeypatch):
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda _: None)
    assert refusal().startswith("pyrenode3 is not installed. Install Renode 1.16")


def test_too_old(computer):
    install(computer, "renode", "echo Renode v1.15.3")
    assert refusal().startswith("Renode 1.15.3 is too old: 1.16 or later")


def test_without_a_version(computer):
    install(computer, "renode", "echo hello")
    assert "tells no version, but 'hello'" in refusal()


def test_a_command_that_fails(computer):
    install(computer, "renode", "echo mono is broken >&2; exit 3")
    assert "ended with code 3: mono is broken" in refusal()


def test_half_installed(computer):
    install(computer, "renode", "echo Renode v1.16.1")
    assert "bin/Renode.exe is missing" in refusal()


def test_a_package_without_its_command(computer):
    complete_package(computer)
    assert "only half installed" in refusal()


def test_without_mono(computer):
    install(computer, "renode", "echo Renode v1.16.1")
    complete_package(computer)
    (computer / "bin/mono").unlink()
    assert "there is no mono on PATH" in refusal()


@pytest.mark.usefixtures("computer")
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PYRENODE_PKG": "/nowhere"}, "PYRENODE_PKG is '/nowhere', which does not exist"),
        ({"PYRENODE_BIN": "/a", "PYRENODE_PKG": "/b"}, "PYRENODE_BIN and PYRENODE_PKG are set"),
        ({"PYRENODE_BIN": "/", "PYRENODE_RUNTIME": "jvm"}, "allowed: mono, coreclr"),
        ({"PYRENODE_BIN": "/"}, "needs PYRENODE_RUNTIME=coreclr"),
    ],
)
def test_wrong_variables(monkeypatch, variables, message):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert message in refusal()
