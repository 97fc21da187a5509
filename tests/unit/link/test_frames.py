import zlib

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import ProtocolError
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame

frames = st.builds(
    Frame,
    command=st.integers(0, 255),
    sequence=st.integers(0, 65535),
    payload=st.binary(max_size=abi.FRAME_PAYLOAD_MAX),
)


@given(st.lists(frames, max_size=4))
def test_frames_survive_the_line(sent):
    decoder = FrameDecoder()
    assert decoder.feed(b"".join(map(encode_frame, sent))) == sent
    assert decoder.garbled == 0


@given(frames)
def test_only_the_last_byte_of_a_frame_is_zero(frame):
    line = encode_frame(frame)
    assert line.index(0) == len(line) - 1


@given(frames, st.binary(max_size=3000))
def test_a_zero_ends_any_garbage(frame, garbage):
    decoder = FrameDecoder()
    # Garbage cannot be a frame but by a 1 : 2^32 chance, which no test meets.
    assert decoder.feed(garbage + b"\0") == []
    assert decoder.feed(encode_frame(frame)) == [frame]


@given(frames, st.binary(min_size=1, max_size=200).map(lambda data: data.replace(b"\0", b"\1")))
def test_garbage_without_a_zero_costs_the_one_frame_it_touches(frame, garbage):
    decoder = FrameDecoder()
    assert decoder.feed(garbage + encode_frame(frame) + encode_frame(frame)) == [frame]
    assert decoder.garbled == 1


def test_split_at_every_byte():
    first, second = Frame(1, 2, bytes(range(256)) * 2), Frame(3, 4, b"\0\0\0")
    line = encode_frame(first) + encode_frame(second)
    for cut in range(len(line) + 1):
        decoder = FrameDecoder()
        assert decoder.feed(line[:cut]) + decoder.feed(line[cut:]) == [first, second]
    decoder = FrameDecoder()
    assert [frame for byte in line for frame in decoder.feed(bytes([byte]))] == [first, second]


@given(frames, st.data())
def test_a_damaged_byte_is_noticed(frame, data):
    line = bytearray(encode_frame(frame))
    position = data.draw(st.integers(0, len(line) - 2))
    line[position] ^= data.draw(st.integers(1, 255))
    decoder = FrameDecoder()
    assert decoder.feed(bytes(line)) == []
    assert decoder.feed(b"\0" + encode_frame(frame)) == [frame]
    assert decoder.garbled >= 1


def test_a_stream_without_zeros_does_not_pile_up():
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(b"\xff" * 1000) == []
    assert len(decoder._pending) <= 2000
    assert decoder.feed(b"\0") == []
    assert decoder.garbled == 1
    assert decoder.feed(encode_frame(Frame(1, 1))) == [Frame(1, 1)]


def test_zeros_between_frames_are_no_error():
    decoder = FrameDecoder()
    assert decoder.feed(b"\0\0\0" + encode_frame(Frame(1, 1)) + b"\0\0") == [Frame(1, 1)]
    assert decoder.garbled == 0


def test_a_payload_that_does_not_fit_is_refused():
    with pytest.raises(ProtocolError, match=r"1025 bytes .* at most 1024 bytes"):
        encode_frame(Frame(1, 1, bytes(abi.FRAME_PAYLOAD_MAX + 1)))


def test_another_version_is_named():
    body = bytearray(cobs.decode(encode_frame(Frame(1, 1))[:-1])[:-4])
    body[0] = abi.VERSION + 1
    line = cobs.encode(bytes(body) + zlib.crc32(body).to_bytes(4, "little")) + b"\0"
    with pytest.raises(ProtocolError, match=rf"version {abi.VERSION + 1} of the protocol"):
        FrameDecoder().feed(line)
