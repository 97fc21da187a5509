"""A process that reads files of a Joulescope, and is ended when it stays silent.

`jls_child` runs in it and tells why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import FileFormatError, MeasurementError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JlsProcess", "Signal"]

# An answer is a piece of 2^20 samples, or what a file of any length opens to: some milliseconds.
_SILENCE_S: Final = 10.0
_START_S: Final = 60.0  # imports the library, on a busy machine


@dataclass(frozen=True)
class Signal:
    """A signal of a file.

    Parameters
    ----------
    name, number
        As the file calls it.
    length
        Samples.
    rate_hz
        Samples a second.
    bits
        Of a sample.
    """

    name: str
    number: int
    length: int
    rate_hz: float
    bits: int


class JlsProcess:
    """A process that reads one file after the other; a context manager that ends it.

    Parameters
    ----------
    silence_s
        How long it may take for an answer before it is ended.
    """

    def __init__(self, silence_s: float = _SILENCE_S) -> None:
        self._silence_s = silence_s
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[tuple[dict[str, Any], bytes] | None] = SimpleQueue()
        self._path = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        with process:  # closes its pipes and waits
            pass

    def open(self, path: Path) -> dict[str, Signal]:
        """Open a file and return its signals by name.

        Raises
        ------
        MeasurementError
            The library that reads it is not installed.
        FileFormatError
            The file is none of a Joulescope, is damaged, or its library does not end.
        """
        if find_spec("pyjls") is None:
            raise MeasurementError(
                f"{path}: files of a Joulescope need pyjls: "
                f"{MissingExtraError.remedy('joulescope')}"
            )
        self._path = str(path)
        if self._process is None:
            self._start()
        self._ask({"open": str(path.absolute())})
        head, _ = self._answer(self._silence_s)
        signals = (Signal(*signal) for signal in head["signals"])
        return {signal.name: signal for signal in signals if signal.length}

    def samples(self, signal: Signal) -> npt.NDArray[np.float32] | npt.NDArray[np.uint8]:
        """Return the samples of a signal of the file that is open.

        Returns
        -------
        ndarray
            (length,) float32 in SI units; of a signal of one bit (⌈length / 8⌉,) uint8, eight
            samples in a byte, the first one lowest.

        Raises
        ------
        FileFormatError
            As of `open`.
        """
        self._ask({"read": signal.number, "length": signal.length})
        pieces = []
        while True:
            head, content = self._answer(self._silence_s)
            if "end" in head:
                break
            pieces.append(content)
        whole = b"".join(pieces)
        element = np.dtype(np.uint8 if signal.bits == 1 else np.float32)
        count = -(-signal.length // 8) if signal.bits == 1 else signal.length
        if len(whole) == count * element.itemsize:
            samples: npt.NDArray[np.float32] | npt.NDArray[np.uint8] = np.frombuffer(whole, element)
            return samples
        raise self._complaint(
            f"signal {signal.name} has {len(whole):,} bytes for {signal.length:,} samples"
        )

    def _start(self) -> None:
        self._answers = SimpleQueue()
        self._process = subprocess.Popen(
            (sys.executable, "-m", "dvfs_kernel.evidence.measurement.jls_child"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # It ends with the process, whose end closes the pipe.
        Thread(
            target=_receive, args=(self._process.stdout, self._answers), name="jls", daemon=True
        ).start()
        self._answer(_START_S)

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def _answer(self, most_s: float) -> tuple[dict[str, Any], bytes]:
        try:
            answer = self._answers.get(timeout=most_s)
        except Empty:
            self.close()
            raise self._complaint(
                f"the library that reads it did not answer within {most_s:g} s"
            ) from None
        if answer is None:
            raise self._ended()
        if "error" in answer[0]:
            raise self._complaint(str(answer[0]["error"]))
        return answer

    def _ended(self) -> FileFormatError:
        code = self._process.wait() if self._process is not None else 0
        self.close()
        return self._complaint(f"the library that reads it ended with exit code {code}")

    def _complaint(self, reason: str) -> FileFormatError:
        return FileFormatError(f"{self._path} is no file of a Joulescope: {reason}")


def _receive(stream: BinaryIO, answers: SimpleQueue[tuple[dict[str, Any], bytes] | None]) -> None:
    """Put what arrives where it can be waited for with a limit; None is the end."""
    try:
        for line in stream:
            head = json.loads(line)
            content = stream.read(head["bytes"])
            answers.put((head, content))
    except (OSError, ValueError):
        pass  # ended in the middle of an answer
    finally:
        answers.put(None)
