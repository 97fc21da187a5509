"""A command whose arguments are checked by the face."""

from __future__ import annotations

import math
import os
import re
import shlex
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import dvfs_kernel as dvfs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Command", "remember_words", "typed_command"]

# No name of a file has as many, and no number that means anything.
_MOST_DIGITS: Final = 300
_MANY_DIGITS: Final = re.compile(rf"\d{{{_MOST_DIGITS},}}", re.ASCII)
_LARGEST: Final = 2**63
_LONG_MESSAGE: Final = 1000
_WORDS: Final = f"{__name__}.words"
# Where a command remembers whether it is to be quiet.
_QUIET: Final = "dvfs_kernel.quiet"
_TYPED: Final = click.core.ParameterSource.COMMANDLINE


def remember_words(ctx: click.Context, args: Sequence[str]) -> None:
    """Note what a command was called with, unless that is known: before anything is rewritten."""
    ctx.meta.setdefault(_WORDS, list(args))


def typed_command() -> str:
    """Return the command that is being run, as one would type it again.

    Its words are those that it was called with, which are not this process's where it is embedded.
    """
    ctx = click.get_current_context()
    return shlex.join(["dvfs", ctx.info_name or "", *ctx.meta[_WORDS]])


class Command(click.Command):
    """Spells arguments in messages as they were typed; what does not go together is wrong usage.

    Where a network is missing, the message tells which there are.

    Parameters
    ----------
    talks
        Whether what it prints is its work, as a terminal's text is: it has no ``--quiet`` then.
    """

    def __init__(self, *args: Any, talks: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not talks:
            self.params.append(
                click.Option(
                    ["-q", "--quiet"],
                    is_flag=True,
                    expose_value=False,
                    callback=_remember_quiet,
                    help="Print nothing but errors, and JSON where it is asked for.",
                )
            )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse numbers that no option takes; those that are too long, in a short message."""
        words = list(args)
        remember_words(ctx, words)
        try:
            rest = super().parse_args(ctx, args)
        except click.MissingParameter as error:
            if error.param is None or error.param.name != "network":
                raise
            raise click.UsageError(_missing_network(ctx), ctx) from error
        except click.UsageError as error:
            if len(error.message) > _LONG_MESSAGE:
                _refuse_digits(ctx, words)
            raise
        except (ValueError, OverflowError):
            _refuse_digits(ctx, words)
            raise
        _refuse_digits(ctx, words)
        for param in self.params:
            if ctx.get_parameter_source(param.name or "") is not _TYPED:
                continue
            for number in _numbers(ctx.params.get(param.name or "")):
                if not math.isfinite(number) or abs(number) >= _LARGEST:
                    name = param.opts[0] if param.opts else param.name
                    raise click.UsageError(
                        f"{name} is {number!s:.40}; a number of less than 2^63 is allowed", ctx
                    )
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _quiet(ctx) if ctx.meta.get(_QUIET) else nullcontext():
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


def _remember_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    ctx.meta[_QUIET] = value


@contextmanager
def _quiet(ctx: click.Context) -> Iterator[None]:
    """Let nothing be printed but errors, and JSON where that is what is printed."""
    with dvfs.without_progress(), ExitStack() as stack:
        if not ctx.params.get("as_json"):
            nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(nowhere))
        yield


def _missing_network(ctx: click.Context) -> str:
    names = dvfs.builtin_networks()
    return (
        f"which network? Built in are {', '.join(names[:-1])} and {names[-1]}; a file of yours "
        f"ends with .tflite. Such as: {ctx.command_path} {names[0]} "
        "(dvfs networks tells more of each)"
    )


def _refuse_digits(ctx: click.Context, words: list[str]) -> None:
    for word in words:
        if many := _MANY_DIGITS.search(word):
            raise click.UsageError(
                f"{word[: many.start()][:40]}{many[0][:12]}… has {len(many[0]):,} digits; "
                f"fewer than {_MOST_DIGITS} are allowed",
                ctx,
            )


def _numbers(value: object) -> Iterator[int | float]:
    if isinstance(value, tuple | list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float):
        yield value
