"""The host's side of the protocol: one method for each command of ``abi.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import BoardError, BoardSilentError, FirmwareFaultError, ProtocolError
from dvfs_kernel.link import abi
from dvfs_kernel.link.fault_report import FaultReport
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame
from dvfs_kernel.link.ina219_sampling import INA219_ADDRESS
from dvfs_kernel.link.refusals import refusal, wrong_length
from dvfs_kernel.link.replies import ClockProbe, CurrentReadings, Hello, Ina219Reading, RunResult
from dvfs_kernel.link.window import Window
from renode_platform.devices.datasheet import INA219_RESET_CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.link.ina219_sampling import CurrentActivity, Sampling
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.link.requests import ClockRequest, ScheduleRequest
    from dvfs_kernel.link.transport import Transport


__all__ = ["Session"]

# Sector erase of a 256 KB sector takes up to 4 s (DS11532 Rev 7, table 55); the image spans seven.
_ERASE_TIMEOUT_S = 30.0
# How often nothing may come back from a request that takes long.
_LONG_SILENCES = 2


class Session:
    """A conversation with the firmware on a board.

    A request that gets no intact reply is sent again with the same sequence number, so that the
    firmware can tell a repetition from a new request.

    Parameters
    ----------
    board
        Where the firmware runs.
    timeout_s
        How long to wait for a reply, beside the time the bytes need on the line; by default what
        the board asks for.
    attempts
        How often a request is sent before the board counts as silent.
    progress
        Told of long transfers.
    """

    def __init__(
        self,
        board: Transport,
        *,
        timeout_s: float | None = None,
        attempts: int = 4,
        progress: Progress | None = None,
    ) -> None:
        self._board = board
        self._timeout_s = board.reply_timeout_s if timeout_s is None else timeout_s
        self._attempts = attempts
        self._progress = progress
        self._decoder = FrameDecoder()
        self._sequence = 0
        self._layer_count: int | None = None  # of the last run
        self._uses_image = False
        self.retries = 0

    # ---- commands ------------------------------------------------------------------------------

    def hello(self) -> Hello:
        """Ask the firmware who it is."""
        reply = self._request(abi.Command.HELLO, reply=abi.HELLO_REPLY)
        return Hello(**_fields(reply))

    def load_image(self, image: bytes) -> None:
        """Write a data image to flash over the serial line, and use it."""
        begin = _record(abi.IMAGE_BEGIN, total_bytes=len(image))
        self._request(abi.Command.IMAGE_BEGIN, begin, timeout_s=_ERASE_TIMEOUT_S)
        self._send_blocks(abi.Command.IMAGE_DATA, image, "image")
        self._request(abi.Command.IMAGE_END, timeout_s=5.0)
        self._uses_image = True

    def use_image(self) -> None:
        """Use the data image that is already in flash."""
        self._request(abi.Command.IMAGE_USE, timeout_s=5.0)
        self._uses_image = True

    def set_input(self, data: bytes) -> None:
        """Write the network's input tensor, in the bytes of its element type."""
        self._send_blocks(abi.Command.INPUT_WRITE, data, "input")

    def set_schedule(self, schedule: ScheduleRequest) -> None:
        """Set granularity and clocks of every layer."""
        self._request(abi.Command.SCHEDULE_BEGIN, schedule.header_bytes())
        self._request(abi.Command.SCHEDULE_CLOCKS, schedule.clock_bytes())
        self._request(abi.Command.SCHEDULE_LAYERS, schedule.layer_bytes())
        self._request(abi.Command.SCHEDULE_END)

    def run(
        self,
        runs: int = 1,
        level: abi.ProfileLevel = abi.ProfileLevel.SEGMENT,
        *,
        warmup: int = 0,
        window_s: float | None = None,
        idle: abi.IdleMode = abi.IdleMode.SLEEP,
        timeout_s: float | None = None,
    ) -> RunResult:
        """Run the network and wait until it is done.

        Parameters
        ----------
        runs
            1 … 65535 measured runs after ``warmup`` (0 … 255) unmeasured ones.
        window_s
            Let each run begin a window of this length, which the core waits out; None: no windows.
        idle
            How the core waits, and in which state a window begins.
        timeout_s
            In the board's time; by default 20 s a run, which is far beyond any network that fits,
            beside the windows.

        Raises
        ------
        ScheduleError
            The window is shorter than a tick or longer than what the firmware can count.
        """
        request = _record(abi.RUN_REQUEST, runs=runs, profile_level=int(level), warmup=warmup)
        if window_s is not None:
            request["window_ticks"] = Window(window_s).ticks
            request["idle_mode"] = int(idle)
        if timeout_s is None:
            timeout_s = (20.0 + (window_s or 0.0)) * (runs + warmup)
        reply = self._request(
            abi.Command.RUN, request, reply=abi.RUN_REPLY, timeout_s=timeout_s, long=True
        )
        result = RunResult(**_fields(reply))
        self._layer_count = result.layer_count
        return result

    def read_profile(self) -> npt.NDArray[Any]:
        """Read the profile of the last run.

        Returns
        -------
        ndarray of abi.PROFILE_RECORD, shape (layers,)

        Raises
        ------
        BoardError
            Nothing has run in this session: how many layers there are is not known.
        """
        if self._layer_count is None:
            raise BoardError(
                f"the session with {self._board.name} has run nothing yet, so it has no profile; "
                "the session that called run reads it"
            )
        size = abi.PROFILE_RECORD.itemsize
        most = abi.FRAME_PAYLOAD_MAX // size
        data = b""
        for first, count in _spans(self._layer_count, most):
            request = _record(abi.PROFILE_READ, first_layer=first, layer_count=count)
            data += self._request(abi.Command.PROFILE_READ, request, reply_bytes=count * size)
            self._report("profile", first + count, self._layer_count)
        return np.frombuffer(data, abi.PROFILE_RECORD)

    def read_output(self, tensor: int, length: int) -> bytes:
        """Read the bytes of a tensor.

        Parameters
        ----------
        tensor
            Index into the image's tensors.
        length
            Number of bytes to read, from the tensor's first on.
        """
        data = b""
        for offset, count in _spans(length, abi.FRAME_PAYLOAD_MAX):
            request = _record(abi.OUTPUT_READ, tensor=tensor, length=count, offset=offset)
            data += self._request(abi.Command.OUTPUT_READ, request, reply_bytes=count)
            self._report("output", offset + count, length)
        return data

    def probe_clock(self, a: ClockRequest, b: ClockRequest, hse_hz: int) -> ClockProbe:
        """Switch SYSCLK to a, to b and back to a, and time each change."""
        request = _record(abi.CLOCK_PROBE, hse_hz=hse_hz)
        for name, setting in (("a", a), ("b", b)):
            request[name] = np.frombuffer(setting.to_bytes(), abi.CLOCK)[0]
        reply = self._request(abi.Command.CLOCK_PROBE, request, reply=abi.CLOCK_PROBE_REPLY)
        return ClockProbe(**_fields(reply))

    def read_ina219(
        self,
        *,
        address: int = INA219_ADDRESS,
        configuration: int = INA219_RESET_CONFIGURATION,
        calibration: int = 0x1000,
    ) -> Ina219Reading:
        """Configure the INA219 and read its registers once.

        The defaults are the sensor's reset configuration (32 V, ±320 mV, 12 bit, 532 µs:
        SBOS448G, table 8-3) and, with a shunt of 0.1 Ω, 0.1 mA a bit (equation 1).
        """
        request = _record(
            abi.INA219_REQUEST,
            address=address,
            configuration=configuration,
            calibration=calibration,
        )
        reply = self._request(abi.Command.INA219_READ, request, reply=abi.INA219_REPLY)
        return Ina219Reading(**_fields(reply))

    def measure_current(
        self,
        activity: CurrentActivity,
        *,
        samples: int,
        sampling: Sampling,
        address: int = INA219_ADDRESS,
        timeout_s: float = 20.0,
    ) -> CurrentReadings:
        """Sample the supply current while the chip is kept at something.

        Parameters
        ----------
        activity
            What the chip does meanwhile.
        samples
            1 … ``abi.CURRENT_SAMPLES_MAX``.
        sampling
            How the sensor is set up and how far samples lie apart.
        timeout_s
            How long the activity may take beside the time for the samples.

        Raises
        ------
        BoardError
            The INA219 does not answer.
        ScheduleError, ClockError
            The layers or the clock are not possible.
        """
        request = activity.request()
        request["address"] = address
        request["configuration"] = sampling.configuration
        request["sample_count"] = samples
        request["period_ticks"] = sampling.period_ticks
        size = abi.CURRENT_REPLY.itemsize + samples * abi.CURRENT_SAMPLE.itemsize
        reply = self._request(
            abi.Command.CURRENT_MEASURE,
            request,
            reply_bytes=size,
            timeout_s=sampling.duration_s(samples) + timeout_s,
            long=True,
        )
        return CurrentReadings.from_bytes(reply)

    def read_fault(self) -> FaultReport | None:
        """Read the report of the fault that ended the firmware's last life, if one did."""
        payload = self._exchange(abi.Command.FAULT_READ, b"", self._timeout_s, self._attempts)
        report = FaultReport.from_bytes(payload)
        return report if report.kind else None

    def reset(self) -> None:
        """Ask the firmware to reset the chip; returns when it answers again."""
        self._request(abi.Command.RESET)
        self._uses_image = False
        self.hello()

    # ---- requests ------------------------------------------------------------------------------

    def _request(
        self,
        command: abi.Command,
        payload: bytes | npt.NDArray[Any] = b"",
        *,
        reply: np.dtype[Any] | None = None,
        reply_bytes: int | None = None,
        timeout_s: float | None = None,
        long: bool = False,
    ) -> Any:
        """Send a request and return its reply: a record where ``reply`` is given, else bytes."""
        sent = payload if isinstance(payload, bytes) else payload.tobytes()
        wait_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            received = self._exchange(command, sent, wait_s, self._attempts, long=long)
        except BoardSilentError:
            self._raise_what_happened()
            raise
        except ProtocolError:
            if self._uses_image:
                self._raise_what_happened()
            raise
        expected = reply.itemsize if reply is not None else reply_bytes or 0
        if len(received) != expected:
            raise wrong_length(command, len(received), expected)
        return np.frombuffer(received, reply)[0] if reply is not None else received

    def _exchange(
        self,
        command: abi.Command,
        payload: bytes,
        timeout_s: float,
        attempts: int,
        *,
        long: bool = False,
    ) -> bytes:
        """Send a request until its reply comes.

        One that the firmware works on for ``long`` is sent again once where nothing comes: if only
        the reply was lost the firmware has it still, and while it works it does not listen.
        """
        self._sequence = (self._sequence + 1) % abi.UNSOLICITED_SEQUENCE
        sequence = self._sequence
        line = encode_frame(Frame(int(command), sequence, payload))
        sent = silences = 0
        while sent < attempts and silences < (_LONG_SILENCES if long else attempts):
            self.retries += bool(sent)
            garbled = self._decoder.garbled
            # The first zero ends what an earlier attempt may have left of itself.
            self._board.write(b"\0" + line if sent else line)
            sent += 1
            answer = self._await_reply(command, sequence, timeout_s + _line_s(len(line)))
            if answer is not None:
                return answer
            silences += self._decoder.garbled == garbled
        where = self._board.whereabouts()
        raise BoardSilentError(
            f"the board {self._board.name} sent no reply to {command.name.lower()} "
            f"within {timeout_s:g} s ({sent} attempts)" + (f"; it is {where}" if where else "")
        )

    def _await_reply(self, command: abi.Command, sequence: int, timeout_s: float) -> bytes | None:
        """Return the reply's payload, or None where none came or the line garbled it."""
        garbled = self._decoder.garbled
        deadline_s = self._board.now_s + timeout_s
        while data := self._board.read(deadline_s - self._board.now_s):
            for frame in self._decoder.feed(data):
                if frame.sequence == abi.UNSOLICITED_SEQUENCE:
                    self._raise_fault(FaultReport.from_bytes(frame.payload))
                if frame.sequence != sequence:
                    continue  # the late reply to an earlier attempt
                if frame.command == abi.Command.ERROR:
                    raise refusal(command, frame.payload)
                if frame.command == int(command) | abi.Command.REPLY:
                    return frame.payload
            if self._decoder.garbled != garbled:
                return None
        self._decoder.feed(b"\0")  # half a frame and then silence: the rest will not come
        return None

    def _raise_what_happened(self) -> None:
        """Raise the fault or the reset behind a failure, where the firmware can still tell."""
        try:
            report = self.read_fault()
            reply = self._exchange(abi.Command.HELLO, b"", self._timeout_s, self._attempts)
        except (BoardSilentError, ProtocolError):
            return
        if report is not None:
            self._raise_fault(report)
        if self._uses_image and not np.frombuffer(reply, abi.HELLO_REPLY)[0]["image_ready"]:
            raise BoardError(
                f"the board {self._board.name} was reset in the middle, and not by a fault: by its "
                "button, its debugger or its supply; the network has to be deployed again"
            )

    def _raise_fault(self, report: FaultReport) -> NoReturn:
        raise FirmwareFaultError(report.describe(self._board.function_at))

    def _send_blocks(self, command: abi.Command, data: bytes, what: str) -> None:
        most = (abi.FRAME_PAYLOAD_MAX - abi.DATA_HEADER.itemsize) & ~15  # whole flash words
        for offset, count in _spans(len(data), most):
            header = _record(abi.DATA_HEADER, offset=offset).tobytes()
            self._request(command, header + data[offset : offset + count])
            self._report(what, offset + count, len(data))

    def _report(self, what: str, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(what, done, total)


def _record(dtype: np.dtype[Any], **values: int) -> npt.NDArray[Any]:
    record = np.zeros((), dtype)
    for name, value in values.items():
        record[name] = value
    return record


def _fields(record: Any) -> dict[str, int]:
    return {name: int(record[name]) for name in record.dtype.names if "reserved" not in name}


def _spans(total: int, most: int) -> Iterator[tuple[int, int]]:
    """Cut 0 … total into (start, length) pieces of at most ``most``."""
    for start in range(0, total, most):
        yield start, min(most, total - start)


def _line_s(count: int) -> float:
    """Time that bytes need on the line: a start bit, eight bits and a stop bit each."""
    return count * 10 / abi.UART_BAUD
