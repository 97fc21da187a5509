"""``dvfs.flash``: the firmware onto a physical board."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from dvfs_kernel.api.arguments.image_bytes import image_bytes
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.board import BoardName
    from dvfs_kernel.api.network import NetworkLike

__all__ = ["FlashResult", "flash"]


@dataclass(frozen=True, repr=False)
class FlashResult:
    """A board that runs this package's firmware.

    Parameters
    ----------
    device
        Its serial port.
    firmware_build_id
        CRC-32 of the firmware's flash bytes, as the firmware computes it.
    """

    device: str
    firmware_build_id: int

    def __repr__(self) -> str:
        return f"<Board at {self.device}: firmware {self.firmware_build_id:08x}>"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"device": self.device, "firmware_build_id": f"{self.firmware_build_id:08x}"}

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>"


def flash(
    network: NetworkLike | None = None,
    *,
    board: BoardName = "nucleo",
    program: Literal["pyocd", "openocd", "st-flash"] | None = None,
    progress: Shown = True,
) -> FlashResult:
    """Program a Nucleo with the firmware, and with a network if one is named.

    What is in the board's flash memory is overwritten. A board that has the firmware already is
    left alone.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    board
        ``"nucleo"`` or ``"nucleo:PORT"``.
    program
        Who writes flash memory; by default what is installed. On the command line it is ``--with``,
        which in Python is a word of the language.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Raises
    ------
    ArgumentError
        The board is none that has to be programmed, or there is no such program.
    BoardError
        There is no board, it is another chip, or programming failed.
    DvfsError
        As `dvfs.load`.
    """
    spec = board_spec(board)
    if spec.kind != "nucleo":
        raise ArgumentError(f"{{board}} {spec}: only a nucleo has to be programmed")
    # NumPy and pyserial cost time to load: not before the arguments are right.
    from dvfs_kernel.boards.nucleo.board import NucleoBoard
    from dvfs_kernel.boards.nucleo.programmers import PROGRAMMERS
    from dvfs_kernel.image.firmware import firmware_path
    from dvfs_kernel.link.session import Session

    if program is not None and program not in PROGRAMMERS:
        raise ArgumentError(f"{{program}} is {program!r}; {', '.join(PROGRAMMERS)} is allowed")
    image = image_bytes(network)
    elf = firmware_path()
    with (
        NucleoBoard(spec.detail, ask=lambda _: True, programmer=program) as opened,
        shown_progress(progress) as shown,
    ):
        opened.watch_transfers(shown)
        opened.flash(elf, image)
        return FlashResult(opened.device, Session(opened).hello().build_id)
