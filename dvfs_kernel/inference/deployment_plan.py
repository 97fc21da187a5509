"""A plan: a schedule for a network in a window, and what it should take; what is deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import FORMS
from dvfs_kernel.storage.json_file import load_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SCHEMA", "LayerPrediction", "Plan"]

SCHEMA = "dvfs-kernel/plan"
SCHEMA_VERSION = 1

_FIELDS = {
    "schema",
    "schema_version",
    "network",
    "image_digest",
    "bound",
    "window_s",
    "idle",
    "predicted",
    "layers",
    "schedule",
}
_OPTIONAL = {"forms"}


@dataclass(frozen=True)
class LayerPrediction:
    """What one layer should take: its kernel, without the clock change before it."""

    time_s: float
    energy_j: float


@dataclass(frozen=True)
class Plan:
    """A schedule and where it belongs.

    Parameters
    ----------
    network
        Name of a built-in network, or path of a file.
    image_digest
        SHA-256 of the network's data image: another network under the same name is refused.
    bound
        What the bound is called.
    window_s, idle
        The window, and how its rest is spent.
    latency_s, inference_j, window_j
        What it should take.
    layers
        The same layer by layer.
    forms
        Kernel form of each layer; empty where all are packed.
    """

    network: str
    image_digest: str
    bound: str
    window_s: float
    idle: abi.IdleMode
    latency_s: float
    inference_j: float
    window_j: float
    layers: tuple[LayerPrediction, ...]
    schedule: Schedule
    forms: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Plan for {self.network} within {self.bound}: {self.latency_s * 1e3:.3f} ms of "
            f"{self.window_s * 1e3:.3f} ms, {self.window_j * 1e3:.3f} mJ>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": self.network,
            "image_digest": self.image_digest,
            "bound": self.bound,
            "window_s": self.window_s,
            "idle": self.idle.name.lower(),
            "predicted": {
                "latency_s": self.latency_s,
                "inference_j": self.inference_j,
                "window_j": self.window_j,
            },
            "layers": [
                {"time_s": layer.time_s, "energy_j": layer.energy_j} for layer in self.layers
            ],
            "schedule": self.schedule.to_dict(),
            **({"forms": list(self.forms)} if self.forms else {}),
        }

    def to_json(self) -> str:
        """Return the text of a JSON file."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, data: object) -> Plan:
        """Read what `to_dict` wrote.

        Raises
        ------
        ScheduleError
            Something is missing, of another type or out of range.
        """
        if not isinstance(data, dict):
            raise ScheduleError(f"a plan has to be a JSON object, not {data!r:.60}")
        head = data.get("schema"), data.get("schema_version")
        if head != (SCHEMA, SCHEMA_VERSION):
            raise ScheduleError(
                f"the schema is {head[0]!r}, version {head[1]!r}; "
                f"only {SCHEMA!r}, version {SCHEMA_VERSION} can be deployed"
            )
        others = sorted((set(data) - _OPTIONAL) ^ _FIELDS)
        if others:
            kind = "unknown" if others[0] in data else "missing"
            raise ScheduleError(
                f"{kind} field {others[0]!r}; the fields are {', '.join(sorted(_FIELDS))}"
            )
        schedule = Schedule.from_dict(data["schedule"])
        idle = str(data["idle"]).upper()
        if idle not in abi.IdleMode.__members__:
            allowed = ", ".join(mode.name.lower() for mode in abi.IdleMode)
            raise ScheduleError(f"idle is {data['idle']!r}; allowed: {allowed}")
        predicted = _object(data["predicted"], "predicted")
        layers = data["layers"]
        if not isinstance(layers, list) or len(layers) != len(schedule.layers):
            raise ScheduleError(
                f"layers has to be a list of {len(schedule.layers)}, as the schedule has layers"
            )
        return cls(
            network=str(data["network"]),
            image_digest=str(data["image_digest"]),
            bound=str(data["bound"]),
            window_s=_number(data, "window_s", "a plan"),
            idle=abi.IdleMode[idle],
            latency_s=_number(predicted, "latency_s", "predicted"),
            inference_j=_number(predicted, "inference_j", "predicted"),
            window_j=_number(predicted, "window_j", "predicted"),
            layers=tuple(
                _layer(_object(layer, f"layer {index}"), index)
                for index, layer in enumerate(layers)
            ),
            schedule=schedule,
            forms=_forms(data.get("forms", []), len(schedule.layers)),
        )

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan from a file.

        Raises
        ------
        ScheduleError
            The file is no plan.
        OSError
            The file cannot be read.
        """
        return load_json(path, cls.from_dict, ScheduleError)


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ScheduleError(f"{what} has to be a JSON object, not {value!r:.60}")
    return value


def _number(data: Mapping[str, object], key: str, what: str) -> float:
    value = data.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
        raise ScheduleError(f"{what}: {key} has to be a number of 0 or more, not {value!r:.60}")
    return float(value)


def _forms(value: object, count: int) -> tuple[str, ...]:
    known = not isinstance(value, list) or all(form in FORMS for form in value)
    if not isinstance(value, list) or not known or len(value) not in (0, count):
        raise ScheduleError(
            f"forms has to be a list of {count}, each {', '.join(FORMS)}, not {value!r:.60}"
        )
    return tuple(value)


def _layer(data: Mapping[str, object], index: int) -> LayerPrediction:
    what = f"layer {index}"
    return LayerPrediction(_number(data, "time_s", what), _number(data, "energy_j", what))
