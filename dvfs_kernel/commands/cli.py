"""The command line: ``dvfs``."""

from __future__ import annotations

import errno
import signal
from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.accuracy import accuracy
from dvfs_kernel.commands.approximate import approximate
from dvfs_kernel.commands.boards import boards
from dvfs_kernel.commands.boot import boot
from dvfs_kernel.commands.calibrate import calibrate
from dvfs_kernel.commands.clocks import clocks
from dvfs_kernel.commands.completion import completion
from dvfs_kernel.commands.cross_check import cross_check
from dvfs_kernel.commands.deploy import deploy
from dvfs_kernel.commands.docs import docs
from dvfs_kernel.commands.doctor import doctor
from dvfs_kernel.commands.explore import explore
from dvfs_kernel.commands.flash import flash
from dvfs_kernel.commands.gallery import gallery
from dvfs_kernel.commands.infer import infer
from dvfs_kernel.commands.lab import lab
from dvfs_kernel.commands.measure import measure
from dvfs_kernel.commands.networks import networks
from dvfs_kernel.commands.optimise import optimise
from dvfs_kernel.commands.report import report
from dvfs_kernel.commands.run import run
from dvfs_kernel.commands.selftest import selftest
from dvfs_kernel.commands.serve import serve
from dvfs_kernel.commands.trace import trace
from dvfs_kernel.commands.validate import validate

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["cli", "main"]

_INTERRUPTED, _TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM  # as shells have it
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _Termination(KeyboardInterrupt):
    """The process was asked to end: it does so as behind Ctrl-C, what is done being kept."""


class _Group(click.Group):
    """Ends with one message and an exit code.

    That is 1 for an error, 2 for wrong usage, 130 for Ctrl-C and 143 for SIGTERM.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises on purpose becomes a message."""
        try:
            return super().invoke(ctx)
        except dvfs.DvfsError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader of a pipe has had enough; click ends quietly
            # Files tell their names: what is full without one is what this is printed to.
            unnamed = "standard output: " if error.errno in _FULL else ""
            place = f"{error.filename}: " if error.filename else unnamed
            raise click.ClickException(f"{place}{error.strerror or error}") from error
        except _Termination:
            click.echo("terminated", err=True)
            ctx.exit(_TERMINATED)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(_INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dvfs.__version__, package_name="dvfs-kernel", prog_name="dvfs")
def cli() -> None:
    """Run tinyML firmware on a virtual STM32F767 board that knows cycles and joules."""


cli.add_command(accuracy)
cli.add_command(approximate)
cli.add_command(boards)
cli.add_command(boot)
cli.add_command(calibrate)
cli.add_command(clocks)
cli.add_command(completion)
cli.add_command(cross_check)
cli.add_command(deploy)
cli.add_command(docs)
cli.add_command(doctor)
cli.add_command(explore)
cli.add_command(flash)
cli.add_command(gallery)
cli.add_command(infer)
cli.add_command(lab)
cli.add_command(measure)
cli.add_command(networks)
cli.add_command(optimise)
cli.add_command(report)
cli.add_command(run)
cli.add_command(selftest)
cli.add_command(serve)
cli.add_command(validate)
cli.add_command(trace)


def main() -> None:
    """Entry point of the installed script."""
    signal.signal(signal.SIGTERM, _terminate)
    cli()


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _Termination
