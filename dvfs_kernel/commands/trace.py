"""``dvfs trace``: energy by layer from the current trace of a lab instrument."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from dvfs_kernel.commands.console import open_console
from dvfs_kernel.commands.measurement_tables import estimate_text
from dvfs_kernel.errors import FileFormatError

if TYPE_CHECKING:
    from dvfs_kernel.evidence.measurement.trace_alignment import AlignedEnergy

__all__ = ["trace"]

SCHEMA = "dvfs-kernel/trace-energy"
SCHEMA_VERSION = 1


@click.command()
@click.argument("trace_path", metavar="TRACE", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--trigger",
    metavar="NAME",
    help="Column, input or signal that PE2 is wired to, such as D3; default trigger, D0, gpi[0].",
)
@click.option(
    "--supply",
    "supply_v",
    type=click.FloatRange(1.7, 3.6),
    default=3.3,
    show_default=True,
    help="Volts at the chip.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def trace(
    *, trace_path: Path, run_path: Path, trigger: str | None, supply_v: float, as_json: bool
) -> None:
    """Cut TRACE, recorded while RUN went on, into layers, and tell the energy of each.

    TRACE is a CSV file of time and current, an export of Nordic's Power Profiler, or a .jls file of
    a Joulescope, with a digital input wired to PE2. RUN is what dvfs infer --json printed; with
    --runs 20 there is something to average.
    """
    from dvfs_kernel.evidence.measurement.trace_alignment import align  # noqa: PLC0415
    from dvfs_kernel.evidence.measurement.trace_file import read_trace  # noqa: PLC0415

    run = _run(run_path)
    layers = run["profile"]["layers"]
    aligned = align(
        read_trace(trace_path, trigger),
        [float(layer["time_s"]) for layer in layers],
        float(run["profile"]["totals"]["time_s"]),
        supply_v,
    )
    if as_json:
        document = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": run["network"]["name"],
            "schedule": run["schedule"],
            "supply_v": supply_v,
            **aligned.to_dict(),
        }
        click.echo(json.dumps(document, indent=1))
    else:
        _print(aligned, run, supply_v)


def _run(path: Path) -> dict[str, Any]:
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        layers = run["profile"]["layers"]
        fits = run["schema"] == "dvfs-kernel/inference" and all("time_s" in row for row in layers)
        fits = fits and bool(layers) and "time_s" in run["profile"]["totals"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{path} is not what dvfs infer --json prints: {error!r:.80}"
        ) from error
    if not fits:
        raise FileFormatError(
            f"{path} is not what dvfs infer --json prints with --level layer or segment"
        )
    return run


def _print(aligned: AlignedEnergy, run: dict[str, Any], supply_v: float) -> None:
    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", justify="right")
    table.add_column("")
    for name in ("µs", "mA", "µJ", "edges ±"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer, time_s, energy_j in zip(
        run["profile"]["layers"], aligned.time_s, aligned.layers, strict=True
    ):
        current_a = energy_j.mean / (supply_v * time_s * aligned.clock_ratio)
        table.add_row(
            str(layer["index"]),
            layer["name"],
            f"{time_s * 1e6:,.1f}",
            f"{current_a * 1e3:.1f}",
            estimate_text(energy_j.scaled(1e6), 2),
            f"{current_a * supply_v * aligned.edge_s * 1e6:.2f}",
        )
    console.print(table)
    total = estimate_text(aligned.total_j.scaled(1e3), 3)
    others = f", {aligned.others} spells of another length left out" if aligned.others else ""
    console.print(
        f"\n{run['network']['name']}: {total} mJ in {aligned.total_s * 1e3:.3f} ms, "
        f"{aligned.inferences} inferences{others}; the instrument counts "
        f"{(aligned.clock_ratio - 1) * 100:+.2f} % against the board's HSI"
    )
