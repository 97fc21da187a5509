"""``dvfs completion``: let a shell complete commands, networks, boards and options."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from dvfs_kernel.commands.command import Command

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")
# Where Debian, Fedora and Homebrew put what lets bash look for completions by itself.
_BASH_COMPLETION = (
    "/usr/share/bash-completion/bash_completion",
    "/etc/bash_completion",
    "/opt/homebrew/etc/profile.d/bash_completion.sh",
    "/usr/local/etc/profile.d/bash_completion.sh",
)


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.option("--install", is_flag=True, help="Put it where the shell looks for it.")
@click.pass_context
def completion(ctx: click.Context, *, shell: str | None, install: bool) -> None:
    """Let SHELL complete commands, networks, boards and options after the tab key.

    Without --install the script is printed; without SHELL it is for the one that is named by the
    variable SHELL. Run dvfs completion --install once and open a new terminal.
    """
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        raise click.UsageError(
            f"the shell {name!r} is none of {', '.join(_SHELLS)}: name one of them", ctx
        )
    script = _script(ctx.find_root().command, name)
    if not install:
        click.echo(script)
        return
    place = _place(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(script, encoding="utf-8")
    click.echo(place)
    if advice := _advice(name, place):
        click.echo(advice, err=True)


def _script(command: click.Command, shell: str) -> str:
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(command, {}, "dvfs", "_DVFS_COMPLETE").source()


def _place(shell: str) -> Path:
    """Return the file in which a shell looks for the completions of ``dvfs``."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    if shell == "bash":
        own = os.environ.get("BASH_COMPLETION_USER_DIR")
        return (Path(own) if own else data / "bash-completion") / "completions" / "dvfs"
    if shell == "fish":
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return config / "fish" / "completions" / "dvfs.fish"
    return data / "zsh" / "site-functions" / "_dvfs"


def _advice(shell: str, place: Path) -> str:
    """Return what is left to do, as the shell does not look there by itself."""
    if shell == "bash" and not any(Path(file).exists() for file in _BASH_COMPLETION):
        return f"bash-completion is not installed: put this line into ~/.bashrc: source {place}"
    if shell == "zsh":
        return (
            "put these lines into ~/.zshrc, unless they are there: "
            f"fpath+=({place.parent}); autoload -Uz compinit && compinit"
        )
    return ""
