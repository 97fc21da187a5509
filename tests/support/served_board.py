"""A virtual board behind a pseudo-terminal, in a thread; and lines that spoil what they carry."""

import threading
import time
from contextlib import contextmanager

from cobs import cobs

from dvfs_kernel.boards.nucleo.pty_server import Line, PtyServer
from dvfs_kernel.errors import BoardLostError


@contextmanager
def served(board, line=None):
    """Serve a board; yield the path of its terminal."""
    server = PtyServer(board, line)
    errors = []

    def run():
        try:
            server.serve()
        except Exception as error:  # noqa: BLE001  raised again where the test sees it
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield server.path
    finally:
        server.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


class FrameLine(Line):
    """Hands whole frames to a method that says what becomes of them."""

    def __init__(self):
        self.partial = {"board": b"", "host": b""}

    def pass_on(self, data, to):
        *whole, self.partial[to] = (self.partial[to] + data).split(b"\0")
        return b"".join(self.frame(frame + b"\0", to) if frame else b"\0" for frame in whole)

    def to_board(self, data):
        return self.pass_on(data, "board")

    def to_host(self, data):
        return self.pass_on(data, "host")

    def frame(self, frame, to):
        raise NotImplementedError


FAULTS = {
    "dropped": lambda frame: frame[: len(frame) // 2] + frame[len(frame) // 2 + 1 :],
    "doubled": lambda frame: frame[: len(frame) // 2] + frame[len(frame) // 2 - 1 :],
    "flipped": lambda frame: frame[:4] + bytes([frame[4] ^ 0x14]) + frame[5:],
    "cut off": lambda frame: frame[: len(frame) // 2],
    "gone": lambda _: b"",
}


class SpoiltOnce(FrameLine):
    """Spoils the first frame of one direction for every request."""

    def __init__(self, fault, direction):
        super().__init__()
        self.fault, self.direction = FAULTS[fault], direction
        self.seen = set()
        self.spoilt = 0

    def frame(self, frame, to):
        request = cobs.decode(frame[:-1])[1:4]  # command and sequence number
        if to != self.direction or request in self.seen:
            return frame
        self.seen.add(request)
        self.spoilt += 1
        return self.fault(frame)


class Stalling(FrameLine):
    """Holds every frame of one direction back for a while the first time that it passes."""

    def __init__(self, stall_s, direction):
        super().__init__()
        self.stall_s, self.direction = stall_s, direction
        self.seen = set()

    def frame(self, frame, to):
        if to == self.direction and frame not in self.seen:
            self.seen.add(frame)
            time.sleep(self.stall_s)
        return frame


class AtRequest(FrameLine):
    """Does something when a request comes, counted from 0."""

    def __init__(self, number, action):
        super().__init__()
        self.left, self.action = number, action

    def frame(self, frame, to):
        if to == "board":
            if self.left == 0:
                self.action()
            self.left -= 1
        return frame


def unplug():
    """Pull the plug."""
    raise BoardLostError("unplugged by the test")
