"""A command whose arguments are checked by the face."""

from __future__ import annotations

from typing import Any

import click

from dvfs_kernel.errors import ArgumentError

__all__ = ["Command"]


class Command(click.Command):
    """Tells arguments that do not go together as wrong usage, spelt as they were typed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ArgumentError as error:
            raise click.UsageError(error.spelt(self._flag), ctx) from error

    def _flag(self, name: str) -> str:
        """Return how an argument of the face is given on the command line."""
        for param in self.params:
            if f"--{name.replace('_', '-')}" in param.opts:
                return param.opts[0]
            if name == param.name and isinstance(param, click.Argument):
                return param.make_metavar(click.Context(self))
        return name
