"""What is printed for people: prose that wraps at a terminal's width, and stays whole in a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

__all__ = ["printable", "say", "terminal_width"]

# Below it, nothing can be laid out; a terminal that says less has no size to tell.
_LEAST_WIDTH = 20


def terminal_width() -> int | None:
    """Return the width of the terminal in columns; None in a file or a pipe, which has room."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size().columns, _LEAST_WIDTH)


def printable(text: str) -> str:
    """Replace what a name from a file could make a terminal do."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def say(text: str) -> None:
    """Print prose; in a terminal lines break between words, and go on as far in as they began."""
    width = terminal_width()
    for line in text.split("\n"):
        if width is None or len(line) <= width:
            click.echo(line)
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        broken = textwrap.wrap(
            line,
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        click.echo("\n".join(broken))
