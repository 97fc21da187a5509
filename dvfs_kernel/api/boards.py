"""``dvfs.list_boards``: which boards are there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage import rows as tables

if TYPE_CHECKING:
    from dvfs_kernel.storage.rows import Row

__all__ = ["BoardsResult", "FoundBoard", "list_boards"]


@dataclass(frozen=True)
class FoundBoard:
    """A board that is there.

    Parameters
    ----------
    board
        What the verbs take as their ``board``.
    port
        Its serial port; empty where it needs none.
    what
        What it is, for people.
    """

    board: str
    port: str
    what: str


@dataclass(frozen=True, repr=False)
class BoardsResult(tables.Tabled):
    """The boards that are there.

    Parameters
    ----------
    boards
        The virtual one first.
    """

    boards: tuple[FoundBoard, ...]

    def __repr__(self) -> str:
        return f"<Boards: {', '.join(found.board for found in self.boards)}>"

    @property
    def rows(self) -> list[Row]:
        """One row a board."""
        return [asdict(found) for found in self.boards]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"boards": self.rows}


def list_boards() -> BoardsResult:
    """List the boards that are there: the virtual one, and every ST-LINK that is plugged in."""
    # Slow to load on some systems.
    from dvfs_kernel.boards.nucleo.serial_ports import st_link_ports

    physical = [
        FoundBoard(f"nucleo:{port.serial_number}", port.device, "an ST-LINK")
        for port in st_link_ports()
    ]
    return BoardsResult((FoundBoard("virtual", "", "the virtual board, always there"), *physical))
