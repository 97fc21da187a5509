"""What the virtual board makes of a measurement, and how that changes with its parameters.

The virtual board does what the measured one did: the same firmware, image, schedules and layers,
passes back to back. How a prediction changes with a parameter is found by changing it. So nothing
here knows what a parameter means, and whatever the models depend on can be calibrated.

A parameter's name is that of a board profile's table and of the entry in it: ``timing.ppb_cycles``,
``current.work_c_per_v``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.parameters import parameters
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.errors import BoardError, MeasurementError
from dvfs_kernel.evidence.calibration.identification import Evidence
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.link.ina219_sampling import Layers, Sampling
from dvfs_kernel.storage.ordered_sum import ordered_sum
from renode_platform.devices.datasheet import CURRENT_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.evidence.calibration.observations import Measurements, Observation
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["adjustable", "evidence_of", "predict", "present_value", "profile_of"]

Floats = npt.NDArray[np.float64]

#: What the source of a parameter says where no published figure settles it.
_OPEN = ("Estimate", "Fitted")
#: Core voltages stand in the data sheet; the charges that they are multiplied by are fitted.
_SETTLED = ("v12_", "overdrive_")
#: How well the virtual board's own passes repeat, as a share: caches and timer interrupts.
_REPEATS = 1e-3
#: Intervals of observations are 95 % ones by Student's t; this turns them into standard errors.
_HALF_WIDTHS = 2.0
#: By how much a current's parameter is changed to see what it does. Currents are linear in it.
_CHANGE = 0.1


def adjustable() -> dict[str, float]:
    """Return the parameters that no published figure settles, and their present values."""
    open_ones = {one.name for one in parameters() if any(word in one.source for word in _OPEN)}
    timing = {
        f"timing.{name}": float(value)
        for name, value in asdict(TimingParameters()).items()
        if name in open_ones and type(value) is int and value > 0
    }
    current = {
        f"current.{name}": float(value)
        for name, value in CURRENT_MODEL.items()
        if not name.startswith(_SETTLED)
    }
    return {**timing, **current}


def profile_of(values: Mapping[str, float], name: str = "") -> BoardProfile:
    """Return a board profile with these values; the timing model counts whole cycles."""
    tables: dict[str, dict[str, float]] = {"timing": {}, "current": {}}
    for full_name, value in values.items():
        table, _, entry = full_name.partition(".")
        tables[table][entry] = round(value) if table == "timing" else value
    timing = {entry: int(value) for entry, value in tables["timing"].items()}
    return BoardProfile.of(name, timing, tables["current"])


def predict(
    network: Network, data: npt.NDArray[np.int8], measurements: Measurements, profile: BoardProfile
) -> Floats:
    """Return what a virtual board with a profile takes for every observation.

    Returns
    -------
    ndarray, shape (2, observations)
        Seconds of a pass, and mean amperes.
    """
    with VirtualBoard(hse_hz=measurements.hse_hz, profile=profile) as board:
        deployment = Deployment(network, board, by_debugger=True)
        deployment.hold(data)
        found = [
            _observe(deployment, observation, measurements.averaged)
            for observation in measurements.observations
        ]
    return np.array(found).T


def _observe(
    deployment: Deployment, observation: Observation, averaged: int
) -> tuple[float, float]:
    session = deployment.session
    session.set_schedule(observation.schedule)
    layers = Layers(observation.first_layer, observation.layer_count)
    readings = session.measure_current(layers, samples=1, sampling=Sampling(averaged))
    truth = deployment.board.ground_truth()
    if truth is None or not truth.inferences:
        raise BoardError("the virtual board logged no pass of the layers")
    passes = truth.inferences[-readings.passes :]
    time_s = ordered_sum(one.duration_s for one in passes)
    return readings.pass_s, ordered_sum(one.energy_j for one in passes) / (SUPPLY_V * time_s)


def evidence_of(
    network: Network,
    data: npt.NDArray[np.int8],
    measurements: Measurements,
    present: Mapping[str, float],
    progress: Progress | None = None,
) -> Evidence:
    """Set what was measured beside what the virtual board makes of it.

    Parameters
    ----------
    present
        Values of the parameters that may be fitted, around which the model is taken as linear.
    progress
        Told of each parameter.
    """
    # The timing model counts whole cycles.
    present = {name: round(v) if name.startswith("timing.") else v for name, v in present.items()}
    total = len(present) + 1
    if progress is not None:
        progress("parameters", 0, total)
    predicted = predict(network, data, measurements, profile_of(present))
    columns = []
    for done, (name, value) in enumerate(present.items(), 1):
        if progress is not None:
            progress("parameters", done, total)
        changed = value + 1 if name.startswith("timing.") else value * (1 + _CHANGE)
        profile = profile_of({**present, name: changed})
        moved = predict(network, data, measurements, profile) - predicted
        columns.append(moved.ravel() / (changed - value))
    if progress is not None:
        progress("parameters", total, total)
    observed, errors = _observed(measurements)
    conditions = measurements.conditions
    groups = [conditions.index(one.schedule) for one in measurements.observations]
    return Evidence(
        present=present,
        observed=observed,
        standard_error=errors,
        predicted=predicted.ravel(),
        sensitivity=np.array(columns).T.reshape(observed.size, len(present)),
        groups=np.array(groups * 2),
    )


def present_value(name: str) -> float:
    """Return what the package has for a parameter.

    Raises
    ------
    MeasurementError
        There is none of that name, or it counts nothing.
    """
    table, _, entry = name.partition(".")
    known = {"timing": asdict(TimingParameters()), "current": CURRENT_MODEL}.get(table, {})
    value = known.get(entry)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MeasurementError(
            f"{name!r} is no parameter that can be fitted; allowed: {', '.join(adjustable())}"
        )
    return float(value)


def _observed(measurements: Measurements) -> tuple[Floats, Floats]:
    """Return durations and currents, and how well they are known; a single block has no spread."""
    found, errors = [], []
    for quantity in ("pass_s", "current_a"):
        for one in measurements.observations:
            estimate = getattr(one, quantity)
            spread = estimate.half_width / _HALF_WIDTHS if estimate.count > 1 else 0.0
            step = measurements.resolution_a / np.sqrt(12) if quantity == "current_a" else 0.0
            found.append(estimate.mean)
            errors.append(np.sqrt(spread**2 + step**2 + (_REPEATS * estimate.mean) ** 2))
    return np.array(found), np.array(errors)
