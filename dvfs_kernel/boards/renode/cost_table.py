"""What each stretch of an inference costs on the embedded engine, for one that cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import BoardSilentError, FirmwareFaultError

if TYPE_CHECKING:
    from dvfs_kernel.boards.ground_truth import InferenceTruth, Stretch
    from dvfs_kernel.boards.virtual import VirtualBoard

__all__ = ["CostTableSource", "table_rows"]


def table_rows(truth: InferenceTruth) -> str:
    """Return an inference as text, a line for each piece of each stretch.

    A line has marker pins, cycles, instructions, busy cycles and flash words; where SYSCLK changes
    within a stretch, the next line has ``+`` instead of pins. It is what
    `renode_platform.ironpython.markers` reads.

    Parameters
    ----------
    truth
        Of a board that has counters.
    """
    return "\n".join(line for stretch in truth.stretches for line in _lines(stretch))


def _lines(stretch: Stretch) -> list[str]:
    heads = [str(stretch.odr)] + ["+"] * (len(stretch.pieces) - 1)
    return [
        f"{head} {max(piece.cycles, 1)} {piece.counters.instructions} "
        f"{piece.counters.busy_cycles} {piece.counters.flash_words!r}"
        for head, piece in zip(heads, stretch.pieces, strict=True)
    ]


class CostTableSource:
    """A virtual board that hears what another board hears, and is asked first.

    Parameters
    ----------
    board
        In the same state as the other board.
    """

    def __init__(self, board: VirtualBoard) -> None:
        self.board = board
        self._told = 0

    def reset(self) -> None:
        """Start the firmware from its reset vector."""
        self.board.reset()
        self._told = 0

    def read(self, timeout_s: float) -> str:
        """Run to the next reply, and return the table of the inferences that ended before it.

        Where the firmware faults there is no table; the other board will fault by itself.
        """
        try:
            self.board.read(timeout_s)
        except (FirmwareFaultError, BoardSilentError):
            return ""
        ended = self.board.ground_truth().inferences
        if len(ended) < self._told:  # the oldest of very many were forgotten
            self._told = 0
        fresh, self._told = ended[self._told :], len(ended)
        return "\n\n".join(table_rows(truth) for truth in fresh)
