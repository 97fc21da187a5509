"""The clock tree under the reader's fingers."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from dvfs_kernel.clocks.limits import AHB_DIVIDERS
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.space import describe
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.clock_drawing import draw_clock_tree
from dvfs_kernel.widgets.panel import Panel, control_row
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

__all__ = ["ClockTreePanel"]

_MHZ: Final = 1_000_000
_BEYOND: Final = 1.2  # sliders go a little too far, so that limits can be met


class ClockTreePanel(Panel):
    """Sliders for HSE, PLLM, PLLN, PLLP and the AHB prescaler, and what they amount to.

    Parameters
    ----------
    clock
        Where the sliders begin, as `ClockSetting.parse` reads it.
    """

    def __init__(self, clock: str = "pll:25/216/2", hse_hz: int = PAPER_HSE_HZ) -> None:
        super().__init__("Clock tree")
        start = ClockSetting.parse(clock)
        most_hse = round(ds.HSE_BYPASS_HZ[1] / _MHZ * _BEYOND)
        self.hse = _slider("HSE (MHz)", hse_hz // _MHZ, 0, most_hse)
        self.pllm = _slider("PLLM", start.pllm, 1, ds.PLLM[1])
        self.plln = _slider("PLLN", start.plln, 1, round(ds.PLLN[1] * _BEYOND))
        self.pllp = ipywidgets.Dropdown(description="PLLP", options=list(ds.PLLP), value=start.pllp)
        self.ahb = ipywidgets.Dropdown(
            description="AHB prescaler", options=AHB_DIVIDERS, value=start.ahb_divider
        )
        self.drawing, self.facts = ipywidgets.HTML(), ipywidgets.HTML()
        controls = [self.hse, self.pllm, self.plln, self.pllp, self.ahb]
        for control in controls:
            control.observe(self._update, "value")
        self.fill(control_row(controls), self.drawing, self.facts)
        self._update()

    @property
    def setting(self) -> ClockSetting:
        """The setting that the sliders stand at, legal or not."""
        return ClockSetting(
            "pll", self.pllm.value, self.plln.value, self.pllp.value, self.ahb.value
        )

    def _update(self, _: Any = None) -> None:
        setting, hse_hz = self.setting, self.hse.value * _MHZ
        self.drawing.value = draw_clock_tree(setting, hse_hz)
        broken = setting.broken_rules(hse_hz)
        if broken:
            reasons = "\n".join(f"{message}" for _, message in broken)
            self.tell(f"{setting} is forbidden by the data sheet:\n{reasons}", "error")
            self.facts.value = ""
            return
        self.tell(f"{setting} is allowed.", "good")
        self.facts.value = _facts(describe(setting, hse_hz), hse_hz)


def _slider(name: str, value: int, least: int, most: int) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value=value, min=least, max=most, description=name, layout={"width": "420px"}
    )


def _facts(found: dict[str, Any], hse_hz: int) -> str:
    source = clock_tree.megahertz(hse_hz) if hse_hz else "HSI, 16 MHz (no HSE)"
    rows = [
        ("runs from", source),
        ("voltage scale", f"{found['voltage_scale']}" + _overdrive(found)),
        ("flash wait states", str(found["wait_states"])),
        ("current, running", f"{found['run_current_a'] * 1e3:.1f} mA"),
        ("current, sleeping", f"{found['sleep_current_a'] * 1e3:.1f} mA"),
        (
            "charge per cycle, running",
            f"{found['run_current_a'] / found['hclk_hz'] * 1e12:.0f} pC",
        ),
    ]
    return markup.table("What the setting needs and draws", ["quantity", "value"], rows)


def _overdrive(found: dict[str, Any]) -> str:
    return ", with over-drive" if found["overdrive"] else ", without over-drive"
