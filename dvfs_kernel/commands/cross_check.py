"""``dvfs cross-check``: the embedded engine and Renode, held against each other."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.parameters import FREQUENCY, PLL_LOCK, OutputFile
from dvfs_kernel.storage.atomic_file import write_atomically

__all__ = ["cross_check"]


@click.command("cross-check")
@click.argument("network", default="vww")
@click.option("--hse", type=FREQUENCY, help="HSE of the boards, such as 8MHz; default 50 MHz.")
@click.option("--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds.")
@click.option(
    "--level",
    "levels",
    type=click.Choice(["cycles", "fast"]),
    multiple=True,
    default=("cycles", "fast"),
    show_default=True,
    help="Of fidelity on Renode; can be given twice.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--markdown",
    "page",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Put the tables into this page, too, between its two comments for them.",
)
@click.option(
    "--table",
    "table",
    type=OutputFile(".txt"),
    help="Write what the embedded engine takes for one clock, for Renode's $cycles.",
)
def cross_check(
    *,
    network: str,
    hse: float | None,
    pll_lock: str | float,
    levels: tuple[str, ...],
    as_json: bool,
    page: Path | None,
    table: Path | None,
) -> None:
    """Run NETWORK on the embedded engine and on Renode, and compare.

    Three schedules: one clock, hops within layers, PLL relocks between layers. Fails where outputs,
    instructions or accesses to the clock tree differ, or where time or energy of a layer's segment
    is off by more than 1 % at the level cycles.
    """
    # Networks and engines cost seconds to load: not before the arguments are right.
    from dvfs_kernel.boards.spec import BoardSpec  # noqa: PLC0415
    from dvfs_kernel.commands import cross_check_tables as tables  # noqa: PLC0415
    from dvfs_kernel.evidence import cross_check as checking  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import sample_input  # noqa: PLC0415

    if page is not None:
        tables.check_page(page)
    model = load_network(network)
    spec = BoardSpec(hse_hz=None if hse is None else int(hse), pll_lock=pll_lock)
    with shown_progress() as progress:
        checked = checking.cross_check(
            model,
            sample_input(model.tensors[model.input]),
            spec,
            fidelities=[level for level in checking.FIDELITIES if level in levels],
            progress=progress,
        )
    if table is not None:
        write_atomically(table, f"{checked.table}\n".encode())
    if page is not None:
        tables.update_page(page, checked)
    if as_json:
        click.echo(json.dumps(checked.to_dict(), indent=1))
    else:
        tables.print_cross_check(checked)
    checked.verify()
