"""``dvfs.list_clocks``: which clocks a board can have, what they draw, what changing them costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.study_plan import clock_list_of
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, PRESETS
from dvfs_kernel.clocks.space import describe, iso_frequency, settings_at
from dvfs_kernel.clocks.state import states_of
from dvfs_kernel.errors import ArgumentError, ClockError
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.rows import Tabled
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.api.arguments.study_plan import ClocksLike
    from dvfs_kernel.api.board import Ask, BoardName
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.clocks.lists import ClockList
    from dvfs_kernel.clocks.space import IsoSetting
    from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
    from dvfs_kernel.storage.rows import Row

__all__ = ["CLOCK_LISTS", "ClocksResult", "list_clocks"]

#: Names of lists of clocks.
CLOCK_LISTS: Final = tuple(PRESETS)

SCHEMA = "dvfs-kernel/clocks"
SCHEMA_VERSION = 1

# More would not fit a schedule, beside HSI and HSE.
_MATRIX_CLOCKS_MAX = 30
# Layers of the network that changes are made between.
_MATRIX_LAYERS = 24


@dataclass(frozen=True, eq=False, repr=False)
class ClocksResult(Tabled):
    """Clock settings of a board.

    Parameters
    ----------
    listed
        The settings, and those that the data sheet forbids.
    iso
        Every legal setting of the same SYSCLKs, where that was asked for.
    switching
        Time and energy of every change between the clocks, where that was asked for.
    """

    listed: ClockList
    iso: tuple[IsoSetting, ...] | None
    switching: SwitchCosts | None

    def __repr__(self) -> str:
        return f"<Clocks {self.listed.name}: {len(self.listed.settings)} settings>"

    @property
    def listed_rows(self) -> list[Row]:
        """One row a setting of the list."""
        return [describe(setting, self.listed.hse_hz) for setting in self.listed.settings]

    @property
    def rows(self) -> list[Row]:
        """One row a setting; with the others of their SYSCLKs where those were asked for."""
        chosen = {row.setting: row.chosen for row in self.iso or ()}
        found = []
        for setting in chosen or dict.fromkeys(self.listed.settings):
            row = describe(setting, self.listed.hse_hz)
            if self.iso:
                row["chosen"] = chosen[setting]
            found.append(row)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs clocks --json`` prints it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "hse_hz": self.listed.hse_hz,
            **self.listed.to_dict(),
            "iso": None if self.iso is None else [row.to_dict() for row in self.iso],
            "switching": None if self.switching is None else self.switching.to_dict(),
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write `rows` as CSV; return the path."""
        target = Path(path)
        write_atomically(target, tables.to_csv(self.rows).encode())
        return target


def list_clocks(
    *,
    hse: str | float | None = None,
    clocks: ClocksLike = "default",
    sysclk: str | float | None = None,
    iso: bool = False,
    matrix: bool = False,
    board: BoardName = "virtual",
    pll_lock: PllLockLike | None = None,
    progress: Shown = True,
    ask: Ask = None,
) -> ClocksResult:
    """List clock settings of a board, those that the data sheet forbids, and their currents.

    Parameters
    ----------
    hse
        HSE of the board, an external clock; by default the paper's 50 MHz.
    clocks
        As of `dvfs.explore`.
    sysclk
        Only settings that give this SYSCLK, in hertz or as text such as ``"216MHz"``.
    iso
        Every setting of the same SYSCLKs, the cheapest chosen.
    matrix
        Measure on ``board`` what changing between the clocks costs.
    board, pll_lock, ask
        As of `dvfs.open_board`.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Raises
    ------
    ArgumentError
        The list of clocks is empty, unreadable or illegal at this HSE.
    ClockError
        No setting gives the SYSCLK, or there are too many clocks to be changed between.
    BoardError
        As `dvfs.open_board`.
    """
    hse_hz = PAPER_HSE_HZ if hse is None else quantity.FREQUENCY.parse(hse)
    try:
        listed = clock_list_of(clocks, hse_hz)
    except ClockError as error:
        raise ArgumentError(str(error)) from error
    if sysclk is not None:
        listed = _at(listed, quantity.FREQUENCY.parse(sysclk))
    rows = tuple(_iso_rows(listed)) if iso else None
    costs = None
    if matrix:
        spec = board_spec(board, hse=hse_hz, pll_lock=pll_lock)
        costs = _measure(listed, spec, progress, ask)
    return ClocksResult(listed, rows, costs)


def _at(listed: ClockList, sysclk_hz: int) -> ClockList:
    """Keep the settings that give one SYSCLK."""
    hse_hz = listed.hse_hz
    kept = tuple(s for s in listed.settings if s.sysclk_hz(hse_hz) == sysclk_hz)
    if not kept:
        near = sorted({s.sysclk_hz(hse_hz) for s in listed.settings},
                      key=lambda hz: abs(hz - sysclk_hz))[:2]  # fmt: skip
        raise ClockError(
            f"no setting of {listed.name} gives a SYSCLK of {megahertz(sysclk_hz)}; the nearest "
            f"are {' and '.join(map(megahertz, sorted(near)))}; "
            "the list all has every legal setting"
        )
    return replace(listed, settings=kept)


def _iso_rows(listed: ClockList) -> list[IsoSetting]:
    """Return every legal setting of the list's SYSCLKs, and what the list has beside those."""
    hse_hz = listed.hse_hz
    legal = [
        setting
        for sysclk_hz in sorted({s.sysclk_hz(hse_hz) for s in listed.settings})
        for setting in settings_at(sysclk_hz, hse_hz)
    ]
    return iso_frequency([*legal, *listed.settings], hse_hz)


def _measure(listed: ClockList, spec: BoardSpec, progress: Shown, ask: Ask) -> SwitchCosts:
    if len(listed.settings) > _MATRIX_CLOCKS_MAX:
        raise ClockError(
            f"a matrix of {len(listed.settings)} clocks: at most {_MATRIX_CLOCKS_MAX} can be "
            "changed between; choose some of them"
        )
    states = states_of(listed.settings, listed.hse_hz)
    # The engine costs half a second to load: not before the arguments are right.
    from dvfs_kernel.exploration.switching.measurement import measure_switching
    from dvfs_kernel.exploration.switching.network import switching_network
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.networks.input_tensor import sample_input

    network = switching_network(_MATRIX_LAYERS)
    with spec.open(ask=ask) as opened, shown_progress(progress) as shown:
        deployment = Deployment(network, opened)
        data = sample_input(network.tensors[network.input])
        return measure_switching(deployment, data, states, shown).costs
