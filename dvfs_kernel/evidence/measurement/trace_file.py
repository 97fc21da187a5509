"""Current traces of lab instruments: CSV of time and current, Nordic PPK2, Joulescope.

Columns of a CSV file are known by their names and the units in them, ``time_s`` or ``Time (ms)``,
``current_a`` or ``Current(uA)``. That is also how the Power Profiler of nRF Connect exports:
``Timestamp(ms),Current(uA)``, and the digital inputs as ``D0`` to ``D7`` or as one column ``D0-D7``
with a character an input, ``-`` where it was not known and ``X`` where it changed within the sample
(``exportChartAction.ts`` of pc-nrfconnect-ppk). A Joulescope's own files, ``.jls``, are read with
the package that its maker publishes.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import FileFormatError, MeasurementError
from dvfs_kernel.evidence.measurement.jls_process import JlsProcess, Signal
from dvfs_kernel.storage.content import parsing, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["Trace", "read_jls", "read_trace"]

Floats = npt.NDArray[np.float64]

_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CURRENTS = {"a": 1.0, "ma": 1e-3, "ua": 1e-6, "na": 1e-9}
_TIME = re.compile(r"#?\s*(?:timestamp|time|t)\s*(?:[(\[_ ]\s*(\w+)\s*[)\]]?)?")
_CURRENT = re.compile(r"(?:current|i)\s*(?:[(\[_ ]\s*(\w+)\s*[)\]]?)?")
_BUNDLE = re.compile(r"d(\d)-d(\d)")
# What an input that changed within a sample is taken for does not matter: the edge is somewhere
# in that sample.
_HIGH = {"true", "high", "x"}
_HALF_HIGH = 0.5
# Names that a trigger's column may have where none is given.
_TRIGGERS = ("trigger", "d0", "gpi[0]", "gpi0")
# A minute of a Joulescope at its full rate of 2 MHz, or ten at the 200 kHz of most recordings.
_MOST_SAMPLES = 120_000_000
_MOST_BYTES = 1 << 30  # of a CSV file
_LARGEST_S, _LARGEST_A = 1e10, 1e6  # seconds since 1970 are 2e9


@dataclass(frozen=True, eq=False)
class Trace:
    """What an instrument recorded.

    Parameters
    ----------
    time_s
        (N,) ascending; a sample holds from its time to the next one's.
    current_a
        (N,)
    trigger
        (N,) level of the firmware's trigger pin.

    Raises
    ------
    FileFormatError
        There are no two samples, times do not ascend, or a current is not a number.
    """

    time_s: Floats
    current_a: Floats
    trigger: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.time_s) < 2:
            raise FileFormatError(f"a trace of {len(self.time_s)} samples; two are the least")
        for values, what, most in (
            (self.time_s, "a time", _LARGEST_S),
            (self.current_a, "a current", _LARGEST_A),
        ):
            wrong = np.flatnonzero(~(np.abs(values) <= most))  # what is no number is wrong, too
            if len(wrong):
                raise FileFormatError(
                    f"{what} of the trace, in sample {int(wrong[0]) + 1}, is not a number of at "
                    f"most {most:g} in its SI unit: {values[wrong[0]]:g}"
                )
        back = np.flatnonzero(np.diff(self.time_s) <= 0)
        if len(back):
            place = int(back[0])
            raise FileFormatError(
                f"times do not ascend: {self.time_s[place]:g} s is followed by "
                f"{self.time_s[place + 1]:g} s in sample {place + 1}"
            )

    @property
    def sample_s(self) -> float:
        """Usual time from one sample to the next."""
        return float(np.median(np.diff(self.time_s)))


def read_trace(path: Path, trigger: str | None = None) -> Trace:
    """Read a trace.

    Parameters
    ----------
    trigger
        Column, input or signal that the trigger pin is wired to, such as ``D3`` or ``gpi[1]``; by
        default one that is called trigger, D0 or gpi[0].

    Raises
    ------
    FileFormatError
        The file has no such columns, or is damaged.
    MeasurementError
        There is no trigger, or the package that reads the file is not installed.
    """
    if path.suffix.lower() == ".jls":
        with JlsProcess() as process:
            return read_jls(path, trigger, process)
    complaint = f"{path} is no CSV file"
    text = read_text(path, most_bytes=_MOST_BYTES, complaint=complaint)
    with parsing(complaint):
        names = next(csv.reader(io.StringIO(text, newline="")), [])
        # Where numbers have a decimal comma, semicolons part them.
        delimiter = ";" if len(names) == 1 and ";" in names[0] else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        names = rows.pop(0) if rows else []
    return _read_columns(path, names, rows, trigger)


def _read_columns(
    path: Path, names: Sequence[str], rows: list[list[str]], trigger: str | None
) -> Trace:
    lowered = [name.strip().lower() for name in names]
    time_at, time_unit = _column(path, lowered, _TIME, _TIMES, "time")
    current_at, current_unit = _column(path, lowered, _CURRENT, _CURRENTS, "current")
    trigger_at, character = _trigger(path, lowered, trigger)
    rows = [row for row in rows if row]
    if rows and len(rows[-1]) < len(names):
        rows.pop()  # cut off in the middle of a line
    with parsing(f"{path}: a line cannot be read"):
        time_s = _numbers(row[time_at] for row in rows) * time_unit
        current_a = _numbers(row[current_at] for row in rows) * current_unit
        cells = [row[trigger_at].strip().lower() for row in rows]
        if character is not None:
            cells = [cell[character] for cell in cells]
    return Trace(time_s, current_a, np.array([_is_high(cell) for cell in cells], np.bool_))


def _numbers(cells: Iterable[str]) -> Floats:
    return np.array([cell.replace(",", ".") for cell in cells], np.float64)


def _is_high(cell: str) -> bool:
    """Tell the level of an input: a word, or a number, which may be volts."""
    try:
        return float(cell.replace(",", ".")) > _HALF_HIGH
    except ValueError:
        return cell in _HIGH


def _column(
    path: Path,
    names: Sequence[str],
    pattern: re.Pattern[str],
    units: dict[str, float],
    what: str,
) -> tuple[int, float]:
    for place, name in enumerate(names):
        match = pattern.fullmatch(name.replace("µ", "u").replace("μ", "u"))
        if match and (match[1] is None or match[1] in units):
            return place, units[match[1]] if match[1] else 1.0
    raise FileFormatError(
        f"{path} has no column of {what}: its columns are {', '.join(names) or 'none'}; "
        f"a name such as {what}_{next(iter(units))} is needed, with "
        f"{', '.join(units)} as its unit"
    )


def _trigger(path: Path, names: Sequence[str], wanted: str | None) -> tuple[int, int | None]:
    """Return the trigger's column, and its character where one column holds several inputs."""
    for name in (wanted.lower(),) if wanted is not None else _TRIGGERS:
        if name in names:
            return names.index(name), None
        for place, bundle in enumerate(names):
            match = _BUNDLE.fullmatch(bundle)
            if match and re.fullmatch(r"d\d", name) and match[1] <= name[1] <= match[2]:
                return place, int(name[1]) - int(match[1])
    raise MeasurementError(
        f"{path} has no {'trigger' if wanted is None else wanted}: its columns are "
        f"{', '.join(names)}; wire PE2 to a digital input of the instrument, export it, and name it"
    )


