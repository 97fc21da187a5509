"""What the trace of a lab instrument says of a run: energy by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dvfs_kernel.inference.parts import Part, parts_of
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.content import parsing
from dvfs_kernel.storage.json_file import read_json, write_json

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dvfs_kernel.evidence.measurement.estimate import Estimate
    from dvfs_kernel.evidence.measurement.trace_alignment import AlignedEnergy
    from dvfs_kernel.storage.rows import Row

__all__ = ["TraceResult", "TracedLayer", "read_run"]

SCHEMA = "dvfs-kernel/trace-energy"
SCHEMA_VERSION = 1
_RUN_SCHEMA = "dvfs-kernel/inference"
_SHORTEST_S, _LONGEST_S = 1e-9, 1e6  # of a layer: a cycle is longer, and a week is shorter


@dataclass(frozen=True)
class TracedLayer:
    """A layer, cut out of a trace.

    Parameters
    ----------
    time_s
        By the firmware's clock.
    current_a
        Mean supply current.
    energy_j
        Over all inferences of the trace.
    edge_j
        How far the energy may be off because the ends of the layer are known to a sample only.
    """

    index: int
    name: str
    time_s: float
    current_a: float
    energy_j: Estimate
    edge_j: float

    def to_row(self) -> Row:
        """Return plain values; ``energy_error_j`` is half of a 95 % interval."""
        half_width = self.energy_j.half_width
        return {
            "layer": self.index,
            "name": self.name,
            "time_s": self.time_s,
            "current_a": self.current_a,
            "energy_j": self.energy_j.mean,
            "energy_error_j": half_width if math.isfinite(half_width) else None,
            "edge_j": self.edge_j,
        }


@dataclass(frozen=True, eq=False, repr=False)
class TraceResult:
    """Energy of an inference and its layers, from the trace of a lab instrument.

    Parameters
    ----------
    run
        The ``dvfs-kernel/inference`` document of the run that was recorded.
    supply_v
        Voltage at the chip.
    aligned
        What the inferences of the trace took.
    """

    run: dict[str, Any]
    supply_v: float
    aligned: AlignedEnergy

    def __repr__(self) -> str:
        return (
            f"<Trace of {self.network}: {self.energy_j.mean * 1e3:.3f} mJ in "
            f"{self.time_s * 1e3:.3f} ms, {self.aligned.inferences} inferences>"
        )

    @property
    def network(self) -> str:
        """What the network is called."""
        return str(self.run["network"]["name"])

    @property
    def time_s(self) -> float:
        """Time of an inference, by the firmware's clock."""
        return self.aligned.total_s

    @property
    def energy_j(self) -> Estimate:
        """Energy of an inference."""
        return self.aligned.total_j

    @cached_property
    def layers(self) -> ByName[TracedLayer]:
        """The layers, by name or number."""
        found = zip(
            self.run["profile"]["layers"], self.aligned.time_s, self.aligned.layers, strict=True
        )
        return ByName(self._layer(layer, time_s, energy_j) for layer, time_s, energy_j in found)

    def _layer(self, layer: dict[str, Any], time_s: float, energy_j: Estimate) -> TracedLayer:
        current_a = energy_j.mean / (self.supply_v * time_s * self.aligned.clock_ratio)
        edge_j = current_a * self.supply_v * self.aligned.edge_s
        return TracedLayer(layer["index"], layer["name"], time_s, current_a, energy_j, edge_j)

    @property
    def parts(self) -> list[Part]:
        """Layers, and what is beside them: they add up to the inference."""
        return parts_of(
            ((layer.name, layer.time_s, layer.energy_j.mean) for layer in self.layers),
            (self.time_s, self.energy_j.mean),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs trace --json`` prints it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": self.run["network"]["name"],
            "schedule": self.run["schedule"],
            "supply_v": self.supply_v,
            **self.aligned.to_dict(),
        }

    def to_pandas(self) -> Any:
        """Return the layers as a data frame.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        return tables.to_pandas(layer.to_row() for layer in self.layers)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())

    def _repr_html_(self) -> str:
        return tables.to_html(repr(self)[1:-1], [layer.to_row() for layer in self.layers])


def read_run(path: Path) -> dict[str, Any]:
    """Read what ``dvfs infer --json`` printed.

    Raises
    ------
    FileFormatError
        The file is something else, damaged, or has no layers.
    """
    complaint = f"{path} is not what dvfs infer --json prints"
    run = read_json(path, complaint=complaint)
    with parsing(complaint):
        layers, totals = run["profile"]["layers"], run["profile"]["totals"]
        if run["schema"] != _RUN_SCHEMA:
            raise ValueError(f"its schema is {run['schema']!r:.60}; {_RUN_SCHEMA!r} is allowed")
        if not layers:
            raise ValueError("it has no layers; --level layer or segment tells them")
        _check(run["network"], ("network", "name"), str)
        _check(totals, ("profile.totals", "time_s"), float)
        for place, layer in enumerate(layers):
            for name, kind in (("index", int), ("name", str), ("time_s", float)):
                _check(layer, (f"profile.layers[{place}]", name), kind)
        fields: dict[str, Any] = run
        if not isinstance(fields["schedule"], dict):
            raise TypeError(f"schedule is {run['schedule']!r:.60}; a JSON object is allowed")
    return fields


def _check(fields: Any, place: tuple[str, str], kind: type) -> None:
    """Refuse what is no text, whole number from 0 on, or time in seconds."""
    value = fields[place[1]]
    allowed = {
        str: "text",
        int: "a whole number from 0 on",
        float: f"a time of {_SHORTEST_S:g} to {_LONGEST_S:g} seconds",
    }
    fits = {
        str: isinstance(value, str),
        int: type(value) is int and value >= 0,
        float: type(value) in {int, float} and _SHORTEST_S <= value <= _LONGEST_S,
    }
    if not fits[kind]:
        raise ValueError(f"{'.'.join(place)} is {value!r:.60}; {allowed[kind]} is allowed")
