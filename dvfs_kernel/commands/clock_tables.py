"""Tables of clocks for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

import dvfs_kernel as dvfs
from dvfs_kernel.commands.console import say, terminal_width
from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


__all__ = ["print_clocks"]

# Settings of one SYSCLK and one VCO draw the same current: a person needs to see a few of them.
_EQUALS_SHOWN = 3


def print_clocks(result: dvfs.ClocksResult) -> None:
    """Print settings, forbidden ones with reasons, and what else was asked for."""
    listed = result.listed
    _settings(result).print()
    if listed.note:
        say(f"\n{listed.note}")
    if listed.forbidden:
        say("\nforbidden by the data sheet (DS11532 Rev 7):")
        for entry in listed.forbidden:
            say(f"  {entry.setting}: {'; '.join(entry.reasons)}")
    if result.iso:
        say("\nsettings of the same SYSCLK, cheapest first (* chosen):")
        _iso(result.iso, listed.hse_hz).print()
        say(f"\n{dvfs.PAPER_EXAMPLE_NOTE}")
    if result.switching is not None:
        _print_costs(result.switching)


def _settings(result: dvfs.ClocksResult) -> TextTable:
    table = TextTable(
        "clock",
        right("SYSCLK"),
        right("HCLK", spare=1),
        right("PLL input", spare=4),
        right("VCO"),
        right("scale"),
        right("over-drive", spare=3),
        right("wait states", spare=2),
        right("run mA"),
        right("sleep mA"),
    )
    for row in result.listed_rows:
        table.add_row(
            row["clock"],
            *(_megahertz(row[name]) for name in ("sysclk_hz", "hclk_hz", "pll_input_hz", "vco_hz")),
            str(row["voltage_scale"]),
            "on" if row["overdrive"] else "off",
            str(row["wait_states"]),
            f"{row['run_current_a'] * 1e3:.2f}",
            f"{row['sleep_current_a'] * 1e3:.2f}",
        )
    return table


def _iso(rows: Sequence[dvfs.IsoSetting], hse_hz: int) -> TextTable:
    table = TextTable(
        *map(right, ("SYSCLK", "VCO", "run mA", "more")), left("settings", folds=True)
    )
    for (sysclk_hz, vco_hz, current_a), equals in groupby(
        rows, key=lambda row: (row.sysclk_hz, row.setting.vco_hz(hse_hz), row.current_a)
    ):
        group = list(equals)
        cheapest_a = min(row.current_a for row in rows if row.sysclk_hz == sysclk_hz)
        names = [f"{row.setting}{' *' if row.chosen else ''}" for row in group[:_EQUALS_SHOWN]]
        if len(group) > _EQUALS_SHOWN:
            names.append(f"and {len(group) - _EQUALS_SHOWN} others")
        table.add_row(
            _megahertz(sysclk_hz),
            _megahertz(vco_hz),
            f"{current_a * 1e3:.2f}",
            f"{(current_a / cheapest_a - 1) * 100:.1f} %",
            ", ".join(names),
        )
    return table


def _print_costs(costs: dvfs.SwitchCosts) -> None:
    width = max(len(str(state)) for state in costs.states) + 2
    room = terminal_width()
    most = len(costs.states) if room is None else max(room // width - 1, 1)
    for title, matrix in (("µs", costs.time_s), ("µJ", costs.energy_j)):
        say(f"\nchange of clock between two layers, {title}:")
        for first in range(0, len(costs.states), most):
            _matrix(costs, matrix, slice(first, first + most)).print()
    say(
        "\n+hse: SYSCLK on the HSE, the PLL stays locked. –: the firmware cannot go there. "
        "( ): computed, not measured; all others were run by the firmware."
    )


def _matrix(costs: dvfs.SwitchCosts, matrix: npt.NDArray[np.float64], columns: slice) -> TextTable:
    """Return some columns of a matrix: all of them are too wide for a terminal."""
    table = TextTable("from \\ to", *(right(str(state)) for state in costs.states[columns]))
    for state, values, measured in zip(
        costs.states, matrix[:, columns] * 1e6, costs.measured[:, columns], strict=True
    ):
        cells = [_cell(*pair) for pair in zip(values, measured, strict=True)]
        table.add_row(str(state), *cells)
    return table


def _cell(value: float, measured: bool) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.2f}" if measured else f"({value:.2f})"


def _megahertz(hz: int) -> str:
    return f"{hz / 1e6:.6g}" if hz else ""
