"""A command whose arguments are checked by the face."""

from __future__ import annotations

from typing import Any

import click

import dvfs_kernel as dvfs

__all__ = ["Command"]


class Command(click.Command):
    """Spells arguments in messages as they were typed; what does not go together is wrong usage."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except dvfs.ArgumentError as error:
            raise click.UsageError(error.spelt(self._flag), ctx) from error
        except dvfs.DvfsError as error:
            raise click.ClickException(error.spelt(self._flag)) from error

    def _flag(self, name: str) -> str:
        """Return how an argument of the face is given on the command line."""
        for param in self.params:
            if f"--{name.replace('_', '-')}" in param.opts:
                return param.opts[0]
            if name == param.name:  # an argument, or an option whose word is one of Python's
                is_option = isinstance(param, click.Option)
                return param.opts[0] if is_option else param.human_readable_name
        return name
