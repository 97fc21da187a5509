"""The numbers that the models stand on, each with the source that stands beside it in the code."""

from __future__ import annotations

import inspect
import io
import tokenize
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from renode_platform.devices import datasheet

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Parameter", "parameters"]

# Those of the data sheet that decide over a schedule; the unit is what the name does not tell.
_DATASHEET = {
    "PLL_LOCK_MEASURED_PS": "ps",
    "PLL_CURRENT_A": "Hz, A",
    "SYSCLK_SWITCH_CYCLES": "cycles",
    "VCO_HZ": "Hz",
    "HCLK_MAX_HZ": "Hz",
    "WAIT_STATE_HCLK_HZ": "Hz",
    "OVERDRIVE_READY_PS": "ps",
    "OVERDRIVE_ENABLE_HSI_PS": "ps",
    "OVERDRIVE_ENABLE_HSE_PS": "Hz, ps",
    "CURRENT_MODEL": "A, A/V, C, C/V, V",
    "CURRENT_TABLES_MA": "mA",
    "STOP_CURRENT_A": "A",
    "STOP_WAKE_PS": "ps",
    "HSI_CURRENT_A": "A",
    "VDD_V": "V",
}


@dataclass(frozen=True)
class Parameter:
    """One number, or one table of them.

    Parameters
    ----------
    source
        Where it comes from, in the words of the code.
    """

    name: str
    value: float | str
    unit: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


@lru_cache(maxsize=1)
def parameters(profile: BoardProfile | None = None) -> tuple[Parameter, ...]:
    """Return the data sheet's numbers that schedules depend on, and all of the timing model.

    Parameters
    ----------
    profile
        Its values stand in place of the package's, and its name in place of their sources.
    """
    profile = profile or BoardProfile()
    return (*_of_datasheet(profile), *_of_timing(profile))


def _of_datasheet(profile: BoardProfile) -> Iterator[Parameter]:
    comments = _comments(inspect.getsource(datasheet))
    for name, unit in _DATASHEET.items():
        value, source = getattr(datasheet, name), comments.get(name, "")
        if name == "CURRENT_MODEL" and profile.current:
            changed = ", ".join(changed for changed, _ in profile.current)
            value = profile.current_model().values
            source = f"Board profile {profile.name!r}: {changed}. {source}"
        yield Parameter(name, _plain(value), unit, source)


def _of_timing(profile: BoardProfile) -> Iterator[Parameter]:
    comments = _comments(inspect.getsource(TimingParameters))
    changed = dict(profile.timing)
    for name, value in asdict(profile.timing_parameters()).items():
        source = comments.get(name, "")
        if name in changed:
            source = f"Board profile {profile.name!r}"
        yield Parameter(name, _plain(value), "cycles", source)


def _plain(value: object) -> float | str:
    return value if isinstance(value, int | float) else str(value)


def _comments(source: str) -> dict[str, str]:
    """Return the comment of each assigned name: the lines right above it, and the one behind it.

    A name without one shares that of the name before it, as long as no empty line comes between.
    """
    found: dict[str, str] = {}
    above: list[str] = []
    name, shared = "", ""
    at_start = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#: ").strip()
            if text.startswith(("fmt:", "----")):
                continue
            if at_start:
                above.append(text)
            elif name:
                found[name] = " ".join([*filter(None, [found.get(name)]), text])
        elif token.type == tokenize.NL and not token.line.strip():
            above, shared = [], ""
        elif token.type == tokenize.NEWLINE:
            shared = found.get(name, "")
            at_start, above, name = True, [], ""
        elif token.type == tokenize.NAME and at_start:
            name, at_start = token.string, False
            found[name] = " ".join(above) or shared
    return found
