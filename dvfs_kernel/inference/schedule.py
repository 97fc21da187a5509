"""A schedule: for every layer the granularity of its DAE form and the clocks it runs on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError, ScheduleError
from dvfs_kernel.link import abi
from dvfs_kernel.storage.json_file import load_json
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["LayerPlan", "Schedule"]

SCHEMA = "dvfs-kernel/schedule"
SCHEMA_VERSION = 1

_GRANULARITY_MAX = 255


@dataclass(frozen=True)
class LayerPlan:
    """How one layer runs.

    Parameters
    ----------
    granularity
        0: the interleaved form; else g channels (depthwise) or g columns (pointwise) at a time.
    hfo
        Index of the clock for compute segments, and for everything where the layer does not hop.
    lfo
        Index of the clock for memory segments; None: the layer does not hop.
    """

    granularity: int = 0
    hfo: int = 0
    lfo: int | None = None


@dataclass(frozen=True)
class Schedule:
    """Clocks, and which layer runs on which of them.

    Parameters
    ----------
    hse_hz
        Frequency of the board's HSE, which the PLL settings count on.
    clocks
        1 … ``abi.CLOCKS_MAX`` settings.
    layers
        One plan for each layer of the network.
    idle_clock
        Index of the clock between inferences and before the first layer.

    Raises
    ------
    ScheduleError
        A field or an index is out of its range.
    ClockError
        A clock is outside the data sheet's limits at this HSE.
    """

    hse_hz: int
    clocks: tuple[ClockSetting, ...]
    layers: tuple[LayerPlan, ...]
    idle_clock: int = 0

    def __post_init__(self) -> None:
        _check_range("the number of clocks", len(self.clocks), 1, abi.CLOCKS_MAX)
        _check_range("the number of layers", len(self.layers), 1, abi.LAYERS_MAX)
        last = len(self.clocks) - 1
        _check_range("idle_clock", self.idle_clock, 0, last)
        for index, plan in enumerate(self.layers):
            _check_range(f"layer {index}: granularity", plan.granularity, 0, _GRANULARITY_MAX)
            _check_range(f"layer {index}: hfo", plan.hfo, 0, last)
            if plan.lfo is not None:
                _check_range(f"layer {index}: lfo", plan.lfo, 0, last)
        for clock in self.clocks:
            clock.check(self.hse_hz)
        idle = self.clocks[self.idle_clock]
        if idle.hclk_hz(self.hse_hz) < abi.IDLE_HCLK_HZ_MIN:
            raise ScheduleError(
                f"idle_clock is {idle}, an HCLK of {megahertz(idle.hclk_hz(self.hse_hz))}; "
                f"{megahertz(abi.IDLE_HCLK_HZ_MIN)} or more is allowed, "
                "which the serial port needs"
            )

    def __repr__(self) -> str:
        clocks = ", ".join(map(str, self.clocks))
        return f"<Schedule of {len(self.layers)} layers, HSE {megahertz(self.hse_hz)}: {clocks}>"

    @classmethod
    def uniform(
        cls,
        layer_count: int,
        hse_hz: int,
        *,
        hfo: ClockSetting | None = None,
        lfo: ClockSetting | None = None,
        granularity: int | Sequence[int] = 0,
    ) -> Schedule:
        """Run every layer on the same clocks; idle on the HFO, or on HSI where that is too slow.

        Parameters
        ----------
        hfo
            By default the fastest clock of the chip, 216 MHz, made from the HSE.
        lfo
            The clock of memory segments; by default layers do not hop.
        granularity
            One for all layers, or one for each.
        """
        if isinstance(granularity, int):
            granularity = [granularity] * layer_count
        clocks = [hfo or ClockSetting.fastest(hse_hz)] + ([] if lfo is None else [lfo])
        too_slow = clocks[0].hclk_hz(hse_hz) < abi.IDLE_HCLK_HZ_MIN
        if too_slow:
            clocks.append(ClockSetting("hsi"))
        layers = tuple(LayerPlan(g, 0, 1 if lfo is not None and g else None) for g in granularity)
        return cls(hse_hz, tuple(clocks), layers, idle_clock=len(clocks) - 1 if too_slow else 0)

    # ---- files ---------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; a clock is text as `ClockSetting.parse` reads it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "hse_hz": self.hse_hz,
            "idle_clock": self.idle_clock,
            "clocks": [str(clock) for clock in self.clocks],
            "layers": [
                {"granularity": plan.granularity, "hfo": plan.hfo, "lfo": plan.lfo}
                for plan in self.layers
            ],
        }

    @classmethod
    def from_dict(cls, data: object) -> Schedule:
        """Read what `to_dict` wrote.

        Raises
        ------
        ScheduleError
            Something is missing, of another type or out of range.
        """
        top = _object(data, "a schedule")
        schema, version = top.get("schema"), top.get("schema_version")
        if schema != SCHEMA or version != SCHEMA_VERSION:
            raise ScheduleError(
                f"the schema is {schema!r}, version {version!r}; "
                f"only {SCHEMA!r}, version {SCHEMA_VERSION} can be read"
            )
        _no_others(top, {"schema", "schema_version", "hse_hz", "idle_clock", "clocks", "layers"})
        layers = [
            _layer_plan(_object(item, f"layer {index}"), index)
            for index, item in enumerate(_list(top, "layers"))
        ]
        clocks = [_clock(item, index) for index, item in enumerate(_list(top, "clocks"))]
        try:
            return cls(
                hse_hz=_whole(top, "hse_hz", "a schedule"),
                clocks=tuple(clocks),
                layers=tuple(layers),
                idle_clock=_whole(top, "idle_clock", "a schedule"),
            )
        except ClockError as error:
            raise ScheduleError(f"a clock of the schedule is illegal: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Schedule:
        """Read a schedule from a JSON file.

        Raises
        ------
        ScheduleError
            The file is no schedule.
        OSError
            The file cannot be read.
        """
        return load_json(path, cls.from_dict, ScheduleError)

    def to_json(self) -> str:
        """Return the text of a JSON file."""
        return json.dumps(self.to_dict(), indent=1) + "\n"

    # ---- the wire ------------------------------------------------------------------------------

    def header_bytes(self) -> bytes:
        """Return an ``abi.SCHEDULE_HEADER``."""
        header = np.zeros((), abi.SCHEDULE_HEADER)
        header["hse_hz"] = self.hse_hz
        header["layer_count"] = len(self.layers)
        header["clock_count"] = len(self.clocks)
        header["idle_clock"] = self.idle_clock
        return header.tobytes()

    def clock_bytes(self) -> bytes:
        """Return one ``abi.CLOCK`` for each clock."""
        return b"".join(clock.to_bytes() for clock in self.clocks)

    def layer_bytes(self) -> bytes:
        """Return one ``abi.LAYER_PLAN`` for each layer."""
        plans = np.zeros(len(self.layers), abi.LAYER_PLAN)
        plans["granularity"] = [plan.granularity for plan in self.layers]
        plans["hfo"] = [plan.hfo for plan in self.layers]
        plans["lfo"] = [abi.NO_CLOCK if plan.lfo is None else plan.lfo for plan in self.layers]
        return plans.tobytes()

    @classmethod
    def from_bytes(cls, header: bytes, clocks: bytes, layers: bytes) -> Schedule:
        """Decode what the three methods above made."""
        head = np.frombuffer(header, abi.SCHEDULE_HEADER, count=1)[0]
        size = abi.CLOCK.itemsize
        plans = np.frombuffer(layers, abi.LAYER_PLAN, count=int(head["layer_count"]))
        return cls(
            hse_hz=int(head["hse_hz"]),
            clocks=tuple(
                ClockSetting.from_bytes(clocks[index * size : (index + 1) * size])
                for index in range(int(head["clock_count"]))
            ),
            layers=tuple(
                LayerPlan(
                    int(plan["granularity"]),
                    int(plan["hfo"]),
                    None if plan["lfo"] == abi.NO_CLOCK else int(plan["lfo"]),
                )
                for plan in plans
            ),
            idle_clock=int(head["idle_clock"]),
        )


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ScheduleError(f"{what} is {value}; {low} to {high} is allowed")


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ScheduleError(f"{what} has to be a JSON object, not {value!r:.60}")
    return value


def _list(data: dict[str, object], key: str) -> list[object]:
    value = data.get(key)
    if not isinstance(value, list):
        raise ScheduleError(f"{key} has to be a list, not {value!r:.60}")
    return value


def _whole(data: dict[str, object], key: str, what: str) -> int:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ScheduleError(f"{what}: {key} has to be a whole number, not {value!r:.60}")
    return value


def _no_others(data: dict[str, object], known: set[str]) -> None:
    others = sorted(set(data) - known)
    if others:
        raise ScheduleError(f"unknown field {others[0]!r}; known are {', '.join(sorted(known))}")


def _layer_plan(data: dict[str, object], index: int) -> LayerPlan:
    _no_others(data, {"granularity", "hfo", "lfo"})
    what = f"layer {index}"
    return LayerPlan(
        granularity=_whole(data, "granularity", what),
        hfo=_whole(data, "hfo", what),
        lfo=None if data.get("lfo") is None else _whole(data, "lfo", what),
    )


def _clock(value: object, index: int) -> ClockSetting:
    if not isinstance(value, str):
        raise ScheduleError(
            f"clock {index} has to be text such as 'pll:25/216/2', not {value!r:.60}"
        )
    try:
        return ClockSetting.parse(value)
    except ClockError as error:
        raise ScheduleError(f"clock {index}: {error}") from error
