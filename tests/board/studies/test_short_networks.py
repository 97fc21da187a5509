"""The main job on networks of any make: one layer, without a decoupled form, of microseconds."""

import json

import numpy as np
import pytest
from networks import convolution, depthwise, fully_connected, tensor
from small_model import small_model

import dvfs_kernel as dvfs
from dvfs_kernel.networks.network import Network, Padding
from dvfs_kernel.networks.tflite_reader import read_bytes

pytestmark = pytest.mark.board

CLOCKS = "pll:25/216/2,pll:25/120/2"
NO_PADDING = Padding(0, 0, 0, 0)


def network(name, shapes, *layers):
    tensors = tuple(tensor(f"t{number}", shape) for number, shape in enumerate(shapes))
    return Network(name, tensors, layers, 0, (len(shapes) - 1,))


def plain():
    layers = (
        convolution((8, 3, 3, 3)),
        convolution((8, 3, 3, 8), name="second", inputs=(1,), output=2),
    )
    return network("plain", [(16, 16, 3), (16, 16, 8), (16, 16, 8)], *layers)


NETWORKS = {
    "one convolution": lambda: network("one", [(8, 8, 2), (8, 8, 4)], convolution()),
    "one depthwise": lambda: network("depth", [(12, 12, 4)] * 2, depthwise(inputs=(0,), output=1)),
    "fully connected": lambda: network("full", [(1, 1, 256), (1, 1, 10)], fully_connected(10, 256)),
    "plain": plain,
    "a millisecond": lambda: read_bytes(small_model(12), "small"),
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module", params=NETWORKS)
def studied(request, cache):
    return dvfs.study(
        NETWORKS[request.param](), clocks=CLOCKS, cache=cache, executor="here", progress=False
    )


def test_the_defaults_take_it_and_predictions_come_about(studied):
    studied.verify()
    for result in studied.study.results:
        assert result.solution.status == "optimal"
        for outcome in result.outcomes:
            assert outcome.same_output
            # What is allowed knows that microseconds are much of a short run; this is what is met.
            late_s = outcome.candidate.prediction.latency_s - outcome.record.latency_s
            more_j = outcome.candidate.predicted_window_j - outcome.window_j
            assert abs(late_s) < 0.002 * outcome.record.latency_s + 2e-6
            assert abs(more_j) < 0.004 * outcome.window_j + 1e-6
        ours = result.outcome("dvfs")
        assert ours.keeps_bound
        assert ours.window_j <= result.outcomes[0].window_j * (1 + 1e-3)  # TinyEngine's
        assert result.lower_bound_j <= ours.candidate.predicted_window_j * (1 + 1e-9)


def test_its_report_is_written_and_has_no_warning(cache, tmp_path):
    making = {"clocks": CLOCKS, "cache": cache, "executor": "here", "progress": False}
    studied = dvfs.study(NETWORKS["one convolution"](), **making)
    page = studied.save(tmp_path, progress=False)
    assert page.is_file()
    document = json.loads((tmp_path / "report.json").read_text())
    assert not [run for bound in document["bounds"] for run in bound["runs"] if not run["layers"]]
    assert "warning" not in {finding.weight for finding in findings(document)}


def findings(document):
    from dvfs_kernel.report.findings import findings as found  # noqa: PLC0415  of a room behind

    return found(document)


def test_a_bound_that_the_baseline_keeps_is_kept(cache):
    making = {"clocks": CLOCKS, "cache": cache, "executor": "here", "progress": False}
    own = dvfs.study(plain(), qos=0, **making)
    baseline_s = own.study.ground.baseline.latency_s
    ours = own.outcome("0 %")
    assert ours.candidate.idle.mode.name == "SLEEP"
    assert ours.candidate.prediction.latency_s <= baseline_s * (1 + 1e-3)
    with pytest.raises(dvfs.InfeasibleBoundError) as caught:
        dvfs.study(plain(), latency=baseline_s / 2, **making)
    assert caught.value.least_time <= baseline_s
    plan = dvfs.optimise(plain(), qos=1, **making)[0]
    assert plan.candidate.idle.mode.name == "SLEEP"


def test_only_a_granularity_that_was_named_is_refused(cache):
    making = {"clocks": CLOCKS, "cache": cache, "executor": "here", "progress": False}
    with pytest.raises(
        dvfs.ScheduleError, match=r"granularity 2: no layer of .* have a decoupled form; 0 \("
    ):
        dvfs.explore(plain(), granularities=(2,), **making)
    assert dvfs.explore(plain(), **making).ground.exploration.space.granularities == (0,)
    wide = network(
        "wide", [(1, 4, 16384), (1, 4, 4)], convolution((4, 1, 1, 16384), padding=NO_PADDING)
    )
    fits = dvfs.explore(wide, **making).ground.exploration.space.granularities
    assert fits[0] == 0
    assert len(fits) < 6
    with pytest.raises(dvfs.ScheduleError, match=r"granularity 255: .* 0 to \d+ is allowed"):
        dvfs.explore(wide, granularities=(255,), **making)
    assert np.isfinite(dvfs.explore(wide, granularities=(0,), **making).ground.baseline.latency_s)
