import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import (
    BoardError,
    BoardSilentError,
    ClockError,
    FileFormatError,
    FirmwareFaultError,
    ProtocolError,
    ScheduleError,
    UnsupportedOperatorError,
)
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, encode_frame
from dvfs_kernel.link.ina219_sampling import Layers, Sampling
from dvfs_kernel.link.session import Session


@pytest.fixture
def session(board):
    return Session(board)


def refusal(status, layer=abi.LAYER_NONE, asked=0, allowed=0):
    reply = np.zeros((), abi.ERROR_REPLY)
    reply["status"], reply["layer"] = status, layer
    reply["detail0"], reply["detail1"] = asked, allowed
    return reply.tobytes()


def fault(pc=0x08000200, layer=7):
    report = np.zeros((), abi.FAULT_REPORT)
    report["kind"], report["cfsr"], report["bfar"] = 5, 1 << 9 | 1 << 15, 0x60000000
    report["registers"] = [1, 2, 3, 4, 12, 0x08000201, pc, 0x61000000]
    report["layer"] = layer
    return report.tobytes()


def test_hello_reads_every_field(session):
    hello = session.hello()
    assert hello.abi_version == abi.VERSION
    assert hello.marker_overhead_cycles == 5


def test_an_image_arrives_whole_and_is_reported(board):
    steps = []
    image = bytes(itertools.islice(itertools.cycle(range(251)), 5000))
    Session(board, progress=lambda *step: steps.append(step)).load_image(image)
    assert board.flash_bytes == image
    assert steps[-1] == ("image", 5000, 5000)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)


def test_an_input_arrives_whole(board, session):
    data = np.random.default_rng(1).bytes(19200)
    session.set_input(data)
    assert bytes(board.inputs) == data


def test_a_schedule_arrives_as_it_was(board, session):
    schedule = Schedule.uniform(
        5, 50_000_000, lfo=ClockSetting.parse("hse"), granularity=[0, 2, 4, 8, 16]
    )
    session.set_schedule(schedule)
    assert Schedule.from_bytes(**board.schedule) == schedule


def test_a_run_and_its_profile(board, session):
    board.layers = 60  # more than one frame of records
    result = session.run(3)
    assert (result.runs, result.relocks, result.hops) == (3, 1, 8)
    assert result.total_s == 16_000 / abi.TICK_HZ
    profile = session.read_profile()
    assert profile["cycles"][:, abi.Segment.COMPUTE].tolist() == list(range(1000, 1060))


def test_a_session_that_ran_nothing_has_no_profile(board, session):
    """What an earlier one ran is not told as a profile without layers."""
    session.run()
    with pytest.raises(BoardError, match="has run nothing yet, so it has no profile"):
        Session(board).read_profile()
    assert len(session.read_profile()) == board.layers


def test_an_output_longer_than_a_frame(board, session):
    assert session.read_output(4, 2500) == board.output[:2500]


def test_probe_and_sensor(session):
    probe = session.probe_clock(
        ClockSetting.parse("pll:25/216/2"), ClockSetting.parse("hse"), 50_000_000
    )
    assert (probe.to_a_ticks, probe.lock_ticks) == (3300, 3200)
    reading = session.read_ina219()
    assert (reading.current, reading.power) == (-3, 7)


@given(st.data())
def test_lost_and_garbled_replies_are_asked_for_again(make_board, data):
    board = make_board()
    trouble = data.draw(st.lists(st.sampled_from(["lose", "damage", "cut", "noise"]), max_size=3))

    def line(reply):
        match trouble.pop(0) if trouble else None:
            case "lose":
                return b""
            case "damage":
                return reply[:3] + bytes([reply[3] ^ 0x55 or 1]) + reply[4:]
            case "cut":
                return reply[:-4]
            case "noise":
                return b"\x11\x22\0" + reply
        return reply

    board.line = line
    session = Session(board)
    assert session.read_output(0, 300) == board.output[:300]


def test_a_retry_repeats_the_sequence_number(board, session):
    replies = iter([False, False, True])
    board.line = lambda reply: reply if next(replies) else b""
    session.hello()
    assert len({request.sequence for request in board.requests}) == 1
    assert session.retries == 2


def test_a_late_reply_to_an_earlier_request_is_passed_over(board, session):
    late = encode_frame(Frame(abi.Command.HELLO | abi.Command.REPLY, 999, b"old"))
    board.line = lambda reply: late + reply
    assert session.hello().abi_version == abi.VERSION


def test_silence_tells_what_was_awaited_and_where_the_firmware_is(board, session):
    board.dead = True
    with pytest.raises(BoardSilentError, match=r"reply to hello .*4 attempts.* in spin_forever"):
        session.hello()
    assert len([r for r in board.requests if r.command == abi.Command.HELLO]) == 4


def test_a_board_that_babbles_is_given_up_in_time(board, session):
    board.line = lambda _: b"\x55" * 100_000
    with pytest.raises(BoardSilentError):
        session.hello()
    assert board.clock_s < 60


