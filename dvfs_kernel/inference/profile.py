"""Profile of one inference: cycles, time, current and energy by layer and by kind of segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.link import abi
from dvfs_kernel.storage.ordered_sum import ordered_sum
from renode_platform.devices.datasheet import VDD_V

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from dvfs_kernel.boards.ground_truth import InferenceTruth
    from dvfs_kernel.link.replies import Hello, RunResult

__all__ = ["LayerInfo", "LayerProfile", "Profile", "SegmentProfile"]

#: Supply of the board's microcontroller.
SUPPLY_V: float = VDD_V

SCHEMA = "dvfs-kernel/profile"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class SegmentProfile:
    """One kind of segment of one layer, summed over its occurrences.

    Parameters
    ----------
    segment
        What the time was spent on.
    clock
        The SYSCLK setting, as text; for switching, both settings.
    cycles
        Core cycles.
    time_s
        Wall time by the firmware's LPTIM1 (resolution 1 / ``abi.TICK_HZ``, summed).
    count
        Number of occurrences.
    energy_j
        Ground truth of a virtual board; None where there is none.
    """

    segment: abi.Segment
    clock: str
    cycles: int
    time_s: float
    count: int
    energy_j: float | None

    @property
    def current_a(self) -> float | None:
        """Average supply current; None without energy or without time."""
        return _average_current_a(self.energy_j, self.time_s)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields with their units in their names."""
        return {
            "segment": self.segment.name.lower(),
            "clock": self.clock,
            "cycles": self.cycles,
            "time_s": self.time_s,
            "count": self.count,
            "current_a": self.current_a,
            "energy_j": self.energy_j,
        }


@dataclass(frozen=True)
class LayerInfo:
    """What a profile repeats of a layer and of its plan, so that it can be read alone."""

    name: str
    operator: str
    macs: int
    granularity: int
    hfo: str
    lfo: str | None

    def clock_of(self, segment: abi.Segment) -> str:
        """Return the clock that a segment runs on, as text."""
        if self.lfo is None:
            return self.hfo
        if segment is abi.Segment.SWITCHING:
            return f"{self.lfo} ↔ {self.hfo}"
        return self.lfo if segment is abi.Segment.MEMORY else self.hfo


