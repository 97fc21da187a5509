"""What the virtual board makes of a measurement, and how that changes with its parameters.

The virtual board does what the measured one did: the same firmware, image, schedules and layers,
passes back to back. How a prediction changes with a parameter is found by changing it. So nothing
here knows what a parameter means, and whatever the models depend on can be calibrated.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.calibration.fit import Evidence
from dvfs_kernel.current import Layers, Sampling
from dvfs_kernel.emulator.timing import TimingParameters
from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.inference import Deployment
from dvfs_kernel.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.calibration.observations import Measurements, Observation
    from dvfs_kernel.network import Network
    from dvfs_kernel.session import Progress

__all__ = ["adjustable", "evidence_of", "predict"]

Floats = npt.NDArray[np.float64]

#: What the source of a parameter says where no published figure settles it.
_OPEN = ("Estimate", "Fitted")
#: How well the virtual board's own passes repeat, as a share: caches and timer interrupts.
_REPEATS = 1e-3
#: Intervals of observations are 95 % ones by Student's t; this turns them into standard errors.
_HALF_WIDTHS = 2.0


def adjustable() -> dict[str, int]:
    """Return the timing parameters that no published figure settles, and their present values."""
    open_ones = {one.name for one in parameters() if any(word in one.source for word in _OPEN)}
    return {
        name: value
        for name, value in asdict(TimingParameters()).items()
        if name in open_ones and type(value) is int and value > 0
    }


def predict(
    network: Network,
    data: npt.NDArray[np.int8],
    measurements: Measurements,
    changes: Mapping[str, Any],
) -> Floats:
    """Return the duration of a pass of every observation, (observations,), in seconds.

    Parameters
    ----------
    changes
        Timing parameters that differ from the present ones.
    """
    timing = replace(TimingParameters(), **changes)
    with VirtualBoard(hse_hz=measurements.hse_hz, timing=timing) as board:
        deployment = Deployment(network, board, by_debugger=True)
        deployment.hold(data)
        return np.array(
            [
                _pass_s(deployment, observation, measurements.averaged)
                for observation in measurements.observations
            ]
        )


def _pass_s(deployment: Deployment, observation: Observation, averaged: int) -> float:
    session = deployment.session
    session.set_schedule(observation.schedule)
    layers = Layers(observation.first_layer, observation.layer_count)
    return session.measure_current(layers, samples=1, sampling=Sampling(averaged)).pass_s


def evidence_of(
    network: Network,
    data: npt.NDArray[np.int8],
    measurements: Measurements,
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Set what was measured beside what the virtual board makes of it.

    Parameters
    ----------
    names
        Timing parameters that may be fitted; by default `adjustable`.
    progress
        Told of each parameter.

    Raises
    ------
    MeasurementError
        There is no such parameter.
    """
    every = asdict(TimingParameters())
    present = {name: every.get(name) for name in names} if names is not None else adjustable()
    for name, value in present.items():
        if type(value) is not int:
            raise MeasurementError(
                f"{name!r} is no timing parameter that counts something; allowed: "
                f"{', '.join(adjustable())}"
            )
    values = {name: int(value or 0) for name, value in present.items()}
    total = len(values) + 1
    if progress is not None:
        progress("parameters", 0, total)
    predicted = predict(network, data, measurements, {})
    columns = []
    for done, (name, value) in enumerate(values.items(), 1):
        if progress is not None:
            progress("parameters", done, total)
        columns.append(predict(network, data, measurements, {name: value + 1}) - predicted)
    if progress is not None:
        progress("parameters", total, total)
    observed = np.array([one.pass_s.mean for one in measurements.observations])
    intervals = np.array([one.pass_s.half_width for one in measurements.observations])
    # A single block has no interval; it is as good as the model's own passes repeat.
    errors = np.where(np.isfinite(intervals), intervals / _HALF_WIDTHS, 0.0)
    conditions = measurements.conditions
    return Evidence(
        present={name: float(value) for name, value in values.items()},
        observed=observed,
        standard_error=np.hypot(errors, _REPEATS * observed),
        predicted=predicted,
        sensitivity=np.array(columns).T.reshape(len(observed), len(values)),
        groups=np.array([conditions.index(one.schedule) for one in measurements.observations]),
    )
