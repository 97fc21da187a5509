"""What a measurement by the INA219 gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.inference.parts import Part, parts_of
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.json_file import write_json
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dvfs_kernel.evidence.measurement.campaign import Measured
    from dvfs_kernel.evidence.measurement.estimate import Estimate
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.storage.rows import Row

__all__ = ["MeasuredLayer", "MeasurementResult"]

SCHEMA = "dvfs-kernel/measurement"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class MeasuredLayer:
    """A layer that was measured by itself.

    Parameters
    ----------
    time_s
        What it takes within its network, by the firmware's clock; its energy counts with that.
    """

    index: int
    name: str
    time_s: float
    measured: Measured

    @property
    def current_a(self) -> Estimate:
        """Mean supply current."""
        return self.measured.current_a

    @property
    def energy_j(self) -> Estimate:
        """Energy of the layer within its network."""
        return self.measured.energy_j


@dataclass(frozen=True, eq=False, repr=False)
class MeasurementResult(tables.Tabled):
    """Energy of an inference, and of its layers, as a sensor beside the board sees it.

    Parameters
    ----------
    about
        What was measured, where, when and how: as the file of raw samples says it.
    inference_s
        Duration of an inference by itself, profiled, by the firmware's clock.
    supply_v
        Voltage at the chip; None where the measurement did not come as far.
    rounds
        Whole rounds.
    ending
        What ended the measurement, in words.
    ended_early
        Whether that was an interruption, or a board that is gone.
    baseline_drift
        How far the baseline's current moved from first to last, as a share of it; None without a
        baseline, or with a single block of it.
    results
        The whole inference, then the layers: those that were measured at all.
    """

    network: Network
    about: dict[str, Any]
    inference_s: float
    supply_v: float | None
    rounds: int
    ending: str
    ended_early: bool
    baseline_drift: float | None
    results: tuple[Measured, ...]

    def __repr__(self) -> str:
        measured = self.inference
        found = "nothing" if measured is None else f"{_text(measured.energy_j.scaled(1e3))} mJ"
        early = "ended early after " if self.ended_early else ""
        return f"<Measurement of {self.network.name}: {found}, {early}{self.rounds} rounds>"

    @property
    def inference(self) -> Measured | None:
        """The whole inference; None where the measurement did not come as far."""
        return next((one for one in self.results if one.subject.layer_count is None), None)

    @property
    def layers_j(self) -> float:
        """What the layers that were measured by themselves add up to; 0 where none was."""
        return ordered_sum(layer.energy_j.mean for layer in self.layers)

    @property
    def energy_j(self) -> Estimate | None:
        """Energy of an inference."""
        return None if self.inference is None else self.inference.energy_j

    @property
    def current_a(self) -> Estimate | None:
        """Mean supply current of an inference."""
        return None if self.inference is None else self.inference.current_a

    @cached_property
    def layers(self) -> ByName[MeasuredLayer]:
        """The layers that were measured by themselves, by name or number; none but by layer."""
        return ByName(
            MeasuredLayer(
                one.subject.first_layer,
                self.network.layers[one.subject.first_layer].name,
                one.pass_s.mean if one.subject.time_s is None else one.subject.time_s,
                one,
            )
            for one in self.results
            if one.subject.layer_count is not None
        )

    @property
    def parts(self) -> list[Part]:
        """Layers, and what is beside them: they add up to the inference.

        Each layer was measured by itself: what they are off by together is in the rest, whose
        energy may be below 0.
        """
        if self.energy_j is None:
            return []
        return parts_of(
            ((layer.name, layer.time_s, layer.energy_j.mean) for layer in self.layers),
            (self.inference_s, self.energy_j.mean),
        )

    @property
    def rows(self) -> list[Row]:
        """One row for each thing measured; ``…_error_…`` is half of a 95 % interval."""
        return [
            {
                "subject": one.subject.name,
                "first_layer": one.subject.first_layer,
                "layer_count": one.subject.layer_count,
                "current_a": one.current_a.mean,
                "current_error_a": _known(one.current_a),
                "pass_s": one.pass_s.mean,
                "pass_error_s": _known(one.pass_s),
                "energy_j": one.energy_j.mean,
                "energy_error_j": _known(one.energy_j),
                "systematic_j": one.systematic_j,
                "against_baseline": one.against_baseline.mean if one.against_baseline else None,
            }
            for one in self.results
        ]

    def verify(self) -> None:
        """Refuse a measurement that something ended before it was done.

        Raises
        ------
        MeasurementError
            Names what it was.
        """
        if self.ended_early:
            raise MeasurementError(self.ending)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs measure --json`` prints it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            **self.about,
            "inference_s": self.inference_s,
            "supply_v": self.supply_v,
            "rounds": self.rounds,
            "ending": self.ending,
            "baseline_drift": self.baseline_drift,
            "results": [result.to_dict() for result in self.results],
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())


def _known(estimate: Estimate) -> float | None:
    return estimate.half_width if math.isfinite(estimate.half_width) else None


def _text(estimate: Estimate) -> str:
    known = f" ± {estimate.half_width:.3f}" if math.isfinite(estimate.half_width) else ""
    return f"{estimate.mean:.3f}{known}"
