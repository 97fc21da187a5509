"""One inference from network to profile, on any board."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dvfs_kernel import abi, memory_plan, packing
from dvfs_kernel.errors import BoardError, ScheduleError
from dvfs_kernel.image import build as build_image
from dvfs_kernel.input_tensor import fit_array
from dvfs_kernel.profile import LayerInfo, Profile
from dvfs_kernel.session import Session

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.boards.base import Board, Emulation
    from dvfs_kernel.ground_truth import GroundTruth, InferenceTruth
    from dvfs_kernel.image import Image
    from dvfs_kernel.network import Layer, Network
    from dvfs_kernel.schedule import Schedule
    from dvfs_kernel.session import Hello, Progress, RunResult

__all__ = [
    "FIRMWARE",
    "Deployment",
    "InferenceResult",
    "dae_granularities",
    "firmware_path",
    "infer",
]

SCHEMA = "dvfs-kernel/inference"
SCHEMA_VERSION = 1

_DAE_OPERATORS = (abi.Operator.DEPTHWISE, abi.Operator.POINTWISE)

#: The firmware that the package carries.
FIRMWARE = Path(__file__).with_name("firmware.elf")


def firmware_path(firmware: Path = FIRMWARE) -> Path:
    """Return the path of the firmware.

    Raises
    ------
    BoardError
        It is not built.
    """
    if not firmware.is_file():
        raise BoardError(
            f"the firmware {firmware.name} is not built; build it with python firmware/build.py"
        )
    return firmware


@dataclass(frozen=True)
class InferenceResult:
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
    """

    network: Network
    schedule: Schedule
    hello: Hello
    run: RunResult
    profile: Profile
    outputs: tuple[npt.NDArray[Any], ...]
    truth: GroundTruth | None
    emulation: Emulation | None

    @property
    def inference_truth(self) -> InferenceTruth | None:
        """The log of the last run."""
        if self.truth is None or not self.truth.inferences:
            return None
        return self.truth.inferences[-1]

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


class Deployment:
    """A network on a board, ready to run any schedule: nothing is flashed again in between.

    Parameters
    ----------
    board
        A board that is not in use otherwise.
    progress
        Told of long transfers.

    Raises
    ------
    NetworkTooLargeError, UnsupportedOperatorError
        The network does not fit the chip or uses what the firmware does not have.
    BoardError
        The firmware is missing or does not start.
    """

    def __init__(
        self,
        network: Network,
        board: Board,
        *,
        firmware: Path = FIRMWARE,
        progress: Progress | None = None,
    ) -> None:
        self.network = network
        self.board = board
        self.image = build_image(network, memory_plan.plan(network))
        firmware_path(firmware)
        if progress is not None:
            board.watch_transfers(progress)
        board.flash(firmware, self.image.data)
        board.reset()
        self._progress = progress
        self.session = Session(board, progress=progress)
        self.hello = self.session.hello()
        self.session.use_image()
        self._emulation: Emulation | None = None
        self._input: bytes | None = None  # what the board still holds

    def infer(
        self,
        data: npt.NDArray[Any],
        schedule: Schedule,
        *,
        runs: int = 1,
        level: abi.ProfileLevel = abi.ProfileLevel.SEGMENT,
    ) -> InferenceResult:
        """Run the network on one input and read everything back.

        Parameters
        ----------
        data : ndarray
            Anything that `input_tensor.fit_array` takes for the network's input.

        Raises
        ------
        ScheduleError
            The schedule does not fit the network.
        FileFormatError
            The input does not fit the network.
        """
        check_schedule(schedule, self.image)
        stored = fit_array(data, self.network.tensors[self.network.input])
        self.session.set_schedule(schedule)
        self._watch(len(self.network.layers) * runs)
        run = self._run(stored.tobytes(), runs, level)
        records = (
            np.zeros(0, abi.PROFILE_RECORD)
            if level == abi.ProfileLevel.OFF
            else self.session.read_profile()
        )
        outputs = tuple(self._read_output(index) for index in self.network.outputs)
        truth = self.board.ground_truth()
        last = truth.inferences[-1] if truth is not None and truth.inferences else None
        return InferenceResult(
            network=self.network,
            schedule=schedule,
            hello=self.hello,
            run=run,
            profile=Profile.from_records(
                records, layer_infos(self.network, schedule), run, self.hello, last
            ),
            outputs=outputs,
            truth=truth,
            emulation=self._emulation,
        )

    def _watch(self, total: int) -> None:
        progress = self._progress
        if progress is not None:
            self.board.watch_layers(lambda begun: progress("layers", min(begun, total), total))

    def _run(self, data: bytes, runs: int, level: abi.ProfileLevel) -> RunResult:
        if self.image.plan.keeps_input:
            if data != self._input:
                self._input = None
                self.session.set_input(data)
                self._input = data
            return self._run_session(runs, level)
        for _ in range(runs - 1):
            self.session.set_input(data)  # a run of this network overwrites its input
            self._run_session(1, level)
        self.session.set_input(data)
        return replace(self._run_session(1, level), runs=runs)

    def _run_session(self, runs: int, level: abi.ProfileLevel) -> RunResult:
        before = self.board.emulation()
        result = self.session.run(runs, level)
        after = self.board.emulation()
        self._emulation = after - before if after is not None and before is not None else None
        return result

    def _read_output(self, index: int) -> npt.NDArray[Any]:
        tensor = self.network.tensors[index]
        dtype = np.dtype(tensor.element).newbyteorder("<")
        data = self.session.read_output(index, tensor.bytes)
        return np.frombuffer(data, dtype).reshape(tensor.shape)

    def close(self) -> None:
        """Close the board."""
        self.board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def infer(
    network: Network,
    data: npt.NDArray[Any],
    board: Board,
    schedule: Schedule,
    *,
    runs: int = 1,
    level: abi.ProfileLevel = abi.ProfileLevel.SEGMENT,
    progress: Progress | None = None,
) -> InferenceResult:
    """Flash a network, run it ``runs`` times on one input, and return outputs and profile.

    See `Deployment`, which is the better choice for more than one schedule, for errors.
    """
    return Deployment(network, board, progress=progress).infer(
        data, schedule, runs=runs, level=level
    )


