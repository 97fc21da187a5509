"""Priorities and pending state, and SysTick's arithmetic."""

from hypothesis import given
from hypothesis import strategies as some

from dvfs_kernel.boards.emulator import nvic as nv
from dvfs_kernel.boards.emulator.nvic import Nvic
from dvfs_kernel.boards.emulator.systick import SysTick
from dvfs_kernel.link.fault_status import exception_name


def test_the_most_urgent_pending_exception_goes_first():
    nvic = Nvic()
    for irq, priority in ((3, 0x40), (1, 0x80), (2, 0x40)):
        nvic.enabled[16 + irq] = True
        nvic.priority[16 + irq] = priority
        nvic.pending.add(16 + irq)
    assert nvic.first() == 18  # equal priority: the lower number
    nvic.enabled[18] = False
    assert nvic.first() == 19
    nvic.pending.add(nv.HARD_FAULT)
    assert nvic.first() == nv.HARD_FAULT


def test_masks_and_active_exceptions_set_the_execution_priority():
    nvic = Nvic()
    assert nvic.execution_priority(0, 0, 0) == nv.THREAD_PRIORITY
    assert nvic.execution_priority(0, 0, 0x50) == 0x50
    nvic.priority[20] = 0x30
    nvic.activate(20)
    assert nvic.execution_priority(0, 0, 0x50) == 0x30
    assert nvic.execution_priority(1, 0, 0) == 0
    assert nvic.execution_priority(1, 1, 0) == -1
    nvic.activate(nv.NMI)
    assert nvic.execution_priority(1, 1, 0) == -2


def test_priority_groups_cut_off_the_subpriority():
    nvic = Nvic()
    nvic.priority_group = 5  # two bits of group, two of subpriority
    nvic.priority[20], nvic.priority[21] = 0x50, 0x40
    assert nvic.group_priority(20) == nvic.group_priority(21) == 0x40
    nvic.enabled[20] = nvic.enabled[21] = True
    nvic.pending |= {20, 21}
    assert nvic.first() == 21  # the subpriority still orders what is pending


def test_a_line_pends_at_its_edge_and_again_while_it_stays_high():
    nvic = Nvic()
    nvic.set_line(4, True)
    assert 20 in nvic.pending
    nvic.activate(20)
    nvic.set_line(4, True)
    assert 20 not in nvic.pending
    nvic.deactivate(20)
    assert 20 in nvic.pending
    nvic.set_line(4, False)
    nvic.clear_pending(20)
    assert not nvic.pending
    nvic.reset()
    nvic.set_line(4, True)
    nvic.clear_pending(20)  # the line is still high
    assert 20 in nvic.pending


def test_names():
    assert exception_name(0) == "thread mode"
    assert exception_name(5) == "BusFault"
    assert exception_name(16 + 39) == "interrupt 39"


class Bench:
    """A SysTick with ticks set by hand."""

    def __init__(self):
        self.now = 0
        self.due = {}
        self.nvic = Nvic()
        self.systick = SysTick(self.nvic, lambda: self.now, self.call, self.cancel, int)

    def call(self, tick, callback):
        token = len(self.due) + 1
        self.due[token] = (tick, callback)
        return token

    def cancel(self, token):
        if token is not None:
            self.due[token] = None

    def run_to(self, tick):
        fired = []
        while True:
            waiting = [(e[0], t) for t, e in self.due.items() if e is not None]
            if not waiting or min(waiting)[0] > tick:
                break
            at, token = min(waiting)
            callback = self.due[token][1]
            self.due[token] = None
            self.now = at
            callback()
            fired.append(at)
        self.now = tick
        return fired


class SimpleSysTick:
    """The counter stepped one tick at a time."""

    def __init__(self, reload):
        self.reload, self.value, self.flag, self.wraps = reload, 0, False, []

    def step(self, tick):
        if self.value == 0:
            self.value = self.reload
            return
        self.value -= 1
        if self.value == 0:
            self.flag = True
            self.wraps.append(tick)


@given(some.integers(1, 20), some.lists(some.integers(1, 30), max_size=8))
def test_systick_counts_like_a_counter_stepped_by_hand(reload, waits):
    bench = Bench()
    simple = SimpleSysTick(reload)
    bench.systick.write(0x014, reload)
    bench.systick.write(0x018, 123)
    bench.systick.write(0x010, 7)
    fired = []
    tick = 0
    for wait in waits:
        fired += bench.run_to(tick + wait)
        for step in range(tick + 1, tick + wait + 1):
            simple.step(step)
        tick += wait
        assert bench.systick.read(0x018) == simple.value
        assert bool(bench.systick.read(0x010) & 1 << 16) == simple.flag
        simple.flag = False
    assert fired == simple.wraps


def test_systick_on_the_external_clock_is_eight_times_slower():
    bench = Bench()
    bench.systick.write(0x014, 9)
    bench.systick.write(0x018, 0)
    bench.systick.write(0x010, 3)
    assert bench.run_to(240) == [80, 160, 240]
    bench.systick.write(0x010, 0)
    assert bench.run_to(1000) == []
    assert bench.nvic.pending == {nv.SYSTICK}
