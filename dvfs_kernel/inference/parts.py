"""What an inference and its window consist of: the parts add up to the whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from dvfs_kernel.image import packing
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage.ordered_sum import ordered_sum
from dvfs_kernel.storage.rows import Row, Tabled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.networks.network import Network

    Floats = npt.NDArray[np.float64]

__all__ = ["Part", "ScheduledLayer", "ScheduledRun", "parts_of", "scheduled_layers"]


@dataclass(frozen=True)
class Part:
    """A share of time and energy.

    Parameters
    ----------
    kind
        ``layer``: a layer with the clock change before it; ``rest``: what lies before the first
        layer and behind the last one; ``idle``: of the window, what is not inference.
    name
        Of the layer; of other parts, their kind.
    energy_j
        None where the board cannot tell.
    """

    kind: Literal["layer", "rest", "idle"]
    name: str
    time_s: float
    energy_j: float | None

    def to_dict(self) -> Row:
        """Return the fields."""
        return asdict(self)


@dataclass(frozen=True)
class ScheduledLayer:
    """A layer under a schedule: what it runs on, and what that takes.

    Parameters
    ----------
    granularity, hfo, lfo
        As the schedule says; clocks as text, ``lfo`` None where the layer does not hop.
    kernel_time_s, kernel_energy_j
        Of the layer's kernel.
    entry_time_s, entry_energy_j
        Of the clock change before it.
    """

    index: int
    name: str
    operator: str
    macs: int
    granularity: int
    hfo: str
    lfo: str | None
    kernel_time_s: float
    kernel_energy_j: float
    entry_time_s: float
    entry_energy_j: float

    @property
    def time_s(self) -> float:
        """Time of kernel and clock change."""
        return self.kernel_time_s + self.entry_time_s

    @property
    def energy_j(self) -> float:
        """Energy of kernel and clock change."""
        return self.kernel_energy_j + self.entry_energy_j

    def to_dict(self) -> Row:
        """Return the fields, and the sums."""
        return asdict(self) | {"time_s": self.time_s, "energy_j": self.energy_j}


class ScheduledRun(Tabled):
    """A schedule in a window, predicted or executed: its layers, and what else takes time."""

    @property
    def latency_s(self) -> float:
        """Time of the inference."""
        raise NotImplementedError

    @property
    def inference_j(self) -> float:
        """Energy of the inference."""
        raise NotImplementedError

    @property
    def window_s(self) -> float:
        """Length of the window."""
        raise NotImplementedError

    @property
    def window_j(self) -> float:
        """Energy of the window, idling included."""
        raise NotImplementedError

    @property
    def layers(self) -> ByName[ScheduledLayer]:
        """The layers, by name or number."""
        raise NotImplementedError

    @property
    def rows(self) -> list[Row]:
        """One row a layer."""
        return [layer.to_dict() for layer in self.layers]

    @property
    def parts(self) -> list[Part]:
        """Layers, what is beside them, and idling: they add up to `window_s` and `window_j`."""
        return parts_of(
            ((layer.name, layer.time_s, layer.energy_j) for layer in self.layers),
            (self.latency_s, self.inference_j),
            (self.window_s, self.window_j),
        )


def scheduled_layers(
    network: Network,
    schedule: Schedule,
    kernels: tuple[Floats, Floats],
    entries: tuple[Floats, Floats],
) -> ByName[ScheduledLayer]:
    """Return the layers of a network under a schedule.

    Parameters
    ----------
    kernels, entries
        (layers,) times and energies of the kernels, and of the clock changes before them.
    """
    costs = zip(*kernels, *entries, strict=True)
    return ByName(
        ScheduledLayer(
            index,
            layer.name,
            packing.operator_of(layer, network.tensors).name.lower(),
            macs,
            plan.granularity,
            str(schedule.clocks[plan.hfo]),
            None if plan.lfo is None else str(schedule.clocks[plan.lfo]),
            *(float(value) for value in cost),
        )
        for index, (layer, macs, plan, cost) in enumerate(
            zip(network.layers, network.macs, schedule.layers, costs, strict=True)
        )
    )


def parts_of(
    layers: Iterable[tuple[str, float, float | None]],
    inference: tuple[float, float | None],
    window: tuple[float, float | None] | None = None,
) -> list[Part]:
    """Return the layers, the rest of the inference, and the idle time of its window.

    Parameters
    ----------
    layers
        (name, time, energy) of each.
    inference, window
        (time, energy) of the whole; None: no window.
    """
    parts = [Part("layer", name, time_s, energy_j) for name, time_s, energy_j in layers]
    parts.append(_remainder("rest", inference, parts))
    if window is not None:
        parts.append(_remainder("idle", window, parts))
    return parts


def _remainder(
    kind: Literal["rest", "idle"], whole: tuple[float, float | None], parts: Sequence[Part]
) -> Part:
    time_s, energy_j = whole
    energies = [part.energy_j for part in parts]
    known = [energy for energy in energies if energy is not None]
    left_j = (
        energy_j - ordered_sum(known)
        if energy_j is not None and len(known) == len(energies)
        else None
    )
    return Part(kind, kind, time_s - ordered_sum(part.time_s for part in parts), left_j)
