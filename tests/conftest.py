"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

# How fast a machine draws and runs examples says nothing of the code. In CI the same examples are
# drawn every time, so that a build fails by what was changed and not by the draw.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("suite")
