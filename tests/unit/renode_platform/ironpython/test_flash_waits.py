"""Who waits inside Renode while flash is written: its memory always answers."""

import pytest

from renode_platform.ironpython.host import Host

MILLISECOND = 1_000_000_000


class Time:
    time_ps = 0

    def now_ps(self):
        return self.time_ps

    def stall_until(self, time_ps):
        self.time_ps = max(self.time_ps, time_ps)


class Timer:
    def start(self, nanoseconds):
        """Never rings here."""


@pytest.fixture
def host():
    return Host(Time(), Timer(), None, None)


@pytest.mark.parametrize("from_flash", [True, False])
def test_a_core_stands_only_where_it_runs_from_flash(host, from_flash):
    host.runs_from_flash = lambda: from_flash
    host.flash_busy((0, 1), 5 * MILLISECOND)
    assert host.now_ps() == (5 * MILLISECOND if from_flash else 0)


def test_an_access_that_waits_sees_what_happens_meanwhile(host):
    seen = []
    host.call_at(2 * MILLISECOND, lambda: seen.append(host.now_ps()))
    host.wait_until(3 * MILLISECOND)
    assert seen == [3 * MILLISECOND]
