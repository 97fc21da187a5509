"""``dvfs.self_test``: whether a board is wired as the guide says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.board import opened
from dvfs_kernel.api.measure import read_shunt
from dvfs_kernel.errors import ArgumentError, BoardError
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.json_file import write_json
from renode_platform.devices.datasheet import SHUNT_OHM

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dvfs_kernel.api.board import Ask, BoardName
    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.evidence.self_test.diagnosis import Finding
    from dvfs_kernel.evidence.self_test.readings import Readings
    from dvfs_kernel.storage.rows import Row

__all__ = ["SelfTestResult", "self_test"]

# What A0 and A1 can give; a test holds them against the room's.
_ADDRESSES = range(0x40, 0x50)


@dataclass(frozen=True, eq=False, repr=False)
class SelfTestResult(tables.Tabled):
    """What a board shows of its clocks and its sensor, and what is wrong with them.

    Parameters
    ----------
    readings
        What was read.
    findings
        What it means, from what everything depends on to what depends on the rest.
    """

    readings: Readings
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"<Self-test: {', '.join(f'{one.check} {_word(one)}' for one in self.findings)}>"

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """The checks that found a fault."""
        return tuple(finding.check for finding in self.findings if not finding.ok)

    @property
    def rows(self) -> list[Row]:
        """One row a check: ``check``, ``ok`` and ``text``."""
        return [asdict(finding) for finding in self.findings]

    def verify(self) -> None:
        """Refuse a board that is wired wrongly.

        Raises
        ------
        BoardError
            Names the checks that found a fault.
        """
        if self.faults:
            raise BoardError(f"the self-test found faults: {', '.join(self.faults)}")

    def to_list(self) -> list[dict[str, Any]]:
        """Return the findings as ``dvfs selftest --json`` prints them: `rows`, no dictionary."""
        return self.rows

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_list` tells as JSON; return the path."""
        return write_json(path, self.to_list())


def _word(finding: Finding) -> str:
    return "ok" if finding.ok else "FAULT"


def self_test(
    board: BoardName | Board = "nucleo",
    *,
    hse: str | float | None = None,
    address: int = 0x40,
    shunt: str | float = SHUNT_OHM,
    ask: Ask = None,
) -> SelfTestResult:
    """Check clock, sensor, supply and shunt of a board, and say what is wired wrongly.

    Needs no network. The command line calls it ``dvfs selftest``.

    Parameters
    ----------
    board
        Name of a board, or one that is open: that one stays open.
    hse, ask
        As of `dvfs.open_board`.
    address
        The INA219's on its bus, 0x40 … 0x4f.
    shunt
        Between IN+ and IN-, in ohms or as text such as ``"100mohm"``; 0.001 … 10 ohm.

    Returns
    -------
    SelfTestResult
        Faults are findings, not errors; its ``verify`` refuses a board with any.

    Raises
    ------
    ArgumentError
        An argument is out of its range, or a board that is open is told how to be opened.
    BoardError
        The board is not there, or does not answer at all.
    """
    shunt_ohm = read_shunt(shunt)
    if address not in _ADDRESSES:
        raise ArgumentError(
            f"{{address}} is 0x{address:02x}; 0x{_ADDRESSES[0]:02x} to 0x{_ADDRESSES[-1]:02x} "
            "is allowed"
        )
    # The engine costs half a second to load: not before the arguments are right.
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.evidence.self_test.diagnosis import diagnose
    from dvfs_kernel.evidence.self_test.readings import take_readings
    from dvfs_kernel.image.firmware import firmware_path
    from dvfs_kernel.link.session import Session

    ammeter = Ammeter(shunt_ohm=shunt_ohm, address=address)
    with opened(board, hse=hse, ask=ask) as own:
        own.flash(firmware_path())
        own.reset()
        readings = take_readings(Session(own), own.hse_hz, ammeter)
    return SelfTestResult(readings, tuple(diagnose(readings)))