@dataclass(frozen=True)
class LayerProfile:
    """One layer: its segments, and their sums."""

    index: int
    info: LayerInfo
    segments: tuple[SegmentProfile, ...]

    def __repr__(self) -> str:
        energy = "" if self.energy_j is None else f", {self.energy_j * 1e6:.2f} µJ"
        return f"<{self.name}: {self.cycles:,} cycles, {self.time_s * 1e6:.1f} µs{energy}>"

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.info.name

    @property
    def cycles(self) -> int:
        """Core cycles of all segments."""
        return sum(segment.cycles for segment in self.segments)

    @property
    def time_s(self) -> float:
        """Wall time of all segments."""
        return ordered_sum(segment.time_s for segment in self.segments)

    @property
    def energy_j(self) -> float | None:
        """Energy of all segments; None where a board cannot tell."""
        return _sum(segment.energy_j for segment in self.segments)

    @property
    def current_a(self) -> float | None:
        """Average supply current."""
        return _average_current_a(self.energy_j, self.time_s)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields with their units in their names."""
        return {
            "index": self.index,
            "name": self.info.name,
            "operator": self.info.operator,
            "macs": self.info.macs,
            "granularity": self.info.granularity,
            "hfo": self.info.hfo,
            "lfo": self.info.lfo,
            "cycles": self.cycles,
            "time_s": self.time_s,
            "current_a": self.current_a,
            "energy_j": self.energy_j,
            "segments": [segment.to_dict() for segment in self.segments],
        }


@dataclass(frozen=True)
class Profile:
    """One inference.

    Parameters
    ----------
    layers
        Empty at profile level off.
    cycles, time_s
        Of the whole inference, by the firmware's counters.
    energy_j
        Of the whole inference; None where a board cannot tell.
    relocks, hops
        PLL relocks, and changes between HSE and a running PLL.
    overhead_cycles
        What taking the profile itself cost, by the firmware's own measurement of one boundary.
    """

    layers: tuple[LayerProfile, ...]
    cycles: int
    time_s: float
    energy_j: float | None
    relocks: int
    hops: int
    overhead_cycles: int

    def __repr__(self) -> str:
        time = f"{self.time_s * 1e3:.3f} ms"
        return f"<Profile of {len(self.layers)} layers: {self.cycles:,} cycles, {time}>"

    @classmethod
    def from_records(
        cls,
        records: npt.NDArray[Any],
        infos: Sequence[LayerInfo],
        result: RunResult,
        hello: Hello,
        truth: InferenceTruth | None = None,
    ) -> Profile:
        """Join the firmware's records with the ground truth of the same run.

        Parameters
        ----------
        records : ndarray of abi.PROFILE_RECORD, shape (layers,) or (0,)
            What the firmware measured.
        infos
            One for each layer of the network.
        truth
            What a virtual board logged of that run.
        """
        energy_j = truth.energy_of() if truth is not None else None
        layers = tuple(
            LayerProfile(
                index,
                info,
                tuple(_segments(record, info, _energy_of_layer(energy_j, index))),
            )
            for index, (record, info) in enumerate(zip(records, infos, strict=False))
        )
        boundaries = sum(segment.count for layer in layers for segment in layer.segments)
        return cls(
            layers=layers,
            cycles=result.total_cycles,
            time_s=result.total_s,
            energy_j=truth.energy_j if truth is not None else None,
            relocks=result.relocks,
            hops=result.hops,
            overhead_cycles=boundaries * hello.marker_overhead_cycles,
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.info.macs for layer in self.layers)

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a layer and segment: for tables and data frames."""
        return [
            {
                "layer": layer.index,
                "name": layer.info.name,
                "operator": layer.info.operator,
                "macs": layer.info.macs,
                "granularity": layer.info.granularity,
                **segment.to_dict(),
            }
            for layer in self.layers
            for segment in layer.segments
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain values.

        Every quantity is in the SI unit that its name ends with; an energy or a current that the
        board cannot tell is None. ``segments`` of a layer are in the order memory, compute,
        switching, other, and only those that occurred.
        """
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "supply_v": SUPPLY_V,
            "totals": {
                "cycles": self.cycles,
                "time_s": self.time_s,
                "energy_j": self.energy_j,
                "macs": self.macs,
                "relocks": self.relocks,
                "hops": self.hops,
                "overhead_cycles": self.overhead_cycles,
            },
            "layers": [layer.to_dict() for layer in self.layers],
        }


_ORDER = (
    abi.Segment.MEMORY,
    abi.Segment.COMPUTE,
    abi.Segment.SWITCHING,
    abi.Segment.OTHER,
)


def _energy_of_layer(
    energy_j: Mapping[tuple[int | None, abi.Segment], float] | None, layer: int
) -> dict[abi.Segment, float] | None:
    if energy_j is None:
        return None
    return {segment: energy_j.get((layer, segment), 0.0) for segment in abi.Segment}


def _segments(
    record: Any, info: LayerInfo, energy_j: Mapping[abi.Segment, float] | None
) -> Iterable[SegmentProfile]:
    for segment in _ORDER:
        if record["counts"][segment] or record["cycles"][segment]:
            yield SegmentProfile(
                segment=segment,
                clock=info.clock_of(segment),
                cycles=int(record["cycles"][segment]),
                time_s=int(record["ticks"][segment]) / abi.TICK_HZ,
                count=int(record["counts"][segment]),
                energy_j=None if energy_j is None else energy_j[segment],
            )


def _average_current_a(energy_j: float | None, time_s: float) -> float | None:
    if energy_j is None or not time_s:
        return None
    return energy_j / (SUPPLY_V * time_s)


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
