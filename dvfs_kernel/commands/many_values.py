"""Options that take several values behind one another: ``--qos 10 30 50``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel.commands.command import Command, remember_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ManyValues"]

# A number, perhaps with a unit: nothing that could be a network or another option.
_NUMBER = r"[\d.]+([eE][+-]?\d+)?[a-zA-Zµμ%]*"
_VALUES = re.compile(rf"{_NUMBER}(,{_NUMBER})*")


class ManyValues(Command):
    """A command in which ``multiple`` options go on while numbers follow, or commas join them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further value."""
        remember_words(ctx, args)
        names = {
            name
            for param in self.params
            if isinstance(param, click.Option) and param.multiple
            for name in param.opts
        }
        return super().parse_args(ctx, list(_repeated(args, names)))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show the arguments first, as they are written first."""
        pieces: list[Any] = super().collect_usage_pieces(ctx)
        return [*pieces[1:], *pieces[:1]]


def _repeated(args: Iterable[str], names: set[str]) -> Iterator[str]:
    option = ""
    is_later = False
    for arg in args:
        if arg in names:
            option, is_later = arg, False
        elif option and _VALUES.fullmatch(arg):
            for value in arg.split(","):
                if is_later:
                    yield option
                yield value
                is_later = True
            continue
        else:
            option = ""
        yield arg
