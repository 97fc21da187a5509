"""Which board to use, as plain values: what the command line names and worker processes open."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from dvfs_kernel.clocks.pll_lock import TYPICAL, PllLock
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.boards.board_profile import BoardProfile
    from dvfs_kernel.boards.renode.board import Fidelity

__all__ = ["KINDS", "BoardSpec"]

#: Kinds of board, and what may stand behind a colon, the default first; None: anything.
KINDS: dict[str, tuple[str, ...] | None] = {
    "virtual": (),
    "renode": ("fast", "cycles"),
    "nucleo": None,
}


@dataclass(frozen=True)
class BoardSpec:
    """A board that is not open yet.

    It holds no resources, so it can be pickled, compared and written into a cache's key.

    Parameters
    ----------
    kind
        A key of `KINDS`.
    detail
        What stood behind the colon; empty for the kind's default.
    hse_hz
        Frequency of the HSE; by default the board's own.
    pll_lock
        Lock latency of an emulated board's PLL.
    profile
        Parameters in place of the package's, of a virtual board, or of the one whose power
        stands for a physical board's.

    Raises
    ------
    BoardError
        There is no such kind, it takes no such detail, a physical PLL is told how to lock, or
        the kind takes no profile.
    """

    kind: str = "virtual"
    detail: str = ""
    hse_hz: int | None = None
    pll_lock: PllLock = TYPICAL
    profile: BoardProfile | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BoardError(f"board {self.kind!r} is unknown; allowed: {_allowed()}")
        details = KINDS[self.kind]
        if self.detail and details is not None and self.detail not in details:
            least = f"{' or '.join(details)} may" if details else "nothing may"
            raise BoardError(
                f"board {self.kind}:{self.detail} is unknown: {least} stand behind "
                f"{self.kind}; allowed: {_allowed()}"
            )
        if self.kind == "renode" and self.profile is not None:
            raise BoardError(
                "the board renode takes no profile; one can be set for virtual, and for nucleo, "
                "whose energies are those of a virtual board"
            )
        if self.kind == "nucleo" and self.pll_lock != TYPICAL:
            raise BoardError(
                f"the PLL of a {self.kind} locks in its own time, not in {self.pll_lock.plain}; "
                "a lock time can be set for a virtual board only"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``kind`` or ``kind:detail``."""
        kind, _, detail = text.partition(":")
        kind, detail = kind.strip().lower(), detail.strip()
        # A port's name is what it is; a choice of ours may be written in capitals.
        return cls(kind, detail.lower() if KINDS.get(kind) else detail)

    def __str__(self) -> str:
        return f"{self.kind}:{self.detail}" if self.detail else self.kind

    @property
    def is_physical(self) -> bool:
        """Whether there is one such board, with a time of its own, that knows no ground truth."""
        return self.kind == "nucleo"

    def key(self) -> dict[str, Any]:
        """Return plain values that are equal for boards that behave alike, for a cache's key."""
        # The profile of a physical board is its twin's: metal does what it does.
        profile = {"profile": None} if self.is_physical else {}
        plain = {"detail": self._detail, "pll_lock": self.pll_lock.plain}
        return asdict(self) | plain | profile | self._renode_key()

    def _renode_key(self) -> dict[str, str]:
        if self.kind != "renode":
            return {}
        from dvfs_kernel.boards.renode.installation import installed_version  # noqa: PLC0415

        return {"renode": installed_version()}

    @property
    def _detail(self) -> str:
        return self.detail or next(iter(KINDS[self.kind] or ()), "")

    @property
    def has_counters(self) -> bool:
        """Whether runs there tell what the cost at any other clock follows from."""
        return self.kind == "virtual"

    @property
    def tells_cycles(self) -> bool:
        """Whether time there depends on what is executed, not on how many instructions alone."""
        return self.kind != "renode" or self._detail == "cycles"

    def open(self, *, ask: Callable[[str], bool] | None = None) -> Board:
        """Make the board.

        Parameters
        ----------
        ask
            Answers whether a physical board that runs another firmware may be programmed; by
            default it may not.

        Raises
        ------
        BoardError
            The board is not there or does not start.
        """
        if self.kind == "nucleo":
            from dvfs_kernel.boards.nucleo.board import STOCK_HSE_HZ, NucleoBoard  # noqa: PLC0415

            return NucleoBoard(self.detail, hse_hz=self.hse_hz or STOCK_HSE_HZ, ask=ask)
        if self.kind == "renode":
            from dvfs_kernel.boards.renode.board import RenodeBoard  # noqa: PLC0415

            return RenodeBoard(
                fidelity=cast("Fidelity", self._detail),
                hse_hz=self.hse_hz,
                pll_lock=self.pll_lock,
            )
        # The engine costs half a second to load: not for a message about a wrong name.
        from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: PLC0415

        return VirtualBoard(hse_hz=self.hse_hz, pll_lock=self.pll_lock, profile=self.profile)


def _allowed() -> str:
    return ", ".join(map(_form, KINDS))


def _form(kind: str) -> str:
    details = KINDS[kind]
    if details is None:
        return f"{kind}[:port or serial number]"
    return f"{kind}[:{'|'.join(details)}]" if details else kind
