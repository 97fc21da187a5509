"""What goes wrong with the terminal of ``dvfs boot`` is told, not lost in its thread."""

import time

import click
import pytest

from dvfs_kernel.commands import boot as boot_module


class Terminal:
    """Some bytes, and then an error or the end."""

    def __init__(self, *pieces):
        self.buffer = self
        self.pieces = list(pieces)

    def read(self, _size):
        piece = self.pieces.pop(0)
        if isinstance(piece, BaseException):
            raise piece
        return piece


def taken(monkeypatch, terminal, count):
    monkeypatch.setattr(boot_module.sys, "stdin", terminal)
    take = boot_module._terminal()
    found = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        if piece := take():
            found.append(piece)
        time.sleep(0.001)
    return found


def test_what_is_typed_comes(monkeypatch):
    assert taken(monkeypatch, Terminal(b"a", b"bc", b""), 2) == [b"a", b"bc"]


def test_a_terminal_that_is_gone_is_told(monkeypatch):
    with pytest.raises(click.ClickException, match=r"cannot be read: .*Input/output error"):
        taken(monkeypatch, Terminal(b"a", OSError(5, "Input/output error")), 2)


def test_another_error_comes_as_it_is(monkeypatch):
    with pytest.raises(RuntimeError, match="broken"):
        taken(monkeypatch, Terminal(RuntimeError("broken")), 1)
