"""What an inference gave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dvfs_kernel.inference.parts import Part, parts_of
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage.by_content import ByContent
from dvfs_kernel.storage.json_file import write_json
from dvfs_kernel.storage.rows import Row, Tabled

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.boards.base import Emulation
    from dvfs_kernel.boards.ground_truth import GroundTruth, InferenceTruth, WindowTruth
    from dvfs_kernel.inference.profile import LayerProfile, Profile
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.link.replies import Hello, RunResult
    from dvfs_kernel.link.window import Window
    from dvfs_kernel.networks.network import Network

__all__ = ["InferenceResult"]

SCHEMA = "dvfs-kernel/inference"
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False, repr=False)
class InferenceResult(ByContent, Tabled):
    """What an inference gave.

    Parameters
    ----------
    outputs
        The network's outputs, in the shape and element type of their tensors.
    profile
        Of the last run; without layers at profile level off.
    truth
        What a virtual board logged since its reset; None on other boards.
    emulation
        What emulating the runs took, without transfers; None on other boards.
    window
        What window each run began; None where it began none.
    """

    network: Network
    schedule: Schedule
    hello: Hello
    run: RunResult
    profile: Profile
    outputs: tuple[npt.NDArray[Any], ...]
    truth: GroundTruth | None
    emulation: Emulation | None
    window: Window | None = None

    def __repr__(self) -> str:
        energy = "" if self.energy_j is None else f", {self.energy_j * 1e3:.3f} mJ"
        return (
            f"<Inference of {self.network.name}: {self.time_s * 1e3:.3f} ms{energy}, "
            f"{self.cycles:,} cycles>"
        )

    @property
    def cycles(self) -> int:
        """Core cycles of the inference."""
        return self.profile.cycles

    @property
    def time_s(self) -> float:
        """Time of the inference, by the firmware's clock."""
        return self.profile.time_s

    @property
    def energy_j(self) -> float | None:
        """Energy of the inference; None where the board cannot tell."""
        return self.profile.energy_j

    @property
    def window_j(self) -> float | None:
        """Energy of the window; None where there was none, or where the board cannot tell."""
        return None if self.window_truth is None else self.window_truth.energy_j

    @property
    def output(self) -> npt.NDArray[Any]:
        """The network's output, the first of several."""
        return self.outputs[0]

    @cached_property
    def layers(self) -> ByName[LayerProfile]:
        """The layers, by name or number; none at profile level off."""
        return ByName(self.profile.layers)

    @property
    def rows(self) -> list[Row]:
        """One row a layer and kind of segment."""
        return self.profile.rows()

    @property
    def parts(self) -> list[Part]:
        """Layers, what is beside them, and idling: they add up to the inference and its window."""
        window = None if self.window is None else (self.run.window_s, self.window_j)
        return parts_of(
            ((layer.name, layer.time_s, layer.energy_j) for layer in self.layers),
            (self.time_s, self.energy_j),
            window,
        )

    @property
    def inference_truth(self) -> InferenceTruth | None:
        """The log of the last run."""
        if self.truth is None or not self.truth.inferences:
            return None
        return self.truth.inferences[-1]

    @property
    def window_truth(self) -> WindowTruth | None:
        """The log of the last run's window; None where there was none, or on other boards."""
        if self.truth is None or not self.truth.windows or not self.run.window_ticks:
            return None
        return self.truth.windows[-1]

    @property
    def cycles_per_mac(self) -> float | None:
        """Core cycles for each multiply-accumulate; None for a network without any."""
        macs = sum(self.network.macs)
        return self.profile.cycles / macs if macs else None

    def named_outputs(self) -> dict[str, npt.NDArray[Any]]:
        """Return the outputs by the names of their tensors, made distinct by a number."""
        named: dict[str, npt.NDArray[Any]] = {}
        for index, output in zip(self.network.outputs, self.outputs, strict=True):
            name = self.network.tensors[index].name
            named[f"{name}_{index}" if name in named else name] = output
        return named

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; the same run gives the same values.

        Outputs are nested lists of stored values with the scale and zero point to read them by.
        """
        tensors = self.network.tensors
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": {
                "name": self.network.name,
                "input_shape": list(tensors[self.network.input].shape),
                "macs": sum(self.network.macs),
            },
            "firmware_build_id": f"{self.hello.build_id:08x}",
            "schedule": self.schedule.to_dict(),
            "cycles_per_mac": self.cycles_per_mac,
            "profile": self.profile.to_dict(),
            "window": self._window_dict(),
            "outputs": [
                {
                    "name": tensors[index].name,
                    "shape": list(output.shape),
                    "element": tensors[index].element,
                    "scale": tensors[index].scale,
                    "zero_point": tensors[index].zero_point,
                    "values": output.tolist(),
                }
                for index, output in zip(self.network.outputs, self.outputs, strict=True)
            ],
        }

    def _window_dict(self) -> dict[str, Any] | None:
        """Return what was asked of the window and what came of it as plain values."""
        if self.window is None:
            return None
        truth = self.window_truth
        return {
            "idle": self.window.idle.name.lower(),
            "asked_s": self.window.length_s,
            "time_s": self.run.window_s,
            "overrun_s": self.run.overrun_s,
            "energy_j": None if truth is None else truth.energy_j,
            "idle_energy_j": None if truth is None else truth.idle_energy_j,
        }
