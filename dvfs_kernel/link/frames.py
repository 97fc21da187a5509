"""Frames of the host protocol: what travels over the serial line between host and firmware.

A frame is ``COBS(header | payload | crc32 of both) 0x00``; the layout is in ``abi.toml``. COBS
(Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999) keeps zero bytes out of the
frame, so a zero always ends one and a receiver is back in step after any garbage at the next zero.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from cobs import cobs

from dvfs_kernel.errors import ProtocolError
from dvfs_kernel.link import abi

__all__ = ["Frame", "FrameDecoder", "encode_frame"]

_DELIMITER = b"\x00"
_HEADER_BYTES = abi.FRAME_HEADER.itemsize
_CRC_BYTES = 4
_BODY_BYTES_MAX = _HEADER_BYTES + abi.FRAME_PAYLOAD_MAX + _CRC_BYTES
# COBS adds one byte, and one more for every full run of 254 bytes without a zero.
_ENCODED_BYTES_MAX = _BODY_BYTES_MAX + _BODY_BYTES_MAX // 254 + 1


@dataclass(frozen=True)
class Frame:
    """One message.

    Parameters
    ----------
    command
        An `abi.Command`, with `abi.Command.REPLY` added in a reply.
    sequence
        0 … 65535; a reply repeats its request's.
    payload
        At most ``abi.FRAME_PAYLOAD_MAX`` bytes.
    """

    command: int
    sequence: int
    payload: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """Make the bytes for the line, the ending zero included.

    Raises
    ------
    ProtocolError
        The payload is longer than a frame takes.
    """
    if len(frame.payload) > abi.FRAME_PAYLOAD_MAX:
        raise ProtocolError(
            f"a payload of {len(frame.payload)} bytes does not fit a frame: "
            f"at most {abi.FRAME_PAYLOAD_MAX} bytes are allowed"
        )
    header = np.zeros((), abi.FRAME_HEADER)
    header["version"] = abi.VERSION
    header["command"] = frame.command
    header["sequence"] = frame.sequence
    body = header.tobytes() + frame.payload
    body += zlib.crc32(body).to_bytes(_CRC_BYTES, "little")
    encoded: bytes = cobs.encode(body)
    return encoded + _DELIMITER


class FrameDecoder:
    """Turns a stream of bytes into frames, however the stream is cut, and survives garbage.

    Attributes
    ----------
    garbled
        Stretches between two zeros that were not a frame: damaged, too short or too long.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._pending = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they come; return the frames that they complete.

        Raises
        ------
        ProtocolError
            An intact frame is of another version of the protocol.
        """
        frames = []
        *ended, rest = data.split(_DELIMITER)
        for chunk in ended:
            self._append(chunk)
            frame = self._finish()
            if frame is not None:
                frames.append(frame)
        self._append(rest)
        return frames

    def _append(self, chunk: bytes) -> None:
        if len(self._pending) + len(chunk) > _ENCODED_BYTES_MAX:
            self._pending.clear()
            self._overlong = True
        if not self._overlong:
            self._pending += chunk

    def _finish(self) -> Frame | None:
        encoded = bytes(self._pending)
        overlong, self._overlong = self._overlong, False
        self._pending.clear()
        if not encoded and not overlong:
            return None  # a zero after a zero: how a sender clears the line
        body = b"" if overlong else _decode_body(encoded)
        if len(body) < _HEADER_BYTES:
            self.garbled += 1
            return None
        header = np.frombuffer(body, abi.FRAME_HEADER, count=1)[0]
        if header["version"] != abi.VERSION:
            raise ProtocolError(
                f"the board speaks version {header['version']} of the protocol, "
                f"this host speaks version {abi.VERSION} only: flash the firmware of this package"
            )
        return Frame(int(header["command"]), int(header["sequence"]), body[_HEADER_BYTES:])


def _decode_body(encoded: bytes) -> bytes:
    """Return header and payload, or nothing where coding or checksum are wrong."""
    try:
        decoded: bytes = cobs.decode(encoded)
    except cobs.DecodeError:
        return b""
    body, crc = decoded[:-_CRC_BYTES], decoded[-_CRC_BYTES:]
    return body if zlib.crc32(body).to_bytes(_CRC_BYTES, "little") == crc else b""
