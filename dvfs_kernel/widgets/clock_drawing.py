"""The clock tree of a setting as a drawing: frequencies at every place, broken limits marked."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from dvfs_kernel.report.charts.theme import INK, MUTED
from dvfs_kernel.report.palette import BLUE, VERMILLION
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.clocks.setting import ClockSetting

__all__ = ["draw_clock_tree"]

_WIDTH, _HEIGHT = 960, 190
_BOX_WIDTH, _BOX_HEIGHT = 104, 46
_STEP, _TOP = 134, 38
_BUS_TOP = 122

#: The place of the tree where each limit applies.
_PLACE: Final = {
    "hse-frequency": "source",
    "pllm": "m",
    "pll-input": "m",
    "plln": "n",
    "vco": "n",
    "pllp": "p",
    "pll-output": "p",
    "sysclk": "sysclk",
    "voltage-scale": "hclk",
    "pclk1": "apb1",
    "pclk2": "apb2",
}


@dataclass(frozen=True)
class _Box:
    name: str
    title: str
    value: str
    column: int
    top: int = _TOP


def draw_clock_tree(setting: ClockSetting, hse_hz: int) -> str:
    """Return SVG text of the path from oscillator to core and buses.

    Parameters
    ----------
    setting
        A PLL setting, legal or not.
    """
    clocks = setting.clocks(hse_hz)
    source_hz = hse_hz or ds.HSI_HZ
    broken = {_PLACE.get(rule, "sysclk") for rule, _ in setting.broken_rules(hse_hz)}
    mega: Callable[[int], str] = clock_tree.megahertz
    apb1, apb2 = (clocks.hclk_hz // hz if hz else 0 for hz in (clocks.pclk1_hz, clocks.pclk2_hz))
    boxes = [
        _Box("source", "HSE" if hse_hz else "HSI", mega(source_hz), 0),
        _Box("m", f"÷ PLLM {setting.pllm}", mega(setting.pll_input_hz(hse_hz)), 1),
        _Box("n", f"× PLLN {setting.plln}", f"VCO {mega(setting.vco_hz(hse_hz))}", 2),
        _Box("p", f"÷ PLLP {setting.pllp}", mega(clocks.pll_output_hz), 3),
        _Box("sysclk", "SYSCLK", mega(clocks.sysclk_hz), 4),
        _Box("hclk", f"÷ AHB {setting.ahb_divider}", f"HCLK {mega(clocks.hclk_hz)}", 5),
        _Box("core", "core, caches", mega(clocks.hclk_hz), 6),
        _Box("apb1", f"÷ APB1 {apb1}", mega(clocks.pclk1_hz), 5, _BUS_TOP),
        _Box("apb2", f"÷ APB2 {apb2}", mega(clocks.pclk2_hz), 6, _BUS_TOP),
    ]
    told = ", ".join(f"{box.title}: {box.value}" for box in boxes)
    parts = [
        (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
            f'aria-label="Clock tree. {escape(told)}" font-family="inherit" font-size="12.5">'
        ),
        (
            f'<rect x="{_STEP - 10}" y="8" width="{3 * _STEP - 8}" height="{_BOX_HEIGHT + 42}" '
            f'rx="6" fill="{BLUE}" fill-opacity="0.1"/>'
        ),
        f'<text x="{_STEP}" y="25" fill="{MUTED}">PLL</text>',
        *_wires(),
    ]
    for box in boxes:
        parts += _box(box, bad=box.name in broken)
    return "".join([*parts, "</svg>"])


def _x(column: int) -> int:
    return 8 + _STEP * column


def _wires() -> list[str]:
    middle = _TOP + _BOX_HEIGHT // 2
    lines = [f"M{_x(column) + _BOX_WIDTH} {middle}H{_x(column + 1)}" for column in range(6)]
    bus = _BUS_TOP - 16
    lines.append(f"M{_x(5) + _BOX_WIDTH // 2} {_TOP + _BOX_HEIGHT}V{_BUS_TOP}")
    lines.append(f"M{_x(5) + _BOX_WIDTH // 2} {bus}H{_x(6) + _BOX_WIDTH // 2}V{_BUS_TOP}")
    return [f'<path d="{line}" fill="none" stroke="{MUTED}"/>' for line in lines]


def _box(box: _Box, *, bad: bool) -> list[str]:
    left, middle = _x(box.column), _x(box.column) + _BOX_WIDTH // 2
    colour, width = (VERMILLION, 3) if bad else (INK, 1)
    mark = "✗ " if bad else ""
    return [
        (
            f'<rect x="{left}" y="{box.top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="4" '
            f'fill="{VERMILLION if bad else "none"}" fill-opacity="0.12" stroke="{colour}" '
            f'stroke-width="{width}"/>'
        ),
        (
            f'<text x="{middle}" y="{box.top + 19}" text-anchor="middle" fill="{INK}">'
            f"{mark}{escape(box.title)}</text>"
        ),
        (
            f'<text x="{middle}" y="{box.top + 37}" text-anchor="middle" fill="{INK}" '
            f'font-weight="600">{escape(box.value)}</text>'
        ),
    ]
