"""Calibration recovers what it was not told, within its intervals, and refuses the rest."""

import numpy as np
import pytest

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.calibration.identification import Evidence, calibrate

PRESENT = {"static": 2.0, "clock": 5.0, "work": 3.0, "idle": 1.0}
TRUTH = {"static": 2.6, "clock": 4.4, "work": 3.3, "idle": 1.0}


def evidence(rng, noise=0.002, conditions=8, each=4, **changes):
    """Observations of a linear model with other parameters than those it is believed to have."""
    count = conditions * each
    sensitivity = rng.uniform(0.5, 2.0, (count, len(PRESENT)))
    sensitivity[:, 3] = 0.0  # nothing that was measured depends on it
    present, truth = (np.array(list(v.values())) for v in (PRESENT, TRUTH))
    exact = sensitivity @ truth
    fields = {
        "present": PRESENT,
        "observed": exact * rng.normal(1, noise, count),
        "standard_error": noise * exact,
        "predicted": sensitivity @ present,
        "sensitivity": sensitivity,
        "groups": np.repeat(np.arange(conditions), each),
    }
    return Evidence(**{**fields, **changes})


def test_known_parameters_are_recovered_within_their_intervals():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        found = calibrate(evidence(rng))
        assert set(found.fitted) == {"static", "clock", "work"}
        assert found.kept == {"idle": "has no influence on what was measured"}
        assert found.error_after < found.error_before
        held += [abs(e.mean - TRUTH[name]) <= e.half_width for name, e in found.fitted.items()]
    # Residuals that happen to be small do not narrow an interval: it may hold more often.
    assert 0.94 < np.mean(held) < 0.995


def test_intervals_widen_where_the_noise_is_larger_than_was_said():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(200):
        told = evidence(rng, noise=0.01)
        found = calibrate(Evidence(**{**vars(told), "standard_error": told.standard_error / 10}))
        held += [abs(e.mean - TRUTH[name]) <= e.half_width for name, e in found.fitted.items()]
    assert np.mean(held) > 0.9


def test_what_can_be_exchanged_for_another_is_kept_and_named():
    rng = np.random.default_rng(3)
    told = evidence(rng)
    sensitivity = told.sensitivity.copy()
    sensitivity[:, 1] = 2 * sensitivity[:, 2]
    truth = np.array(list(TRUTH.values()))
    present = np.array(list(PRESENT.values()))
    found = calibrate(
        Evidence(
            PRESENT,
            sensitivity @ truth,
            told.standard_error,
            sensitivity @ present,
            sensitivity,
            told.groups,
        )
    )
    assert "static" in found.fitted
    assert len({"clock", "work"} & set(found.fitted)) == 1
    assert "cannot be told from the others" in found.kept.values()
    assert found.fitted["static"].mean == pytest.approx(TRUTH["static"], rel=1e-3)


def test_data_that_identify_nothing_are_refused():
    rng = np.random.default_rng(4)
    told = evidence(rng)
    blind = np.zeros_like(told.sensitivity)
    with pytest.raises(MeasurementError, match="identify no parameter: static: has no influence"):
        calibrate(Evidence(**{**vars(told), "sensitivity": blind}))
    with pytest.raises(MeasurementError, match=r"identify no parameter: .*known to ±\d+% only"):
        calibrate(evidence(rng, noise=3.0))


def test_too_few_conditions_are_refused():
    with pytest.raises(MeasurementError, match=r"under 2 conditions .* at least 3"):
        calibrate(evidence(np.random.default_rng(5), conditions=2))


def test_a_fit_that_does_not_carry_over_is_refused():
    rng = np.random.default_rng(6)
    present = np.array(list(PRESENT.values()))
    told = evidence(rng)
    # The present parameters are the true ones: what a fit finds is noise.
    predicted = told.sensitivity @ present
    refused = 0
    for _ in range(20):
        observed = predicted * rng.normal(1, 0.002, len(predicted))
        try:
            calibrate(Evidence(**{**vars(told), "observed": observed, "predicted": predicted}))
        except MeasurementError as error:
            refused += "no better than the present ones" in str(error)
    assert refused > 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"standard_error": np.zeros(32)}, "standard error is 0"),
        ({"predicted": np.full(32, np.nan)}, "not a finite number"),
        ({"groups": np.zeros(3, int)}, r"groups has shape \(3,\); \(32,\)"),
    ],
)
def test_contradictions_are_refused(change, message):
    with pytest.raises(MeasurementError, match=message):
        evidence(np.random.default_rng(0), **change)


def test_nothing_is_fitted_below_zero():
    rng = np.random.default_rng(7)
    told = evidence(rng)
    truth = np.array([0.01, 4.4, 3.3, 1.0])
    found = calibrate(
        Evidence(**{**vars(told), "observed": told.sensitivity @ truth * rng.normal(1, 0.01, 32)})
    )
    assert all(estimate.mean >= 0 for estimate in found.fitted.values())
