"""``dvfs serve``: the virtual board as a serial port, for software that talks to a real one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.commands.parameters import FREQUENCY, PLL_LOCK
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["serve"]


@click.command()
@click.argument("network", required=False)
@click.option(
    "--hse", type=FREQUENCY, default=8e6, help="HSE of the board; by default 8MHz, as sold."
)
@click.option("--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds.")
@click.option("--firmware", type=click.Path(path_type=Path), help="An ELF file of your own.")
@click.option("--link", type=click.Path(path_type=Path), help="Make a link to the terminal there.")
def serve(
    *,
    network: str | None,
    hse: float,
    pll_lock: str | float,
    firmware: Path | None,
    link: Path | None,
) -> None:
    """Put the virtual board behind a pseudo-terminal, until Ctrl-C.

    Any program can open the terminal as the serial port of a Nucleo, this one with
    --board nucleo:PATH. NETWORK is put into flash memory beforehand, which is quicker than to send
    it over the line.
    """
    if network is not None and firmware is not None:
        raise click.UsageError("NETWORK is for the package's own firmware; --firmware is another")
    from dvfs_kernel.boards.nucleo.pty_server import PtyServer  # noqa: PLC0415
    from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: PLC0415
    from dvfs_kernel.image import image, memory_plan  # noqa: PLC0415  the engine loads slowly
    from dvfs_kernel.image.firmware import firmware_path  # noqa: PLC0415

    data = None
    if network is not None:
        model = load_network(network)
        data = image.build(model, memory_plan.plan(model)).data
    with VirtualBoard(hse_hz=int(hse), pll_lock=pll_lock) as board:
        board.flash(firmware or firmware_path(), data)
        board.reset()
        server = PtyServer(board)
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        with _linked(link, server.path):
            click.echo(f"the virtual board is at {server.path}; Ctrl-C takes it away")
            try:
                server.serve()
            except KeyboardInterrupt:
                click.echo("the board is gone", err=True)


@contextmanager
def _linked(link: Path | None, path: str) -> Iterator[None]:
    if link is None:
        yield
        return
    if link.is_symlink():
        link.unlink()  # of an earlier board
    try:
        link.symlink_to(path)
    except FileExistsError as error:
        raise BoardError(f"{link} exists and is no link: name another place with --link") from error
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
