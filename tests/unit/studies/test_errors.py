"""The domain's errors arrive from worker processes as what they are."""

import pickle

import pytest

from dvfs_kernel import errors


def every_error():
    for name in errors.__all__:
        kind = getattr(errors, name)
        if kind is errors.InfeasibleBoundError:
            yield kind(0.25, 0.5)
            yield kind(0.25, 0.5, at_least=True)
        elif kind is errors.SensorMissingError:
            yield kind("what was wrong", scl_high=True, sda_high=False)
        elif kind is errors.InfeasibleBudgetError:
            yield kind({"flash": 1.0}, {"flash": 2.0})
            yield kind({"flash": 1.0}, {"flash": 0.5}, bound=0.25, least_time=0.2)
        elif kind is errors.InfeasibleLatencyError:
            yield kind(0.25, 0.5)
        else:
            yield kind("what was wrong")


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  made here
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_latency_that_is_offered_is_possible_to_the_last_digit():
    error = errors.InfeasibleLatencyError(0.002290286573, 0.00232803455)
    assert str(error) == (
        "no schedule keeps the latency of 2.29029 ms; the least possible is 2.3281 ms"
    )
    assert (error.bound, error.least_time) == (0.002290286573, 0.00232803455)