def read_jls(path: Path, trigger: str | None, process: JlsProcess) -> Trace:
    """Read a file of a Joulescope.

    Parameters
    ----------
    path, trigger
        As of `read_trace`.
    process
        In which it is read.

    Raises
    ------
    DvfsError
        As of `read_trace`.
    """
    signals = process.open(path)
    name = trigger or next((name for name in _TRIGGERS if name in signals), "")
    for needed in ("current", name):
        if needed not in signals:
            raise MeasurementError(
                f"{path} has no signal {needed or 'of the trigger'}: it has "
                f"{', '.join(signals)}; record current and the input that PE2 is wired to"
            )
    with parsing(f"{path} is no file of a Joulescope"):
        return _joined(process, signals["current"], signals[name])


def _joined(process: JlsProcess, current: Signal, trigger: Signal) -> Trace:
    """Return both signals at the current's samples; they may have been recorded at two rates."""
    for signal in (current, trigger):
        if not 0 < signal.length <= _MOST_SAMPLES or not signal.rate_hz > 0:
            raise ValueError(
                f"{signal.name} tells of {signal.length:,} samples at {signal.rate_hz:,} Hz; "
                f"1 to {_MOST_SAMPLES:,} are read"
            )
    if trigger.bits != 1:
        raise ValueError(f"{trigger.name} has samples of {trigger.bits} bits; an input has 1")
    current_a = process.samples(current).astype(np.float64)
    packed = process.samples(trigger).view(np.uint8)
    levels = np.unpackbits(packed, bitorder="little")[: trigger.length]
    time_s = np.arange(current.length) / current.rate_hz
    places = np.minimum((time_s * trigger.rate_hz).astype(np.int64), trigger.length - 1)
    missing = ~np.isfinite(current_a)  # samples that were dropped on the way to the computer
    if missing.any():
        current_a[missing] = np.interp(time_s[missing], time_s[~missing], current_a[~missing])
    return Trace(time_s, current_a, levels[places].astype(np.bool_))