def check_schedule(schedule: Schedule, image: Image) -> None:
    """Verify that a schedule fits a network.

    Raises
    ------
    ScheduleError
        The number of layers differs, or a granularity does not fit its layer.
    """
    network = image.network
    if len(schedule.layers) != len(network.layers):
        raise ScheduleError(
            f"the schedule has {len(schedule.layers)} layers; "
            f"network {network.name} has {len(network.layers)}"
        )
    for index, (plan, layer) in enumerate(zip(schedule.layers, network.layers, strict=True)):
        if image.fits(index, plan.granularity):
            continue
        where = f"layer {index} ({layer.name}): granularity {plan.granularity}"
        if not has_dae_form(layer, network):
            raise ScheduleError(
                f"{where} is not possible: only depthwise and pointwise layers have a DAE form; "
                "0 is allowed"
            )
        need = packing.scratch_bytes(layer, network.tensors, plan.granularity)
        largest = max(g for g in range(plan.granularity) if image.fits(index, g))
        raise ScheduleError(
            f"{where} needs {need} bytes of buffer; {abi.SCRATCH_BYTES} are there: "
            f"at most {largest} is allowed"
        )


def has_dae_form(layer: Layer, network: Network) -> bool:
    """Tell whether the firmware can run the layer decoupled, access before execute."""
    return packing.operator_of(layer, network.tensors) in _DAE_OPERATORS


def dae_granularities(network: Network, granularity: int) -> list[int]:
    """Return ``granularity`` for each layer that has a DAE form, 0 for the others."""
    return [granularity if has_dae_form(layer, network) else 0 for layer in network.layers]


def layer_infos(network: Network, schedule: Schedule) -> list[LayerInfo]:
    """Describe each layer under a schedule, for a profile."""
    return [
        LayerInfo(
            name=layer.name,
            operator=packing.operator_of(layer, network.tensors).name.lower(),
            macs=macs,
            granularity=plan.granularity,
            hfo=str(schedule.clocks[plan.hfo]),
            lfo=None if plan.lfo is None else str(schedule.clocks[plan.lfo]),
        )
        for layer, macs, plan in zip(network.layers, network.macs, schedule.layers, strict=True)
    ]
