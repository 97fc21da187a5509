"""``dvfs clocks``: which clocks a board can have, what they draw, and what changing them costs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel.clocks.lists import PRESETS, parse_clocks
from dvfs_kernel.clocks.space import describe, iso_frequency, settings_at
from dvfs_kernel.clocks.state import states_of
from dvfs_kernel.commands.board_opening import open_board
from dvfs_kernel.commands.clock_tables import print_clocks
from dvfs_kernel.commands.parameters import BOARD, FREQUENCY, PLL_LOCK, OutputFile
from dvfs_kernel.commands.progress import shown_progress
from dvfs_kernel.errors import ClockError
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.clocks.lists import ClockList
    from dvfs_kernel.clocks.space import IsoSetting
    from dvfs_kernel.exploration.switching.costs import SwitchCosts

__all__ = ["clocks"]

SCHEMA = "dvfs-kernel/clocks"
SCHEMA_VERSION = 1

# More would not fit a schedule, beside HSI and HSE.
_MATRIX_CLOCKS_MAX = 30
# Layers of the network that changes are made between.
_MATRIX_LAYERS = 24


@click.command()
@click.option(
    "--hse",
    type=FREQUENCY,
    default="50MHz",
    show_default=True,
    help="HSE of the board, an external clock.",
)
@click.option(
    "--clocks",
    "names",
    default="default",
    show_default=True,
    metavar="LIST",
    help=f"{', '.join(PRESETS)}, or settings such as hse,pll:25/216/2.",
)
@click.option("--sysclk", type=FREQUENCY, help="Only settings that give this SYSCLK.")
@click.option("--iso", is_flag=True, help="Every setting of the same SYSCLKs, the cheapest chosen.")
@click.option("--matrix", is_flag=True, help="Measure what changing between the clocks costs.")
@click.option("--board", type=BOARD, default="virtual", show_default=True, help="For --matrix.")
@click.option("--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--csv", "csv_path", type=OutputFile(".csv"), help="Also write the settings, one a row."
)
def clocks(
    *,
    hse: float,
    names: str,
    sysclk: float | None,
    iso: bool,
    matrix: bool,
    board: BoardSpec,
    pll_lock: str | float,
    as_json: bool,
    csv_path: Path | None,
) -> None:
    """List clock settings of a board, those that the data sheet forbids, and their currents."""
    hse_hz = int(hse)
    try:
        listed = parse_clocks(names, hse_hz)
    except ClockError as error:
        raise click.UsageError(str(error)) from error
    if sysclk is not None:
        listed = _at(listed, int(sysclk))
    rows = _iso_rows(listed) if iso else []
    costs = _measure(listed, board, pll_lock) if matrix else None
    if csv_path is not None:
        write_atomically(csv_path, _csv(listed, rows).encode())
    if as_json:
        click.echo(json.dumps(_to_dict(listed, rows if iso else None, costs), indent=1))
    else:
        print_clocks(listed, rows, costs)


def _at(listed: ClockList, sysclk_hz: int) -> ClockList:
    """Keep the settings that give one SYSCLK."""
    hse_hz = listed.hse_hz
    kept = tuple(s for s in listed.settings if s.sysclk_hz(hse_hz) == sysclk_hz)
    if not kept:
        near = sorted({s.sysclk_hz(hse_hz) for s in listed.settings},
                      key=lambda hz: abs(hz - sysclk_hz))[:2]  # fmt: skip
        raise ClockError(
            f"no setting of {listed.name} gives a SYSCLK of {sysclk_hz / 1e6:g} MHz; the nearest "
            f"are {' and '.join(f'{hz / 1e6:g} MHz' for hz in sorted(near))}; "
            "--clocks all looks at every legal setting"
        )
    return replace(listed, settings=kept)


def _iso_rows(listed: ClockList) -> list[IsoSetting]:
    """Return every legal setting of the list's SYSCLKs, and what the list has beside those."""
    hse_hz = listed.hse_hz
    legal = [
        setting
        for sysclk_hz in sorted({s.sysclk_hz(hse_hz) for s in listed.settings})
        for setting in settings_at(sysclk_hz, hse_hz)
    ]
    return iso_frequency([*legal, *listed.settings], hse_hz)


def _measure(listed: ClockList, board: BoardSpec, pll_lock: str | float) -> SwitchCosts:
    if len(listed.settings) > _MATRIX_CLOCKS_MAX:
        raise ClockError(
            f"--matrix with {len(listed.settings)} clocks: at most {_MATRIX_CLOCKS_MAX} can be "
            "changed between; choose some with --clocks"
        )
    states = states_of(listed.settings, listed.hse_hz)
    # The engine costs half a second to load: not before the arguments are right.
    from dvfs_kernel.exploration.switching.measurement import measure_switching  # noqa: PLC0415
    from dvfs_kernel.exploration.switching.network import switching_network  # noqa: PLC0415
    from dvfs_kernel.inference.deployment import Deployment  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import sample_input  # noqa: PLC0415

    network = switching_network(_MATRIX_LAYERS)
    spec = replace(board, hse_hz=listed.hse_hz, pll_lock=pll_lock)
    with open_board(spec) as opened, shown_progress() as progress:
        deployment = Deployment(network, opened)
        data = sample_input(network.tensors[network.input])
        return measure_switching(deployment, data, states, progress).costs


def _to_dict(
    listed: ClockList, rows: list[IsoSetting] | None, costs: SwitchCosts | None
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "hse_hz": listed.hse_hz,
        **listed.to_dict(),
        "iso": None if rows is None else [row.to_dict() for row in rows],
        "switching": None if costs is None else costs.to_dict(),
    }


def _csv(listed: ClockList, rows: list[IsoSetting]) -> str:
    """Return the settings as text; with the others of their SYSCLKs where those were asked for."""
    chosen = {row.setting: row.chosen for row in rows}
    records = []
    for setting in chosen or dict.fromkeys(listed.settings):
        record = describe(setting, listed.hse_hz)
        if rows:
            record["chosen"] = chosen[setting]
        records.append(record)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
