"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How fast a machine draws and runs examples says nothing of the code.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
