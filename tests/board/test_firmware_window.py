"""Windows: exact in length in every idle mode, and cheaper the deeper the core sleeps."""

import firmware_board
import pytest
from firmware_board import small_image, small_network, uniform

from dvfs_kernel import abi
from dvfs_kernel.clocks import ClockSetting
from renode_platform.devices import datasheet

pytestmark = pytest.mark.board

LAYERS = len(small_network().layers)
HSI, HSE, PLL, SLOW_PLL = (
    ClockSetting.parse(text) for text in ("hsi", "hse", "pll:25/216/2", "pll:25/100/2")
)
MODES = list(abi.IdleMode)
SLEEP, GATED, STOP = MODES
WITHIN_S = 2e-6
STOP_A = datasheet.STOP_CURRENT_A["flash on"][1] + datasheet.LSE_CURRENT_A

each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())


@pytest.fixture(scope="module")
def started():
    """A strict board, so that nothing illegal passes, with an LSE that runs already."""
    board, session = firmware_board.start(small_image().data)
    session.hello()
    session.use_image()
    session.set_schedule(uniform(LAYERS, PLL))
    session.run(window_s=0.01, idle=STOP)
    with board:
        yield board, session


@pytest.fixture
def session(started):
    _, session = started
    session.set_schedule(uniform(LAYERS, PLL))
    return session


def windows(board, session, mode, window_s, runs=1):
    """Run, and return the firmware's account and the board's."""
    before = len(board.ground_truth().windows)
    result = session.run(runs, window_s=window_s, idle=mode)
    truth = board.ground_truth().windows[before:]
    assert len(truth) == runs
    return result, truth


@each_mode
@pytest.mark.parametrize("window_s", [0.0009, 0.0021, 0.005, 0.08, 3.1])
def test_a_window_ends_when_it_should(started, session, mode, window_s):
    board, _ = started
    result, truth = windows(board, session, mode, window_s, runs=2)
    for window in truth:
        assert window.duration_s == pytest.approx(window_s, abs=WITHIN_S)
        assert window.start_ps < window.inference.start_ps < window.inference.end_ps
        assert window.inference.end_ps < window.end_ps
    assert result.window_s == pytest.approx(window_s, abs=WITHIN_S)
    assert result.overrun_ticks == 0
