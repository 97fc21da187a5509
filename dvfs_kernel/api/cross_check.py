"""``dvfs.cross_check``: the embedded engine and Renode, held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.api.network import load
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.json_file import write_json

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.evidence.cross_check import CrossCheck, Sheet
    from dvfs_kernel.storage.rows import Row

    Level = Literal["cycles", "fast"]

__all__ = ["CrossCheckResult", "cross_check"]


@dataclass(frozen=True, eq=False, repr=False)
class CrossCheckResult(tables.Tabled):
    """Every schedule at every level of fidelity, on the embedded engine and on Renode.

    Parameters
    ----------
    checked
        What was found.
    """

    checked: CrossCheck

    def __repr__(self) -> str:
        failures = self.failures
        agree = f"{failures[0]} (of {len(failures)})" if failures else "the engines agree"
        count = len(self.checked.comparisons)
        return f"<Cross-check of {self.checked.network}, {count} comparisons: {agree}>"

    @property
    def failures(self) -> list[str]:
        """What does not agree as it should."""
        return [text for found in self.checked.comparisons for text in found.failures()]

    @property
    def table(self) -> str:
        """What the embedded engine takes for one clock, for Renode's ``$cycles``."""
        return self.checked.table

    @property
    def sheets(self) -> list[Sheet]:
        """What ``dvfs cross-check`` prints: what agrees, time and energy by segment, and speed."""
        from dvfs_kernel.evidence.cross_check import sheets_of

        return list(sheets_of(self.checked))

    @property
    def rows(self) -> list[Row]:
        """One row a schedule, level, layer and segment: both engines' counts, times, energies.

        What begins with ``renode_`` is Renode's; a layer of None is what is outside layers.
        """
        return [
            {
                "schedule": comparison.schedule,
                "level": comparison.fidelity,
                "layer": part.layer,
                "segment": part.segment.name.lower(),
                "stretches": part.stretches,
                "instructions": part.instructions[0],
                "renode_instructions": part.instructions[1],
                "time_s": part.time_s[0],
                "renode_time_s": part.time_s[1],
                "energy_j": part.energy_j[0],
                "renode_energy_j": part.energy_j[1],
            }
            for comparison in self.checked.comparisons
            for part in comparison.parts
        ]

    def verify(self) -> None:
        """Refuse engines that disagree.

        Raises
        ------
        VerificationError
            Outputs, register traffic, or instructions differ, or at the level cycles time or energy
            of a segment is off by more than 1 %.
        """
        self.checked.verify()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs cross-check --json`` prints it."""
        return self.checked.to_dict()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())

    def _repr_html_(self) -> str:
        found = [
            {
                "schedule": comparison.schedule,
                "level": comparison.fidelity,
                "same output": comparison.outputs_equal,
                "same clock accesses": not comparison.traffic_difference,
                "time off": f"{comparison.time_deviation:+.3%}",
                "energy off": f"{comparison.energy_deviation:+.3%}",
            }
            for comparison in self.checked.comparisons
        ]
        return tables.to_html(repr(self)[1:-1], found)


def cross_check(
    network: NetworkLike = "vww",
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    level: Level | Sequence[Level] = ("cycles", "fast"),
    markdown: str | os.PathLike[str] | None = None,
    table: str | os.PathLike[str] | None = None,
    progress: Shown = True,
) -> CrossCheckResult:
    """Run a network on the embedded engine and on Renode, and compare.

    Three schedules: one clock, hops within layers, PLL relocks between layers.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    hse
        HSE of both boards; by default 50 MHz.
    pll_lock
        As of `dvfs.open_board`.
    level
        Of fidelity on Renode: one, or several.
    markdown
        Put the tables into this page, too, between its two comments for them.
    table
        Write what the embedded engine takes for one clock into this file, for Renode's ``$cycles``.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    CrossCheckResult
        Also where the engines disagree: see `CrossCheckResult.verify`.

    Raises
    ------
    ArgumentError
        There is no such level.
    FileFormatError
        The page has no place for the tables.
    RenodeUnavailableError
        Renode or pyrenode3 is not there.
    DvfsError
        As `dvfs.load`, and whatever a run ended with.
    """
    levels = (level,) if isinstance(level, str) else tuple(level)
    # Networks and engines cost seconds to load: not before the arguments are right.
    from dvfs_kernel.evidence import cross_check as checking
    from dvfs_kernel.networks.input_tensor import sample_input
    from dvfs_kernel.storage.atomic_file import write_atomically

    if not levels or not set(levels) <= set(checking.FIDELITIES):
        raise ArgumentError(
            f"{{level}} is {level!r}; {' or '.join(checking.FIDELITIES)} is allowed"
        )
    page = None if markdown is None else Path(markdown)
    if page is not None:
        checking.check_page(page)
    loaded = load(network)
    spec = board_spec("virtual", hse=hse, pll_lock=pll_lock)
    with shown_progress(progress) as shown:
        checked = checking.cross_check(
            loaded,
            sample_input(loaded.tensors[loaded.input]),
            spec,
            fidelities=[name for name in checking.FIDELITIES if name in levels],
            progress=shown,
        )
    if table is not None:
        write_atomically(Path(table), f"{checked.table}\n".encode())
    if page is not None:
        checking.update_page(page, checked)
    return CrossCheckResult(checked)
