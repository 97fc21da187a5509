"""Reads files of a Joulescope for `jls_process`, in a process of its own.

What the library of its maker makes of damage that fits the file's checksums is beyond any check
from outside: it may loop without end, take all memory, or crash. Here it takes its process with it
and nothing else.

Requests come as lines of JSON and answers leave as lines of JSON, each followed by as many bytes
as its ``bytes`` tells:

- ``{"open": path}``: the signals, lists of name, number, samples, rate in Hz, bits of a sample;
- ``{"read": number, "length": samples}``: one answer for each piece of the signal, float32 or,
  of one bit, eight samples a byte; then ``{"end": true}``.

An answer with ``error`` tells what was raised.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library maps what it reads; a recording of 120 million samples is read in 400 MiB.
_MEMORY_BYTES: Final = 2 << 30
_PIECE: Final = 1 << 20  # samples that are read at once; a multiple of the 8 that share a byte


def _limit_memory() -> None:
    with suppress(ImportError):  # Windows has no such limit
        import resource  # noqa: PLC0415  what Windows lacks

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        least = _MEMORY_BYTES if most == resource.RLIM_INFINITY else min(_MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (least, most))


def _bits(signal: Any) -> int:
    """Bits of a sample: the second byte of its type, as ``JLS_DATATYPE_DEF`` of jls/format.h."""
    return int(signal.data_type) >> 8 & 0xFF


def _signals(reader: Any) -> list[tuple[str, int, int, float, int]]:
    return [
        (
            signal.name,
            signal.signal_id,
            int(signal.length),
            float(signal.sample_rate),
            _bits(signal),
        )
        for signal in reader.signals.values()
    ]


def _pieces(reader: Any, number: int, length: int) -> Iterator[bytes]:
    packed = _bits(reader.signals[number]) == 1  # eight samples in a byte
    for begin in range(0, length, _PIECE):
        samples = np.asarray(reader.fsr(number, begin, min(_PIECE, length - begin)))
        yield (samples if packed else samples.astype(np.float32)).tobytes()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    import pyjls  # noqa: PLC0415  an optional dependency

    reader: Any = None

    def answer(head: dict[str, Any], content: bytes = b"") -> None:
        line = json.dumps(head | {"bytes": len(content)})
        answers.write(line.encode() + b"\n" + content)
        answers.flush()

    answer({"ready": True})
    for line in requests:
        request = json.loads(line)
        try:
            if "open" in request:
                if reader is not None:
                    reader.close()
                reader = pyjls.Reader(request["open"])
                answer({"signals": _signals(reader)})
            else:
                for piece in _pieces(reader, request["read"], request["length"]):
                    answer({}, piece)
                answer({"end": True})
        # What the library raises has no common base, and all of it is told.
        except Exception as reason:  # noqa: BLE001
            answer({"error": f"{type(reason).__name__}: {reason}"})


if __name__ == "__main__":
    _limit_memory()
    # The library prints; what it prints must not stand among the answers.
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _serve(sys.stdin.buffer, own)