def test_a_garbled_reply_to_a_run_is_asked_for_again(board, session):
    def garble_first(line):
        return line[:9] + b"\x7f" + line[10:] if len(board.requests) == 1 else line

    board.line = garble_first
    assert session.run().runs == 1
    first, second = board.requests
    assert first == second


def test_a_run_that_never_arrived_is_sent_again(board, session):
    requests = []

    def lose_first(line):
        requests.append(board.requests[-1].command)
        return b"" if len(requests) == 1 else line

    board.line = lose_first
    assert session.run().runs == 1
    assert requests == [abi.Command.RUN, abi.Command.RUN]


def test_a_reset_in_the_middle_of_a_run_is_named(board, session):
    session.use_image()
    board.line = lambda line: b"" if board.requests[-1].command == abi.Command.RUN else line
    with pytest.raises(BoardError, match="board fake was reset in the middle"):
        session.run()


def test_a_run_without_a_reply_is_asked_for_once_more_by_the_same_number(board, session):
    board.line = lambda _: b""
    with pytest.raises(BoardSilentError, match="reply to run"):
        session.run()
    runs = [r for r in board.requests if r.command == abi.Command.RUN]
    assert runs == [runs[0]] * 2


def test_a_fault_that_the_firmware_reports_by_itself(board, session):
    frame = Frame(abi.Command.FAULT_READ | abi.Command.REPLY, abi.UNSOLICITED_SEQUENCE, fault())
    board.line = lambda _: encode_frame(frame)
    with pytest.raises(FirmwareFaultError) as caught:
        session.run()
    message = str(caught.value)
    assert "BusFault in layer 7 at 0x08000200 (kernel_run)" in message
    assert "PRECISERR" in message
    assert "the address was 0x60000000" in message
    assert "pc 08000200" in message


def test_a_fault_found_after_silence(board, session):
    board.line = lambda reply: reply if board.requests[-1].command != abi.Command.RUN else b""
    board.fault = fault(layer=abi.LAYER_NONE)
    with pytest.raises(FirmwareFaultError, match="BusFault at 0x08000200"):
        session.run()
    assert session.read_fault() is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (abi.Status.BAD_STATE, ProtocolError),
        (abi.Status.BAD_IMAGE, FileFormatError),
        (abi.Status.CLOCK_ILLEGAL, ClockError),
        (abi.Status.CLOCK_TIMEOUT, BoardError),
        (abi.Status.BUFFER_TOO_SMALL, ScheduleError),
        (abi.Status.UNSUPPORTED, UnsupportedOperatorError),
    ],
)
def test_a_refusal_speaks_the_domains_language(board, session, status, error):
    board.refuse[abi.Command.RUN] = refusal(status, layer=3, asked=200_000, allowed=106_496)
    with pytest.raises(error, match=r"refused run at layer 3: [^(]+ \(.*\)$") as caught:
        session.run()
    assert "106496" in str(caught.value)
    board.refuse[abi.Command.RUN] = refusal(abi.Status.BAD_STATE)
    with pytest.raises(ProtocolError, match=r"before this command$"):
        session.run()


def test_every_status_has_a_meaning(board, session):
    for status in abi.Status:
        board.refuse[abi.Command.HELLO] = refusal(status)
        with pytest.raises(Exception, match="refused hello: "):
            session.hello()


def test_an_unknown_status_is_named(board, session):
    board.refuse[abi.Command.HELLO] = refusal(77)
    with pytest.raises(ProtocolError, match="status 77"):
        session.hello()


def test_a_reply_of_the_wrong_length_is_refused(board, session):
    board.hello = lambda _: b"abc"
    with pytest.raises(ProtocolError, match="3 bytes of payload"):
        session.hello()


def test_closing_by_context(board):
    with board:
        assert not board.closed
    assert board.closed


def test_samples_of_the_current(session):
    sampling = Sampling(averaged=4)
    readings = session.measure_current(Layers(0, 3), samples=3, sampling=sampling)
    assert readings.shunt_counts.tolist() == [958] * 3
    assert readings.ticks.tolist() == [sampling.period_ticks * n for n in (1, 2, 3)]
    assert (readings.passes, readings.pass_s) == (2, 0.05)
    assert readings.core_hz == 216e6


def test_samples_have_to_be_as_many_as_were_asked_for(board, session):
    whole = board.current_measure
    board.current_measure = lambda payload: whole(payload)[:-8]
    with pytest.raises(ProtocolError, match="reply to current_measure has"):
        session.measure_current(Layers(0, 3), samples=3, sampling=Sampling())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"averaged": 3}, "averages 1, 2, 4, 8, 16, 32, 64, 128 conversions, not 3"),
        ({"range_v": 0.1}, r"ranges are 0\.04, 0\.08, 0\.16, 0\.32 V, not 0\.1"),
    ],
)
def test_settings_that_the_sensor_lacks(wrong, message):
    with pytest.raises(BoardError, match=message):
        Sampling(**wrong)
