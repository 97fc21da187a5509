"""From measurements of a board to its profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.calibration.identification import calibrate, refit
from dvfs_kernel.evidence.calibration.model import (
    adjustable,
    evidence_of,
    predict,
    present_value,
    profile_of,
)
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.boards.board_profile import BoardProfile
    from dvfs_kernel.evidence.calibration.identification import Calibration, Evidence
    from dvfs_kernel.evidence.calibration.observations import Measurements
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["BoardCalibration", "calibrate_board"]

Floats = npt.NDArray[np.float64]

SCHEMA = "dvfs-kernel/calibration"
SCHEMA_VERSION = 1

# The models are not quite linear in latencies: how often they are looked at again from where the
# fit has come to.
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class BoardCalibration:
    """A board's profile, and how good it is.

    Parameters
    ----------
    present
        Values of all parameters that were looked at, as the package has them.
    off_before, off_after
        Root mean square of relative errors of durations and of currents, of the virtual board as it
        was, and with the profile: run, not only computed.
    """

    profile: BoardProfile
    calibration: Calibration
    present: dict[str, float]
    off_before: tuple[float, float]
    off_after: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "present": self.present,
            **self.calibration.to_dict(),
            "time_error": [self.off_before[0], self.off_after[0]],
            "current_error": [self.off_before[1], self.off_after[1]],
        }

    def to_toml(self, sources: Sequence[str]) -> str:
        """Return the profile as TOML, with what it comes from as comments.

        Parameters
        ----------
        sources
            What the files of measurements are called.
        """
        lines = [f"# Fitted by dvfs calibrate to {', '.join(sources)}."]
        (time_before, time_after), (current_before, current_after) = zip(
            self.off_before, self.off_after, strict=True
        )
        lines.append(f"# Durations were {time_before:.2%} off and are {time_after:.2%} off;")
        lines.append(f"# currents were {current_before:.2%} off and are {current_after:.2%} off.")
        lines += [
            f"# {name}: {estimate.mean:.6g} ± {estimate.half_width:.2g}, "
            f"was {self.present[name]:.6g}"
            for name, estimate in self.calibration.fitted.items()
        ]
        return "\n".join(lines) + "\n" + self.profile.to_toml()


def calibrate_board(
    network: Network,
    data: npt.NDArray[np.int8],
    measurements: Measurements,
    *,
    name: str = "",
    parameters: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> BoardCalibration:
    """Fit what the measurements identify, and run the virtual board with it.

    Parameters
    ----------
    name
        Of the board, for people.
    parameters
        Those that may be fitted; by default all that no published figure settles.

    Raises
    ------
    MeasurementError
        The measurements identify nothing, or what they give is no better than what there was.
    """
    present = (
        adjustable() if parameters is None else {one: present_value(one) for one in parameters}
    )
    evidence = evidence_of(network, data, measurements, present, progress)
    found = calibrate(evidence)
    for _ in range(_ROUNDS):
        before = {one: estimate.mean for one, estimate in found.fitted.items()}
        found = replace(found, fitted=refit(evidence_of(network, data, measurements, before)))
        if all(abs(found.fitted[one].mean - value) <= found.fitted[one].half_width / 2
               for one, value in before.items()):  # fmt: skip
            break
    profile = profile_of({one: estimate.mean for one, estimate in found.fitted.items()}, name)
    after = predict(network, data, measurements, profile)
    before_off, after_off = _off(evidence, evidence.predicted), _off(evidence, after.ravel())
    if ordered_sum(after_off) >= ordered_sum(before_off):
        raise MeasurementError(
            f"with what was fitted the virtual board is {after_off[0]:.3%} off in time and "
            f"{after_off[1]:.3%} in current, and was {before_off[0]:.3%} and {before_off[1]:.3%} "
            "before: nothing is to be gained from these data"
        )
    return BoardCalibration(profile, found, dict(evidence.present), before_off, after_off)


def _off(evidence: Evidence, predicted: Floats) -> tuple[float, float]:
    errors = (predicted / evidence.observed - 1).reshape(2, -1)
    time_off, current_off = np.sqrt((errors**2).mean(axis=1))
    return float(time_off), float(current_off)
