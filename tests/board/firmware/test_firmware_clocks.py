"""Clock changes: legal ones never break a rule of the chip, illegal ones are refused unmade."""

import firmware_board
import numpy as np
import pytest
from firmware_board import refusal, request, small_image, small_network
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from renode_platform.devices.clock_tree import limit_violations

pytestmark = pytest.mark.board

HSE = {8: 8_000_000, 50: 50_000_000}
# The factors of the DVFS experiments: M 25 or 50 at 50 MHz, N from 75 to 432, P 2.
EXPERIMENTS = [f"pll:{m}/{n}/2" for m in (25, 50) for n in (75, 100, 150, 168, 216, 336, 432)]
TICK_S = 1 / abi.TICK_HZ
HOP_LIMIT_S = 2e-6
LOCK_TOLERANCE_S = 1e-6


def is_legal(setting, hse_hz):
    try:
        setting.check(hse_hz)
    except ClockError:
        return False
    return True


def legal(hse_hz):
    """Every source, every voltage scale, both sides of over-drive, and AHB dividers."""
    m = hse_hz // 2_000_000
    texts = ["hsi", "hse", "hsi:ahb16", "hse:ahb2", f"pll:{m}/216/2:ahb8"]
    texts += [f"pll:{m}/{n}/{p}" for n in (50, 72, 99, 144, 145, 168, 169, 180, 181, 200, 210, 216)
              for p in (2, 4)]  # fmt: skip
    texts += EXPERIMENTS if hse_hz == HSE[50] else ["pll:8/432/2", "pll:6/75/2", "pll:7/181/8"]
    settings_ = [ClockSetting.parse(text) for text in texts]
    return [setting for setting in settings_ if is_legal(setting, hse_hz)]


LEGAL_EXPERIMENTS = [text for text in EXPERIMENTS if is_legal(ClockSetting.parse(text), HSE[50])]


@pytest.fixture(scope="module", params=sorted(HSE))
def probed(request):
    """A board in strict mode: a rule broken on the way ends the run."""
    hse_hz = HSE[request.param]
    board, session = firmware_board.start(small_image().data, hse_hz=hse_hz)
    session.hello()
    with board:
        yield board, session, hse_hz


def test_the_lists_reach_every_scale_and_over_drive():
    for hse_hz in HSE.values():
        found = {(s.voltage_scale(hse_hz), s.needs_overdrive(hse_hz)) for s in legal(hse_hz)}
        assert found == {(3, False), (2, False), (1, False), (1, True)}
        assert len(legal(hse_hz)) >= 20


@given(st.data())
@settings(max_examples=40)
def test_no_legal_pair_of_clocks_breaks_a_rule(probed, data):
    board, session, hse_hz = probed
    a = data.draw(st.sampled_from(legal(hse_hz)))
    b = data.draw(st.sampled_from(legal(hse_hz)))
    probe = session.probe_clock(a, b, hse_hz)
    assert probe.to_b_ticks >= 0
    assert board.machine.trace.violations == []


@pytest.mark.parametrize("text", ["hsi", "hse", *LEGAL_EXPERIMENTS])
def test_the_chip_ends_up_as_the_setting_says(text):
    hse_hz = HSE[50]
    setting = ClockSetting.parse(text)
    board, session = firmware_board.start(small_image().data, hse_hz=hse_hz)
    with board:
        session.hello()
        session.use_image()
        layers = len(small_network().layers)
        session.set_schedule(Schedule.uniform(layers, hse_hz, hfo=setting))
        session.hello()
        found, wanted = board.machine.devices.rcc.clocks, setting.clocks(hse_hz)
        for name in ("source", "sysclk_hz", "hclk_hz", "pclk1_hz", "pclk2_hz", "vco_hz", "pll_on",
                     "vos", "overdrive", "flash_wait_states"):  # fmt: skip
            assert getattr(found, name) == getattr(wanted, name), name
        assert limit_violations(found) == []


