"""The numbers that the models stand on, each with the source that stands beside it in the code."""

from __future__ import annotations

import inspect
import io
import tokenize
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dvfs_kernel.emulator.timing import TimingParameters
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
def parameters() -> tuple[Parameter, ...]:
    """Return the data sheet's numbers that schedules depend on, and all of the timing model."""
    return (*_of_datasheet(), *_of_timing())


def _of_datasheet() -> Iterator[Parameter]:
    comments = _comments(inspect.getsource(datasheet))
    for name, unit in _DATASHEET.items():
        yield Parameter(name, _plain(getattr(datasheet, name)), unit, comments.get(name, ""))


def _of_timing() -> Iterator[Parameter]:
    comments = _comments(inspect.getsource(TimingParameters))
    for name, value in asdict(TimingParameters()).items():
        yield Parameter(name, _plain(value), "cycles", comments.get(name, ""))


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
