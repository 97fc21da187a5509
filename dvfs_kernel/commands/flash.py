"""``dvfs flash``: the firmware onto a physical board."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.parameters import BOARD

if TYPE_CHECKING:
    from dvfs_kernel.boards.spec import BoardSpec

__all__ = ["flash"]

_PROGRAMS = ["pyocd", "openocd", "st-flash"]


@click.command()
@click.argument("network", required=False)
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="nucleo[:port].")
@click.option(
    "--with", "program", type=click.Choice(_PROGRAMS), help="By default what is installed."
)
def flash(*, network: str | None, board: BoardSpec, program: str | None) -> None:
    """Program a Nucleo with the firmware, and with NETWORK if one is named.

    What is in the board's flash memory is overwritten. A board that has the firmware already is
    left alone.
    """
    if board.kind != "nucleo":
        raise click.UsageError(f"--board {board}: only a nucleo has to be programmed")
    from dvfs_kernel.boards.nucleo.board import NucleoBoard  # noqa: PLC0415
    from dvfs_kernel.image import image, memory_plan  # noqa: PLC0415  numpy and pyserial load slowly
    from dvfs_kernel.image.firmware import firmware_path  # noqa: PLC0415
    from dvfs_kernel.link.session import Session  # noqa: PLC0415

    data = None
    if network is not None:
        model = load_network(network)
        data = image.build(model, memory_plan.plan(model)).data
    elf = firmware_path()
    with (
        NucleoBoard(board.detail, ask=lambda _: True, programmer=program) as opened,
        shown_progress() as progress,
    ):
        opened.watch_transfers(progress)
        opened.flash(elf, data)
        build_id = Session(opened).hello().build_id
    click.echo(f"the board at {opened.device} runs firmware {build_id:08x}")
