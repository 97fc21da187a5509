"""The host's side of the protocol: one method for each command of ``abi.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from dvfs_kernel import abi
from dvfs_kernel.errors import BoardSilentError, FirmwareFaultError, ProtocolError
from dvfs_kernel.fault_report import FaultReport
from dvfs_kernel.protocol import Frame, FrameDecoder, encode_frame
from dvfs_kernel.refusal import refusal, wrong_length
from dvfs_kernel.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.clocks import ClockSetting
    from dvfs_kernel.schedule import Schedule

    #: Called with what is being done, how much of it is done and how much there is.
    Progress = Callable[[str, int, int], None]

__all__ = ["ClockProbe", "Hello", "Ina219Reading", "RunResult", "Session"]

# Sector erase of a 256 KB sector takes up to 4 s (DS11532 Rev 7, table 55); the image spans seven.
_ERASE_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Hello:
    """What the firmware says of itself; fields as in ``abi.HELLO_REPLY``."""

    abi_version: int
    reset_cause: int
    device_id: int
    build_id: int
    image_bytes_max: int
    tensor_bytes: int
    scratch_bytes: int
    frame_payload_max: int
    fault_pending: int
    image_ready: int
    marker_overhead_cycles: int
    hop_overhead_cycles: int


@dataclass(frozen=True)
class RunResult:
    """Totals of the last of several runs.

    Parameters
    ----------
    total_ticks
        Ticks of LPTIM1 at ``abi.TICK_HZ``, which no change of SYSCLK touches.
    total_cycles
        Core cycles.
    relocks, hops
        PLL relocks, and changes of SYSCLK between HSE and a running PLL.
    window_ticks, overrun_ticks
        Length of the last window, 0 where there was none, and how much its inference exceeded what
        was asked for.
    """

    runs: int
    layer_count: int
    total_ticks: int
    total_cycles: int
    relocks: int
    hops: int
    window_ticks: int = 0
    overrun_ticks: int = 0

    @property
    def total_s(self) -> float:
        """Duration by the firmware's wall clock."""
        return self.total_ticks / abi.TICK_HZ

    @property
    def window_s(self) -> float:
        """Length of the last window by the firmware's wall clock."""
        return self.window_ticks / abi.TICK_HZ

    @property
    def overrun_s(self) -> float:
        """How much the last inference exceeded its window."""
        return self.overrun_ticks / abi.TICK_HZ


@dataclass(frozen=True)
class ClockProbe:
    """Durations of three clock changes as the firmware timed them, in ticks of ``abi.TICK_HZ``.

    ``lock_ticks`` is the time from PLLON to PLLRDY in the last of them that relocked, 0 where none
    did.
    """

    to_a_ticks: int
    to_b_ticks: int
    to_a_again_ticks: int
    lock_ticks: int


@dataclass(frozen=True)
class Ina219Reading:
    """Registers of the INA219, as its data sheet (SBOS448G) names them."""

    configuration: int
    shunt_voltage: int
    bus_voltage: int
    power: int
    current: int
    calibration: int


class Session:
    """A conversation with the firmware on a board.

    A request that gets no intact reply is sent again with the same sequence number, so that the
    firmware can tell a repetition from a new request.

    Parameters
    ----------
    board
        Where the firmware runs.
    timeout_s
        How long to wait for a reply, beside the time the bytes need on the line.
    attempts
        How often a request is sent before the board counts as silent.
    progress
        Told of long transfers.
    """

    def __init__(
        self,
        board: Board,
        *,
        timeout_s: float = 0.5,
        attempts: int = 4,
        progress: Progress | None = None,
    ) -> None:
        self._board = board
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._progress = progress
        self._decoder = FrameDecoder()
        self._sequence = 0
        self._layer_count = 0
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

    def use_image(self) -> None:
        """Use the data image that is already in flash."""
        self._request(abi.Command.IMAGE_USE, timeout_s=5.0)

    def set_input(self, data: bytes) -> None:
        """Write the network's input tensor, in the bytes of its element type."""
        self._send_blocks(abi.Command.INPUT_WRITE, data, "input")

    def set_schedule(self, schedule: Schedule) -> None:
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
            abi.Command.RUN, request, reply=abi.RUN_REPLY, timeout_s=timeout_s, attempts=1
        )
        result = RunResult(**_fields(reply))
        self._layer_count = result.layer_count
        return result

    def read_profile(self) -> npt.NDArray[Any]:
        """Read the profile of the last run.

        Returns
        -------
        ndarray of abi.PROFILE_RECORD, shape (layers,)
        """
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

    def probe_clock(self, a: ClockSetting, b: ClockSetting, hse_hz: int) -> ClockProbe:
        """Switch SYSCLK to a, to b and back to a, and time each change."""
        request = _record(abi.CLOCK_PROBE, hse_hz=hse_hz)
        for name, setting in (("a", a), ("b", b)):
            request[name] = np.frombuffer(setting.to_bytes(), abi.CLOCK)[0]
        reply = self._request(abi.Command.CLOCK_PROBE, request, reply=abi.CLOCK_PROBE_REPLY)
        return ClockProbe(**_fields(reply))

    def read_ina219(
        self, *, address: int = 0x40, configuration: int = 0x399F, calibration: int = 0x1000
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

    def read_fault(self) -> FaultReport | None:
        """Read the report of the fault that ended the firmware's last life, if one did."""
        payload = self._exchange(abi.Command.FAULT_READ, b"", self._timeout_s, self._attempts)
        report = FaultReport.from_bytes(payload)
        return report if report.kind else None

    def reset(self) -> None:
        """Ask the firmware to reset the chip; returns when it answers again."""
        self._request(abi.Command.RESET)
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
        attempts: int | None = None,
    ) -> Any:
        """Send a request and return its reply: a record where ``reply`` is given, else bytes."""
        sent = payload if isinstance(payload, bytes) else payload.tobytes()
        wait_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            received = self._exchange(command, sent, wait_s, attempts or self._attempts)
        except BoardSilentError:
            self._raise_pending_fault()
            raise
        expected = reply.itemsize if reply is not None else reply_bytes or 0
        if len(received) != expected:
            raise wrong_length(command, len(received), expected)
        return np.frombuffer(received, reply)[0] if reply is not None else received

    def _exchange(
        self, command: abi.Command, payload: bytes, timeout_s: float, attempts: int
    ) -> bytes:
        self._sequence = (self._sequence + 1) % abi.UNSOLICITED_SEQUENCE
        line = encode_frame(Frame(int(command), self._sequence, payload))
        for attempt in range(attempts):
            if attempt:
                self.retries += 1
            # The first zero ends what an earlier attempt may have left of itself.
            self._board.write(b"\0" + line if attempt else line)
            answer = self._await_reply(command, self._sequence, timeout_s + _line_s(len(line)))
            if answer is not None:
                return answer
        where = self._board.whereabouts()
        raise BoardSilentError(
            f"the board {self._board.name} sent no reply to {command.name.lower()} "
            f"within {timeout_s:g} s ({attempts} attempts)" + (f"; it is {where}" if where else "")
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

    def _raise_pending_fault(self) -> None:
        """Raise the firmware's fault where it left a report, after a reset brought it back."""
        try:
            report = self.read_fault()
        except (BoardSilentError, ProtocolError):
            return
        if report is not None:
            self._raise_fault(report)

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
