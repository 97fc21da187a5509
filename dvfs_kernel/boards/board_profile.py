"""Calibration as data: values that stand in place of the package's parameters, as a TOML file.

    name = "my Nucleo"

    [timing]                   # cycles: names of TimingParameters
    flash_line_latency = 3

    [current]                  # names of the data sheet's CURRENT_MODEL, in its units
    static_a = 3.1e-3

What a file does not name stays as it is in the package.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.toml_file import read_toml
from renode_platform.devices.datasheet import CURRENT_MODEL
from renode_platform.devices.power import CurrentModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BoardProfile"]

_SECTIONS = ("timing", "current")
_RATE = "_per_cycle"  # how the names of what cycles are divided by end
_MOST_CYCLES = 1000
_LARGEST = 10.0  # volts, amperes and coulombs alike: no parameter is near


@dataclass(frozen=True)
class BoardProfile:
    """Parameters of one board that differ from the package's.

    Parameters
    ----------
    name
        Which board, for people.
    timing, current
        Pairs of name and value, sorted: of `TimingParameters`, and of `CurrentModel`.

    Raises
    ------
    FileFormatError
        There is no such parameter, or it cannot have that value.
    """

    name: str = ""
    timing: tuple[tuple[str, int | bool], ...] = ()
    current: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        defaults = asdict(TimingParameters())
        for name, value in self.timing:
            _check_known("timing", name, defaults)
            kind = type(defaults[name])
            least = 1 if name.endswith(_RATE) else 0
            if type(value) is not kind or not least <= value <= _MOST_CYCLES:
                what = (
                    "true or false"
                    if kind is bool
                    else f"a number of whole cycles, {least} to {_MOST_CYCLES},"
                )
                raise FileFormatError(f"timing.{name} is {value!r:.60}; {what} is allowed")
        for name, amount in self.current:
            _check_known("current", name, CURRENT_MODEL)
            if type(amount) not in {int, float} or not 0 <= amount < _LARGEST:
                raise FileFormatError(
                    f"current.{name} is {amount!r:.60}; a number from 0 on, less than "
                    f"{_LARGEST:g}, in its SI unit is allowed"
                )

    @classmethod
    def of(
        cls,
        name: str,
        timing: Mapping[str, int | bool] | None = None,
        current: Mapping[str, float] | None = None,
    ) -> Self:
        """Make a profile of values by name."""
        return cls(
            name, tuple(sorted((timing or {}).items())), tuple(sorted((current or {}).items()))
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file.

        Raises
        ------
        FileFormatError
            It cannot be read, is no TOML, or holds what no profile has.
        """
        data = read_toml(path)
        unknown = set(data) - {"name", *_SECTIONS}
        if unknown:
            raise FileFormatError(
                f"{path}: {', '.join(sorted(unknown))} is unknown; allowed: name, "
                f"{', '.join(f'[{section}]' for section in _SECTIONS)}"
            )
        name = data.get("name", path.stem)
        sections = [data.get(section, {}) for section in _SECTIONS]
        if not isinstance(name, str) or not all(isinstance(one, dict) for one in sections):
            raise FileFormatError(f"{path}: name has to be a text, timing and current tables")
        try:
            return cls.of(name, *sections)
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from error

    def save(self, path: Path) -> None:
        """Write a file that `load` reads."""
        write_atomically(path, self.to_toml().encode())

    def to_toml(self) -> str:
        """Return the profile as TOML."""
        lines = [f"name = {_quoted(self.name)}"]
        for section in _SECTIONS:
            values = getattr(self, section)
            if values:
                lines += ["", f"[{section}]"]
                lines += [f"{name} = {_number(value)}" for name, value in values]
        return "\n".join(lines) + "\n"

    def timing_parameters(self) -> TimingParameters:
        """Return the timing model's parameters with these values."""
        changes: dict[str, Any] = dict(self.timing)
        return replace(TimingParameters(), **changes)

    def current_model(self) -> CurrentModel:
        """Return the current model with these values."""
        return CurrentModel(dict(self.current))


def _check_known(section: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise FileFormatError(f"{section}.{name} is unknown; allowed: {', '.join(sorted(known))}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


def _number(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