@pytest.mark.parametrize("lock_s", [75e-6, 200e-6, 300e-6])
@pytest.mark.parametrize("text", ["pll:25/100/2", "pll:25/168/2", "pll:25/216/2"])
def test_a_relock_takes_the_scripted_time(lock_s, text):
    board, session = firmware_board.start(pll_lock=PllLock.lasting(lock_s))
    with board:
        session.hello()
        probe = session.probe_clock(ClockSetting.parse("hse"), ClockSetting.parse(text), HSE[50])
        # Over-drive is entered while the PLL locks; where the lock is done sooner, it shows later.
        expected_s = lock_s
        assert probe.lock_ticks * TICK_S == pytest.approx(expected_s, abs=LOCK_TOLERANCE_S)
        assert probe.to_b_ticks * TICK_S < expected_s + 30e-6


def test_a_hop_between_hse_and_the_running_pll_takes_under_two_microseconds():
    board, session = firmware_board.start()
    with board:
        session.hello()
        hse = ClockSetting.parse("hse")
        for text in ("pll:25/75/2", "pll:25/150/2", "pll:25/216/2"):
            pll = ClockSetting.parse(text)
            session.probe_clock(hse, pll, HSE[50])
            for a, b in ((hse, pll), (pll, hse)):
                probe = session.probe_clock(a, b, HSE[50])
                assert probe.lock_ticks == 0
                assert probe.to_b_ticks * TICK_S < HOP_LIMIT_S
                assert probe.to_a_again_ticks * TICK_S < HOP_LIMIT_S


def test_a_hop_lowers_the_wait_states_and_keeps_the_pll():
    board, session = firmware_board.start()
    with board:
        session.hello()
        pll = ClockSetting.parse("pll:25/216/2")
        session.probe_clock(pll, ClockSetting.parse("hse"), HSE[50])
        seen = [(c.sysclk_hz, c.source) for c in board.ground_truth().clock_changes]
        first = seen.index((216_000_000, "pll"))
        hops = seen[first:]
        assert (HSE[50], "hse") in hops
        relocks = [change for change in hops if change[1] == "hsi"]
        assert len(relocks) <= 1  # the way back to the clock of the line


def test_a_hop_needs_the_pll_parameters_to_stay():
    board, session = firmware_board.start()
    with board:
        session.hello()
        slow, fast = ClockSetting.parse("pll:25/100/2"), ClockSetting.parse("pll:25/216/2")
        probe = session.probe_clock(slow, fast, HSE[50])
        assert probe.to_b_ticks * TICK_S > 200e-6
        assert probe.to_a_again_ticks * TICK_S > 200e-6
        # The AHB divider is none of the PLL's parameters.
        half = ClockSetting.parse("pll:25/216/2:ahb2")
        session.probe_clock(fast, half, HSE[50])
        probe = session.probe_clock(fast, half, HSE[50])
        assert probe.lock_ticks == 0


ILLEGAL = [
    ({"source": 3}, 3, 2),
    ({"ahb_divider_log2": 5}, 5, 4),
    ({"pllm": 1}, 1, 2),
    ({"pllm": 64}, 64, 63),
    ({"plln": 49}, 49, 50),
    ({"plln": 433}, 433, 432),
    ({"pllp": 0}, 0, 2),
    ({"pllp": 3}, 3, 2),
    ({"pllp": 10}, 10, 8),
    ({"pllm": 20}, 2_500_000, 2_100_000),
    ({"pllm": 60}, 833_333, 950_000),
    ({"pllm": 50, "plln": 99}, 99_000_000, 100_000_000),
    ({"plln": 217}, 434_000_000, 432_000_000),
    ({"plln": 60, "pllp": 8}, 15_000_000, 24_000_000),
    ({"source": 1, "hse_hz": 51_000_000}, 51_000_000, 50_000_000),
    ({"hse_hz": 60_000_000}, 60_000_000, 50_000_000),
]


