"""A network on a board, ready to run any schedule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.image import memory_plan, packing
from dvfs_kernel.image.firmware import FIRMWARE, firmware_path
from dvfs_kernel.image.image import build as build_image
from dvfs_kernel.inference.profile import LayerInfo, Profile
from dvfs_kernel.inference.result import InferenceResult
from dvfs_kernel.inference.schedule_check import check_schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.session import Session
from dvfs_kernel.link.window import Window
from dvfs_kernel.networks.input_tensor import fit_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.boards.base import Board, Emulation
    from dvfs_kernel.image.image import Image
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.link.replies import RunResult
    from dvfs_kernel.networks.network import Network

__all__ = ["Deployment", "infer", "layer_infos"]


class Deployment:
    """A network on a board, ready to run any schedule: nothing is flashed again in between.

    Parameters
    ----------
    board
        A board that is not in use otherwise; who opened it closes it.
    firmware
        An ELF file, or the bytes of one.
    image
        The network's, where it is made already.
    by_debugger
        Put inputs into RAM and read outputs through the board's debug port, where it has one, and
        not over the serial line: a hundred kilobytes take seconds on the line.
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
        firmware: Path | bytes = FIRMWARE,
        image: Image | None = None,
        by_debugger: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.network = network
        self.board = board
        self.image = image or build_image(network, memory_plan.plan(network))
        if isinstance(firmware, Path):
            firmware_path(firmware)
        if progress is not None:
            board.watch_transfers(progress)
        board.flash(firmware, self.image.data)
        self._progress = progress
        self._by_debugger = by_debugger
        self._input: bytes | None = None  # what the board still holds
        self.restart()
        self._emulation: Emulation | None = None  # of all runs of the last inference

    def restart(self) -> None:
        """Reset the board: what runs next does not depend on what ran before.

        Caches, clocks and branch history begin afresh. Feature maps stay in RAM through a reset, so
        the input need not be sent again.
        """
        self.board.reset()
        self.session = Session(self.board, progress=self._progress)
        self.hello = self.session.hello()
        self.session.use_image()

    def hold(self, data: npt.NDArray[Any]) -> None:
        """Send an input ahead of its runs, where the network leaves it in place.

        Raises
        ------
        FileFormatError
            The input does not fit the network.
        """
        stored = fit_array(data, self.network)
        if self.image.plan.keeps_input:
            self._send(stored.tobytes())

    def infer(
        self,
        data: npt.NDArray[Any],
        schedule: Schedule,
        *,
        runs: int = 1,
        level: abi.ProfileLevel = abi.ProfileLevel.SEGMENT,
        window_s: float | None = None,
        idle: abi.IdleMode = abi.IdleMode.SLEEP,
    ) -> InferenceResult:
        """Run the network on one input and read everything back.

        Parameters
        ----------
        data : ndarray
            Anything that `input_tensor.fit_array` takes for the network's input.
        window_s
            Let each run begin a window of this length, and wait for its end; None: no windows.
        idle
            How the core waits, and in which state a window begins.

        Raises
        ------
        ScheduleError
            The schedule does not fit the network, or the window is too short or too long.
        FileFormatError
            The input does not fit the network.
        """
        check_schedule(schedule, self.image)
        window = None if window_s is None else Window(window_s, idle)
        stored = fit_array(data, self.network)
        self.session.set_schedule(schedule)
        self._watch(len(self.network.layers) * runs)
        run = self._run(stored.tobytes(), runs, level, window)
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
            window=window,
        )

    def _watch(self, total: int) -> None:
        progress = self._progress
        if progress is not None:
            self.board.watch_layers(lambda begun: progress("layers", min(begun, total), total))

    def _run(
        self, data: bytes, runs: int, level: abi.ProfileLevel, window: Window | None
    ) -> RunResult:
        self._emulation = None
        if self.image.plan.keeps_input:
            self._send(data)
            return self._run_session(runs, level, window)
        for _ in range(runs - 1):
            self._put_input(data)  # a run of this network overwrites its input
            self._run_session(1, level, window)
        self._put_input(data)
        return replace(self._run_session(1, level, window), runs=runs)

    def _send(self, data: bytes) -> None:
        if data != self._input:
            self._input = None
            self._put_input(data)
            self._input = data

    def _put_input(self, data: bytes) -> None:
        address = self.image.plan.addresses[self.network.input]
        if not (self._by_debugger and self.board.write_memory(address, data)):
            self.session.set_input(data)

    def _run_session(self, runs: int, level: abi.ProfileLevel, window: Window | None) -> RunResult:
        before = self.board.emulation()
        if window is None:
            result = self.session.run(runs, level)
        else:
            result = self.session.run(runs, level, window_s=window.length_s, idle=window.idle)
        after = self.board.emulation()
        if after is not None and before is not None:
            taken = after - before
            self._emulation = taken if self._emulation is None else self._emulation + taken
        return result

    def _read_output(self, index: int) -> npt.NDArray[Any]:
        tensor = self.network.tensors[index]
        dtype = np.dtype(tensor.element).newbyteorder("<")
        data = None
        if self._by_debugger:
            data = self.board.read_memory(self.image.plan.addresses[index], tensor.bytes)
        if data is None:
            data = self.session.read_output(index, tensor.bytes)
        return np.frombuffer(data, dtype).reshape(tensor.shape)


def infer(
    network: Network,
    data: npt.NDArray[Any],
    board: Board,
    schedule: Schedule,
    *,
    runs: int = 1,
    level: abi.ProfileLevel = abi.ProfileLevel.SEGMENT,
    window_s: float | None = None,
    idle: abi.IdleMode = abi.IdleMode.SLEEP,
    progress: Progress | None = None,
) -> InferenceResult:
    """Flash a network, run it ``runs`` times on one input, and return outputs and profile.

    See `Deployment`, which is the better choice for more than one schedule, for errors.
    """
    return Deployment(network, board, progress=progress).infer(
        data, schedule, runs=runs, level=level, window_s=window_s, idle=idle
    )


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
