from dvfs_kernel.boards.emulator.trace import ClockChange, MarkerWrite, Trace
from dvfs_kernel.boards.trace_log import TraceLog
from dvfs_kernel.link import abi

TRIGGER, LAYER = 1 << abi.MARKER_PIN_TRIGGER, 1 << abi.MARKER_PIN_LAYER
WINDOW = 1 << abi.MARKER_PIN_WINDOW
COMPUTE = int(abi.Segment.COMPUTE) << abi.MARKER_PIN_SEGMENT0
OTHER_PIN = 1 << 9


def log_runs(log, count, boundaries=4, window=0):
    """Log inferences of one layer each, each on a clock of its own, with `WINDOW` in windows."""
    time_ps = 0
    for run in range(count):
        trace = Trace()
        trace.clock_changes.append(ClockChange(time_ps, 0, 0.0, None, 1000 + run, "hse", 0.1))
        levels = [TRIGGER, *[TRIGGER | COMPUTE * (i % 2) for i in range(boundaries)], 0]
        if window:
            levels = [window, *[level | window for level in levels], 0]
        for level in levels:
            time_ps += 10
            trace.markers.append(MarkerWrite(time_ps, time_ps, 0.0, 0, None, level | OTHER_PIN))
        assert log.take(trace)
        assert not trace.markers
        assert not trace.clock_changes
        assert not log.take(trace)


def test_everything_is_kept_while_there_is_room():
    log = TraceLog()
    log_runs(log, 5)
    truth = log.ground_truth(1.0, 2)
    assert [run.clock_changes[0].sysclk_hz for run in truth.inferences] == list(range(1000, 1005))
    assert (truth.energy_j, truth.instructions) == (1.0, 2)


def test_the_oldest_windows_are_forgotten_whole():
    log = TraceLog(most=50)
    log_runs(log, 100, window=WINDOW)
    truth = log.ground_truth(0.0, 0)
    assert 2 <= len(truth.windows) == len(truth.inferences) < 20
    for window, inference in zip(truth.windows, truth.inferences, strict=True):
        assert window.inference is inference
        assert window.start_ps < inference.start_ps
        assert inference.end_ps < window.end_ps
        assert window.clock_changes[0] == inference.clock_changes[0]


def test_the_oldest_inferences_are_forgotten_whole():
    log = TraceLog(most=50)
    log_runs(log, 100)
    inferences = log.ground_truth(0.0, 0).inferences
    assert 2 <= len(inferences) < 20
    assert [run.clock_changes[0].sysclk_hz for run in inferences][-1] == 1099
    for run in inferences:
        assert len(run.stretches) == 5
        assert len(run.clock_changes) == 1


def test_layers_are_counted_by_the_pin():
    log = TraceLog()
    trace = Trace()
    for time_ps, level in enumerate([TRIGGER, TRIGGER | LAYER, TRIGGER, TRIGGER | LAYER, 0]):
        trace.markers.append(MarkerWrite(time_ps, 0, 0.0, 0, None, level))
    log.take(trace)
    assert log.layers_begun == 4
    log.clear()
    assert log.layers_begun == 0
    assert log.ground_truth(0.0, 0).inferences == ()


def test_pins_that_never_end_an_inference_are_bounded():
    log = TraceLog(most=50)
    for number in range(1000):
        trace = Trace()
        trace.clock_changes.append(ClockChange(number, 0, 0.0, None, 1000 + number, "hse", 0.1))
        trace.markers.append(
            MarkerWrite(number, number, 0.0, 0, None, TRIGGER | LAYER * (number % 2))
        )
        log.take(trace)
    assert len(log._markers) <= 50
    assert len(log._clock_changes) <= 102
    assert log._markers[-1].time_ps == 999
    quiet = TraceLog(most=50)
    for number in range(1000):
        trace = Trace()
        trace.clock_changes.append(ClockChange(number, 0, 0.0, None, 1000 + number, "hse", 0.1))
        quiet.take(trace)
    assert len(quiet._clock_changes) <= 51
    assert quiet._clock_changes[-1].time_ps == 999


def test_pins_of_somebody_else_are_no_markers():
    log = TraceLog()
    trace = Trace()
    for number in range(100):
        odr = TRIGGER * (number >= 50) | OTHER_PIN * ((number + 1) % 2)
        trace.markers.append(MarkerWrite(number, number, 0.0, 0, None, odr))
    assert log.take(trace)
    assert [marker.time_ps for marker in log._markers] == [50]
