"""A board whose firmware is forty lines of Python: the protocol's other end, for tests only."""

import numpy as np
import pytest

from dvfs_kernel.boards.base import Board
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame


def record(dtype, **values):
    made = np.zeros((), dtype)
    for name, value in values.items():
        made[name] = value
    return made.tobytes()


class FakeBoard(Board):
    """Answers per abi.toml at once; `line` may lose, damage or replace what the firmware sends."""

    name = "fake"
    hse_hz = 50_000_000

    def __init__(self):
        self.received = FrameDecoder()
        self.sent = bytearray()
        self.clock_s = 0.0
        self.requests = []
        self.line = lambda data: data
        self.refuse = {}
        self.flash_bytes = b""
        self.inputs = bytearray()
        self.schedule = {}
        self.fault = record(abi.FAULT_REPORT, layer=abi.LAYER_NONE)
        self.dead = False
        self.layers = 3
        self.output = bytes(range(256)) * 10
        self.closed = False

    def flash(self, elf, image=None):
        self.elf = elf
        self.flash_bytes = image or b""

    def reset(self):
        self.sent.clear()

    def write(self, data):
        for frame in self.received.feed(data):
            self.requests.append(frame)
            if not self.dead:
                self.sent += self.line(encode_frame(self.answer(frame)))

    def read(self, timeout_s):
        if not self.sent:
            self.clock_s += max(timeout_s, 0)
            return b""
        self.clock_s += 1e-4
        data, self.sent = bytes(self.sent[:7]), self.sent[7:]
        return data

    @property
    def now_s(self):
        return self.clock_s

    def whereabouts(self):
        return "in spin_forever (0x08000123)"

    def function_at(self, address):
        return {0x08000200: "kernel_run"}.get(address)

    def close(self):
        self.closed = True

    def answer(self, frame):
        command = abi.Command(frame.command)
        if command in self.refuse:
            return Frame(abi.Command.ERROR, frame.sequence, self.refuse[command])
        payload = getattr(self, command.name.lower(), lambda _: b"")(frame.payload)
        return Frame(command | abi.Command.REPLY, frame.sequence, payload)

    def hello(self, _):
        return record(abi.HELLO_REPLY, abi_version=abi.VERSION, marker_overhead_cycles=5)

    def image_begin(self, payload):
        self.flash_bytes = bytes(int.from_bytes(payload, "little"))
        return b""

    def image_data(self, payload):
        start, data = int.from_bytes(payload[:4], "little"), payload[4:]
        self.flash_bytes = self.flash_bytes[:start] + data + self.flash_bytes[start + len(data) :]
        return b""

    def input_write(self, payload):
        start = int.from_bytes(payload[:4], "little")
        self.inputs[start:] = payload[4:]
        return b""

    def schedule_begin(self, payload):
        self.schedule["header"] = payload
        return b""

    def schedule_clocks(self, payload):
        self.schedule["clocks"] = payload
        return b""

    def schedule_layers(self, payload):
        self.schedule["layers"] = payload
        return b""

    def run(self, payload):
        request = np.frombuffer(payload, abi.RUN_REQUEST)[0]
        return record(
            abi.RUN_REPLY,
            runs=request["runs"],
            layer_count=self.layers,
            total_ticks=16_000,
            total_cycles=216_000,
            relocks=1,
            hops=8,
        )

    def profile_read(self, payload):
        request = np.frombuffer(payload, abi.PROFILE_READ)[0]
        first, count = int(request["first_layer"]), int(request["layer_count"])
        records = np.zeros(count, abi.PROFILE_RECORD)
        for index in range(count):
            records[index]["cycles"][abi.Segment.COMPUTE] = 1000 + first + index
            records[index]["ticks"][abi.Segment.COMPUTE] = 74
            records[index]["counts"][abi.Segment.COMPUTE] = 1
        return records.tobytes()

    def output_read(self, payload):
        request = np.frombuffer(payload, abi.OUTPUT_READ)[0]
        start = int(request["offset"])
        return self.output[start : start + int(request["length"])]

    def clock_probe(self, _):
        return record(
            abi.CLOCK_PROBE_REPLY,
            to_a_ticks=3300,
            to_b_ticks=9,
            to_a_again_ticks=8,
            lock_ticks=3200,
        )

    def ina219_read(self, _):
        return record(abi.INA219_REPLY, configuration=0x399F, current=-3, power=7)

    def current_measure(self, payload):
        request = np.frombuffer(payload, abi.CURRENT_REQUEST)[0]
        count = int(request["sample_count"])
        samples = np.zeros(count, abi.CURRENT_SAMPLE)
        samples["ticks"] = np.arange(1, count + 1) * int(request["period_ticks"])
        samples["shunt_voltage"] = 958
        head = record(
            abi.CURRENT_REPLY,
            sample_count=count,
            passes=2 * (request["activity"] == abi.Activity.LAYERS),
            total_ticks=1_600_000,
            total_cycles=21_600_000,
        )
        return head + samples.tobytes()

    def fault_read(self, _):
        report, self.fault = self.fault, record(abi.FAULT_REPORT)
        return report


@pytest.fixture
def board():
    return FakeBoard()


@pytest.fixture(scope="session")
def make_board():
    return FakeBoard
