"""Types of command line parameters: quantities with units, clocks, files to be written."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardError, ClockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.boards.board_profile import BoardProfile

    # Generic for type checkers only: older releases of click cannot be subscripted.
    FloatType = click.ParamType[float]
    BoardType = click.ParamType[BoardSpec]
    PllLockType = click.ParamType[str | float]
    ClockType = click.ParamType[ClockSetting]
    LayersType = click.ParamType[tuple[int, int]]
else:
    FloatType = BoardType = PllLockType = ClockType = LayersType = click.ParamType

__all__ = [
    "BOARD",
    "CLOCK",
    "FREQUENCY",
    "LAYERS",
    "PLL_LOCK",
    "PROFILE",
    "TIME",
    "OutputFile",
    "load_profile",
]

_LARGEST = 1e12
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([^\s\d]*)\s*")


def _fits(value: float, least: float) -> bool:
    return 0 < value < _LARGEST and value >= least


class Quantity(FloatType):
    """A number with a unit, converted to the SI unit."""

    def __init__(
        self, name: str, units: Mapping[str, float], example: str, *, least: float = 0
    ) -> None:
        self.name = name
        self._least = least
        self._units = {unit.lower(): factor for unit, factor in units.items()}
        self._example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read text such as ``50MHz``; a number is taken as it is."""
        if isinstance(value, int | float):
            return float(value)
        match = _QUANTITY.fullmatch(str(value))
        factor = self._units.get(match[2].lower()) if match else None
        if match is None or factor is None or not _fits(float(match[1]) * factor, self._least):
            units = ", ".join(unit for unit in self._units if unit)
            least = f"at least {self._least:g}" if self._least else "positive"
            self.fail(
                f"{value!r} is no {self.name}; "
                f"a number with a unit ({units}), {least}, is allowed, such as {self._example}",
                param,
                ctx,
            )
        return float(match[1]) * factor


FREQUENCY = Quantity("frequency", {"Hz": 1, "kHz": 1e3, "MHz": 1e6, "": 1}, "50MHz", least=1)
_TIMES = {"s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
TIME = Quantity("time", {**_TIMES, "": 1}, "2s")


class _PllLock(PllLockType):
    """Lock latency of the PLL: one of the data sheet's corners, or a time."""

    name = "pll-lock"
    _microseconds = Quantity("lock time", {**_TIMES, "": 1e-6}, "150us")

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | float:
        """Return the corner's name, or seconds."""
        if value in ("min", "typ", "max"):
            return str(value)
        return self._microseconds.convert(value, param, ctx)


PLL_LOCK = _PllLock()


class _Board(BoardType):
    """Which board to use."""

    name = "board"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> BoardSpec:
        """Read ``kind`` or ``kind:detail``."""
        if isinstance(value, BoardSpec):
            return value
        try:
            return BoardSpec.parse(str(value))
        except BoardError as error:
            self.fail(str(error), param, ctx)


BOARD = _Board()


#: A board profile's file; `load_profile` reads it.
PROFILE = click.Path(dir_okay=False, path_type=Path)


def load_profile(path: Path | None) -> BoardProfile | None:
    """Read a board profile, if one is named.

    Raises
    ------
    FileFormatError
        The file is missing or damaged.
    """
    # The engine's parameters cost time to load.
    from dvfs_kernel.boards.board_profile import BoardProfile  # noqa: PLC0415

    return None if path is None else BoardProfile.load(path)


class _Clock(ClockType):
    """A SYSCLK setting as text."""

    name = "clock"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> ClockSetting:
        """Read ``hsi``, ``hse`` or ``pll:M/N/P``."""
        if isinstance(value, ClockSetting):
            return value
        try:
            return ClockSetting.parse(str(value))
        except ClockError as error:
            self.fail(str(error), param, ctx)


CLOCK = _Clock()


class _Layers(LayersType):
    """Some layers of a network, by their numbers."""

    name = "layers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read ``N`` or ``N:M``, first and last."""
        match = re.fullmatch(r"(\d+)(?::(\d+))?", str(value))
        if match is None or int(match[2] or match[1]) < int(match[1]):
            self.fail(
                f"{value!r} names no layers; a number, or first and last such as 1:3, is allowed",
                param,
                ctx,
            )
        return int(match[1]), int(match[2] or match[1])


LAYERS = _Layers()


class OutputFile(click.Path):
    """A file to be written, whose folder has to be there before the work begins."""

    def __init__(self, *suffixes: str) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)
        self._suffixes = suffixes

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Check the place and the ending of the name."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"{path}: the folder {path.parent} does not exist", param, ctx)
        if self._suffixes and path.suffix.lower() not in self._suffixes:
            self.fail(f"{path}: the name has to end with {' or '.join(self._suffixes)}", param, ctx)
        return path
