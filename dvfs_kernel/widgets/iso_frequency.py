"""All ways to one SYSCLK, and what each draws: the paper's Fig. 2."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.clocks.space import iso_frequency, nearest, settings_at
from dvfs_kernel.report import charts
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, control_row
from renode_platform.devices.clock_tree import megahertz

__all__ = ["IsoFrequencyPanel"]

_MHZ: Final = 1_000_000
_SHOWN: Final = 40  # rows of the table
_CHART_WIDTH: Final = 640


class IsoFrequencyPanel(Panel):
    """A slider for SYSCLK; current and VCO of every setting that gives it."""

    def __init__(self, sysclk_mhz: int = 100, hse_hz: int = PAPER_HSE_HZ) -> None:
        super().__init__("Iso-frequency settings")
        self._hse_hz = hse_hz
        self.sysclk = ipywidgets.IntSlider(
            value=sysclk_mhz, min=13, max=216, description="SYSCLK (MHz)", layout={"width": "480px"}
        )
        self.sysclk.observe(self._update, "value")
        self.view, self.rows = ChartView(), ipywidgets.HTML()
        self.fill(control_row([self.sysclk]), self.view, self.rows)
        self._update()

    def _update(self, _: Any = None) -> None:
        if not self.guarded(self._show):  # nothing of another SYSCLK stays
            self.view.clear()
            self.rows.value = ""

    def _show(self) -> None:
        wanted_hz = self.sysclk.value * _MHZ
        settings = settings_at(wanted_hz, self._hse_hz)
        if settings:
            self.tell("")
        else:
            other = nearest(wanted_hz, self._hse_hz)
            settings = settings_at(other.sysclk_hz(self._hse_hz), self._hse_hz)
            self.tell(
                f"No legal setting gives {self.sysclk.value} MHz from "
                f"{megahertz(self._hse_hz)}; the nearest SYSCLK is "
                f"{megahertz(other.sysclk_hz(self._hse_hz))} and shown instead."
            )
        found = iso_frequency(settings, self._hse_hz)
        values = [{**one.to_dict(), "vco_hz": one.setting.vco_hz(self._hse_hz)} for one in found]
        self.view.draw(charts.vco_current, values, width=_CHART_WIDTH)
        costliest, cheapest = values[-1]["current_a"], values[0]["current_a"]
        saved = 100 * (1 - cheapest / costliest)
        rows = [
            (
                row["clock"],
                f"{row['vco_hz'] / _MHZ:g}",
                f"{row['current_a'] * 1e3:.2f}",
                "chosen" if row["chosen"] else "",
            )
            for row in values[:_SHOWN]
        ]
        more = f", the first {_SHOWN}" if len(values) > _SHOWN else ""
        self.rows.value = markup.table(
            f"{len(values)} settings, cheapest first{more}; the cheapest draws {saved:.1f} % less "
            "than the costliest",
            ["setting", "VCO (MHz)", "current (mA)", ""],
            rows,
            scrolls=True,
        )
