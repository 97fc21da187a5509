"""``dvfs.calibrate``: a board's profile from what was measured on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.network import input_of, load
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.network import InputLike, NetworkLike
    from dvfs_kernel.boards.board_profile import BoardProfile
    from dvfs_kernel.evidence.calibration.board import BoardCalibration
    from dvfs_kernel.evidence.measurement.estimate import Estimate
    from dvfs_kernel.storage.rows import Row

__all__ = ["CalibrationResult", "calibrate"]


@dataclass(frozen=True, eq=False, repr=False)
class CalibrationResult(tables.Tabled):
    """A board's profile, what it was fitted to, and how good it is.

    Parameters
    ----------
    files
        What was measured.
    calibration
        What came of it.
    """

    files: tuple[Path, ...]
    calibration: BoardCalibration

    def __repr__(self) -> str:
        (_, time_off), (_, current_off) = self.time_error, self.current_error
        return (
            f"<Calibration: {len(self.fitted)} parameters fitted, {len(self.kept)} kept, "
            f"durations {time_off:.2%} and currents {current_off:.2%} off>"
        )

    @property
    def profile(self) -> BoardProfile:
        """What stands in place of the package's parameters, as ``profile`` of other verbs."""
        return self.calibration.profile

    @property
    def present(self) -> Mapping[str, float]:
        """Values of all parameters that were looked at, as the package has them."""
        return self.calibration.present

    @property
    def fitted(self) -> Mapping[str, Estimate]:
        """Parameters that the measurements identify, with 95 % intervals."""
        return self.calibration.calibration.fitted

    @property
    def kept(self) -> Mapping[str, str]:
        """The others, and why each keeps its value."""
        return self.calibration.calibration.kept

    @property
    def time_error(self) -> tuple[float, float]:
        """How far durations are off, root mean square of shares: before, and with the profile."""
        return self.calibration.off_before[0], self.calibration.off_after[0]

    @property
    def current_error(self) -> tuple[float, float]:
        """How far currents are off, likewise."""
        return self.calibration.off_before[1], self.calibration.off_after[1]

    @property
    def left_out_error(self) -> tuple[float, float]:
        """How far schedules are off that the fit was not told of, likewise."""
        found = self.calibration.calibration
        return found.error_before, found.error_after

    @property
    def rows(self) -> list[Row]:
        """One row a parameter; ``error`` is half of a 95 % interval."""
        rows = []
        for name, value in self.present.items():
            estimate = self.fitted.get(name)
            rows.append(
                {
                    "parameter": name,
                    "was": value,
                    "is": value if estimate is None else estimate.mean,
                    "error": None if estimate is None else estimate.half_width,
                    "kept": self.kept.get(name),
                }
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs calibrate --json`` prints it."""
        return self.calibration.to_dict()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the profile as TOML, with what it comes from as comments; return the path."""
        target = Path(path)
        text = self.calibration.to_toml([file.name for file in self.files])
        write_atomically(target, text.encode())
        return target


def calibrate(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    network: NetworkLike | None = None,
    input: InputLike = None,
    output: str | os.PathLike[str] | None = None,
    name: str = "",
    parameters: Sequence[str] = (),
    progress: Shown = True,
) -> CalibrationResult:
    """Fit the virtual board's parameters to what was measured on a board.

    Parameters that the measurements do not identify keep their values and are named; measurements
    from which nothing follows are refused, and nothing is written. At least three schedules have to
    be among them, the baseline being one.

    Parameters
    ----------
    files
        Files of raw samples, which `dvfs.measure` wrote.
    network
        The network that was measured; by default the built-in one that the files name.
    input
        What `dvfs.measure` was given; by default a sample picture.
    output
        Write the profile into this file, TOML; by default nowhere: the result's ``profile`` is one,
        and its ``save`` writes it later.
    name
        What the board is called in the profile.
    parameters
        Fit these, such as ``current.work_c_per_v``; by default all that no published figure
        settles.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    CalibrationResult
        Parameters in cycles, amperes, volts and coulombs a volt, as the board profile has them.

    Raises
    ------
    MeasurementError
        The files were measured in different set-ups or on another network, or identify nothing.
    FileFormatError
        A file is something else, or damaged.
    """
    from dvfs_kernel.evidence.calibration.board import calibrate_board
    from dvfs_kernel.evidence.calibration.observations import read_measurements

    paths = [files] if isinstance(files, str | os.PathLike) else files
    measured = tuple(Path(path) for path in paths)
    measurements = read_measurements(measured)
    loaded = load(network or measurements.network)
    measurements.check_network(loaded)
    data = input_of(loaded, input)
    with shown_progress(progress) as shown:
        found = calibrate_board(
            loaded,
            data,
            measurements,
            name=name,
            parameters=parameters or None,
            progress=shown,
        )
    result = CalibrationResult(measured, found)
    if output is not None:
        result.save(output)
    return result
