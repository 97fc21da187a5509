"""Types of command line parameters: quantities with units, clocks, files to be written."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

import dvfs_kernel as dvfs

if TYPE_CHECKING:
    from collections.abc import Iterable

    # Generic for type checkers only: older releases of click cannot be subscripted.
    TextType = click.ParamType[str]
    NumberType = click.ParamType[int | float]
    FloatType = click.ParamType[float]
    BoardType = click.ParamType[dvfs.BoardSpec]
    PllLockType = click.ParamType[dvfs.PllLock]
    SerialLineType = click.ParamType[str | int]
    ClockType = click.ParamType[dvfs.ClockSetting]
    LayersType = click.ParamType[tuple[int, int]]
else:
    NumberType = BoardType = PllLockType = ClockType = LayersType = click.ParamType
    SerialLineType = TextType = FloatType = click.ParamType

__all__ = [
    "BOARD",
    "CHARGE",
    "CLOCK",
    "CLOCKS",
    "FREQUENCY",
    "LAYERS",
    "MEMORY",
    "NETWORK",
    "PATH",
    "PERCENT",
    "PERIOD",
    "PLL_LOCK",
    "PROFILE",
    "RESISTANCE",
    "SERIAL_LINE",
    "TIME",
    "VOLTAGE",
    "OutputFile",
    "with_pll_lock",
]

#: A file or folder that the face looks at.
PATH = click.Path(path_type=Path)


class _Word(TextType):
    """Something that the face reads, by what it knows and the command line does not."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return it as it is: the face tells what is wrong with it."""
        del param, ctx
        return str(value)


class _Network(_Word):
    """A network: the name of a built-in one, or the path of a file."""

    name = "network"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the built-in ones, files that may be networks, and folders on the way to some."""
        del ctx, param
        names = [name for name in dvfs.builtin_networks() if name.startswith(incomplete)]
        folder, _, begin = incomplete.rpartition("/")
        place = Path(folder or "/") if "/" in incomplete else Path()
        try:
            found = [p for p in sorted(place.iterdir()) if p.name.startswith(begin)]
        except OSError:
            found = []
        before = f"{folder}/" if "/" in incomplete else ""
        files = [f"{before}{p.name}" for p in found if p.suffix.lower() == ".tflite"]
        folders = [f"{before}{p.name}/" for p in found if p.is_dir() and p.name[0] != "."]
        return [CompletionItem(text) for text in (*names, *files, *folders)]


NETWORK = _Network()


class _ClockList(_Word):
    """A list of clocks, by its name or by its settings, whose meaning depends on the HSE."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names."""
        del ctx, param
        return _beginning(incomplete, dvfs.CLOCK_LISTS)


CLOCKS = _ClockList()


def _beginning(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


class _Quantity(NumberType):
    """A number with a unit, converted to the SI unit."""

    def __init__(self, quantity: dvfs.Quantity[int] | dvfs.Quantity[float]) -> None:
        self.name = quantity.name
        self._quantity = quantity

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float:
        """Read text such as ``50MHz``; a number is taken as it is."""
        try:
            return self._quantity.parse(value if isinstance(value, int | float) else str(value))
        except dvfs.QuantityError as error:
            self.fail(str(error), param, ctx)


FREQUENCY = _Quantity(dvfs.FREQUENCY)
MEMORY = _Quantity(dvfs.MEMORY)
RESISTANCE = _Quantity(dvfs.RESISTANCE)
TIME = _Quantity(dvfs.TIME)
PERIOD = _Quantity(dvfs.PERIOD)
CHARGE = _Quantity(dvfs.CHARGE)
VOLTAGE = _Quantity(dvfs.VOLTAGE)


class _Percent(FloatType):
    """A share in per cent, with the sign or without it: there is but one meaning."""

    name = "percent"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        text = str(value).strip().removesuffix("%").strip()
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            self.fail(f"{value!r} is no share in per cent; such as 30 or 30%", param, ctx)
        return number


PERCENT = _Percent()


class _PllLock(PllLockType):
    """Lock latency of the PLL: one of the data sheet's corners, or a time."""

    name = "pll-lock"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dvfs.PllLock:
        """Read a corner's name, or a time."""
        if isinstance(value, dvfs.PllLock):
            return value
        try:
            return dvfs.pll_lock(str(value))
        except dvfs.QuantityError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the corners."""
        del ctx, param
        return _beginning(incomplete, ("min", "mid", "typ", "max"))


PLL_LOCK = _PllLock()

with_pll_lock = click.option(
    "--pll-lock", type=PLL_LOCK, help="min, mid, typ, max, or a time such as 150us."
)


class _SerialLine(SerialLineType):
    """How the terminal on a serial port is set up."""

    name = "line"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | int:
        """Return what the face takes, once it can be read."""
        setting = value if isinstance(value, int) else str(value)
        try:
            dvfs.serial_line(setting)
        except dvfs.QuantityError as error:
            self.fail(str(error), param, ctx)
        return setting


SERIAL_LINE = _SerialLine()


class _Board(BoardType):
    """Which board to use."""

    name = "board"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dvfs.BoardSpec:
        """Read ``kind`` or ``kind:detail``."""
        if isinstance(value, dvfs.BoardSpec):
            return value
        try:
            return dvfs.BoardSpec.parse(str(value))
        except dvfs.BoardError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the kinds of boards."""
        del ctx, param
        return _beginning(incomplete, ("virtual", "renode", "renode:cycles", "nucleo"))


BOARD = _Board()


#: A board profile's file.
PROFILE = click.Path(dir_okay=False, path_type=Path)


class _Clock(ClockType):
    """A SYSCLK setting as text."""

    name = "clock"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dvfs.ClockSetting:
        """Read ``hsi``, ``hse`` or ``pll:M/N/P``."""
        if isinstance(value, dvfs.ClockSetting):
            return value
        try:
            return dvfs.ClockSetting.parse(str(value))
        except dvfs.ClockError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return how settings begin."""
        del ctx, param
        return _beginning(incomplete, ("hsi", "hse", "pll:"))


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