@pytest.mark.parametrize(("fields", "value", "limit"), ILLEGAL)
@pytest.mark.parametrize("place", ["a", "b"])
def test_what_the_data_sheet_forbids_is_refused_and_not_tried(place, fields, value, limit, plain):
    probe = np.zeros((), abi.CLOCK_PROBE)
    probe["hse_hz"] = fields.get("hse_hz", HSE[50])
    for name in ("a", "b"):
        probe[name]["source"] = abi.ClockSource.PLL
        probe[name]["pllm"], probe[name]["plln"], probe[name]["pllp"] = 25, 216, 2
    for name, content in fields.items():
        if name != "hse_hz":
            probe[place][name] = content
    changes = len(plain.ground_truth().clock_changes)
    reply = request(plain, abi.Command.CLOCK_PROBE, probe.tobytes())
    assert refusal(reply) == (abi.Status.CLOCK_ILLEGAL, abi.LAYER_NONE, value, limit)
    assert len(plain.ground_truth().clock_changes) == changes


def test_an_hse_that_is_not_there_is_refused(plain):
    probe = np.zeros((), abi.CLOCK_PROBE)
    probe["a"]["source"] = abi.ClockSource.HSE
    reply = request(plain, abi.Command.CLOCK_PROBE, probe.tobytes())
    assert refusal(reply)[0::2] == (abi.Status.CLOCK_ILLEGAL, 0)


@pytest.fixture(scope="module")
def plain():
    board, session = firmware_board.start()
    session.hello()
    with board:
        yield board


@given(
    st.builds(
        ClockSetting,
        st.just("pll"),
        st.integers(0, 70),
        st.integers(40, 440),
        st.sampled_from([2, 4, 6, 8]),
        st.sampled_from([1, 2, 4, 8, 16]),
    )
)
@settings(max_examples=60)
def test_firmware_and_host_agree_on_what_is_legal(plain, setting):
    probe = np.zeros((), abi.CLOCK_PROBE)
    probe["hse_hz"] = HSE[50]
    for name in ("a", "b"):
        probe[name] = np.frombuffer(setting.to_bytes(), abi.CLOCK)[0]
    reply = request(plain, abi.Command.CLOCK_PROBE, probe.tobytes())
    if is_legal(setting, HSE[50]):
        assert reply.command == abi.Command.CLOCK_PROBE | abi.Command.REPLY
    else:
        assert refusal(reply)[0] == abi.Status.CLOCK_ILLEGAL


def test_a_pll_that_never_locks_is_told_and_survived():
    board, session = firmware_board.start(pll_lock=PllLock.lasting(1))
    with board:
        session.hello()
        probe = np.zeros((), abi.CLOCK_PROBE)
        probe["hse_hz"] = HSE[50]
        for name, text in (("a", "hse"), ("b", "pll:25/216/2")):
            setting = ClockSetting.parse(text)
            probe[name] = np.frombuffer(setting.to_bytes(), abi.CLOCK)[0]
        reply = request(board, abi.Command.CLOCK_PROBE, probe.tobytes(), timeout_s=0.2)
        status, _, missing, _ = refusal(reply)
        assert status == abi.Status.CLOCK_TIMEOUT
        assert missing == 1 << 25  # RCC_CR.PLLRDY
        clocks = board.machine.devices.rcc.clocks
        assert (clocks.source, clocks.pll_on) == ("hsi", False)
        session.hello()


def test_without_an_hse_the_pll_runs_on_the_hsi():
    board, session = firmware_board.start()
    with board:
        session.hello()
        fast = ClockSetting.parse("pll:8/216/2")
        probe = session.probe_clock(ClockSetting.parse("hsi"), fast, 0)
        assert probe.lock_ticks > 0
        assert max(c.sysclk_hz for c in board.ground_truth().clock_changes) == 216_000_000
        assert not board.machine.devices.rcc.clocks.hse_on


@pytest.mark.parametrize(
    "text", ["hsi", "hse", "hse:ahb2", "pll:25/75/6", "pll:25/100/2", "pll:25/216/2"]
)
def test_the_line_keeps_up_at_every_idle_clock(text):
    board, session = firmware_board.start(small_image().data)
    with board:
        session.hello()
        session.use_image()
        setting = ClockSetting.parse(text)
        layers = len(small_network().layers)
        session.set_schedule(Schedule.uniform(layers, HSE[50], hfo=setting))
        data = bytes(range(256)) + bytes(small_network().tensors[0].bytes - 256)
        for _ in range(2):
            session.set_input(data)
            assert session.read_output(0, len(data)) == data
        assert session.retries == 0
        assert board.machine.trace.messages == []
