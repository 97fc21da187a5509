"""A change of clock, as the firmware makes it: registers and SYSCLK over the lock latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ipywidgets

from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, clock_list
from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.report import charts
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, chosen, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.task import Task
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from dvfs_kernel.exploration.switching.register_log import SwitchLog
    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["ClockSwitchPanel"]

_LOCKS: Final = {
    "200 µs, measured": "typ",
    "shortest of the data sheet": "min",
    "longest of the data sheet": "max",
}
_CHART_WIDTH: Final = 640


class _Switch(NamedTuple):
    before: str
    after: str
    lock: str

    def __str__(self) -> str:
        lock = next(name for name, value in _LOCKS.items() if value == self.lock)
        return f"{self.before} → {self.after}, PLL lock time {lock}"


class ClockSwitchPanel(Panel):
    """Two clocks to choose; a button runs the firmware from one to the other.

    Parameters
    ----------
    before, after
        What is chosen first, as `ClockState.parse` reads it.

    Raises
    ------
    PanelError
        One of them is not in the list of clocks to choose from.
    """

    def __init__(
        self,
        before: str = "pll:25/100/2",
        after: str = "pll:25/216/2",
        hse_hz: int = PAPER_HSE_HZ,
    ) -> None:
        super().__init__("A change of clock on the board")
        self._hse_hz = hse_hz
        plls = [ClockState.of(setting) for setting in clock_list("paper", hse_hz).settings]
        states = [*plls, *(ClockState(state.pll, on_hse=True) for state in plls)]
        options = [(_name(state, hse_hz), str(state)) for state in states]
        self.before = chosen("from", options, before)
        self.after = chosen("to", options, after)
        self.lock = chosen("PLL lock time", list(_LOCKS.items()), "typ")
        self.run = ipywidgets.Button(description="Run on the board", button_style="primary")
        self.task = Task()
        self.view, self.facts = ChartView(), ipywidgets.HTML()
        self.found: Result[_Switch, SwitchLog] = Result(
            self,
            self.task,
            ask=lambda: _Switch(self.before.value, self.after.value, self.lock.value),
            find=self._log,
            show=self._show,
            views=[self.view, self.facts],
            button=self.run,
        )
        self.watch(self.before, self.after, self.lock)
        self.fill(
            control_row([self.before, self.after, self.lock, self.run]),
            self.task,
            self.found.note,
            self.facts,
            self.view,
        )
        self.found.renew()

    def _log(self, asked: _Switch, progress: Progress) -> SwitchLog:
        # The engine costs a second to load.
        from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: PLC0415
        from dvfs_kernel.exploration.switching.register_log import log_switch  # noqa: PLC0415

        progress("a change of clock", 0, 1)
        with VirtualBoard(hse_hz=self._hse_hz, pll_lock=PllLock(asked.lock)) as board:
            return log_switch(ClockState.parse(asked.before), ClockState.parse(asked.after), board)

    def _show(self, asked: _Switch, log: SwitchLog) -> None:
        end_s = log.time_s
        title = f"{asked}: {end_s * 1e6:.1f} µs, {log.energy_j * 1e6:.2f} µJ"
        last = {**log.clock[-1], "time_s": end_s}
        self.view.draw(
            charts.switch_timeline,
            [*log.clock, last],
            [{"time_s": row.time_s, "what": _changed(row)} for row in log.registers],
            title,
            width=_CHART_WIDTH,
        )
        rows = [
            (f"{row.time_s * 1e6:.2f}", row.register, row.by, f"0x{row.value:08X}", _changed(row))
            for row in log.registers
        ]
        self.facts.value = markup.table(
            title, ["µs", "register", "changed by", "value", "fields"], rows, scrolls=True
        )


def _name(state: ClockState, hse_hz: int) -> str:
    clock = megahertz(state.setting.sysclk_hz(hse_hz))
    if state.keeps_pll:
        return f"HSE {clock}, PLL locked on {state.pll}"
    return f"PLL {clock} ({state.pll})"


def _changed(row: Any) -> str:
    return ", ".join(f"{name} {before}→{after}" for name, before, after in row.fields)
