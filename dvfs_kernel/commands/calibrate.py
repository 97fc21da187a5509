"""``dvfs calibrate``: a board's profile from what was measured on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.console import open_console
from dvfs_kernel.commands.parameters import OutputFile
from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from dvfs_kernel.evidence.calibration.board import BoardCalibration
    from dvfs_kernel.evidence.calibration.observations import Measurements
    from dvfs_kernel.networks.network import Network

__all__ = ["calibrate"]

SCHEMA = "dvfs-kernel/calibration"
SCHEMA_VERSION = 1


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--network", help="The network that was measured, where it is a file of yours.")
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    help="What dvfs measure was given; by default the made-up picture.",
)
@click.option("-o", "--output", type=OutputFile(".toml"), default="board.toml", show_default=True)
@click.option("--name", default="", help="What the board is called in the profile.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME",
    help="Fit this one, such as current.work_c_per_v; may stand several times. Default: all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def calibrate(
    *,
    files: tuple[Path, ...],
    network: str | None,
    input_path: Path | None,
    output: Path,
    name: str,
    parameters: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fit the virtual board's parameters to FILES, which dvfs measure --raw wrote.

    Writes a board profile for --profile. Parameters that the measurements do not identify keep
    their values and are named; measurements from which nothing follows are refused, and nothing is
    written. At least three schedules have to be among them, the baseline being one.
    """
    from dvfs_kernel.evidence.calibration.board import calibrate_board  # noqa: PLC0415
    from dvfs_kernel.evidence.calibration.observations import read_measurements  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import fit_array, load_input, sample_input  # noqa: PLC0415

    measurements = read_measurements(files)
    model = load_network(network or measurements.network)
    _check_image(model, measurements)
    tensor = model.tensors[model.input]
    data = sample_input(tensor) if input_path is None else load_input(input_path, tensor)
    with shown_progress() as progress:
        found = calibrate_board(
            model,
            fit_array(data, tensor),
            measurements,
            name=name,
            parameters=parameters or None,
            progress=progress,
        )
    write_atomically(output, _profile_text(found, files).encode())
    if as_json:
        document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **found.to_dict()}
        click.echo(json.dumps(document, indent=1))
    else:
        _print(found)
        click.echo(output)


def _check_image(network: Network, measurements: Measurements) -> None:
    from dvfs_kernel.image import image, memory_plan  # noqa: PLC0415

    data = image.build(network, memory_plan.plan(network)).data
    found = f"{image.image_id(data):08x}"
    if found != measurements.image_id:
        raise MeasurementError(
            f"the network {network.name} has the image {found}; measured was "
            f"{measurements.image_id}: name what was measured with --network"
        )


def _profile_text(found: BoardCalibration, files: tuple[Path, ...]) -> str:
    """Return the profile, with what it comes from as comments."""
    lines = [f"# Fitted by dvfs calibrate to {', '.join(path.name for path in files)}."]
    (time_before, time_after), (current_before, current_after) = zip(
        found.off_before, found.off_after, strict=True
    )
    lines.append(f"# Durations were {time_before:.2%} off and are {time_after:.2%} off;")
    lines.append(f"# currents were {current_before:.2%} off and are {current_after:.2%} off.")
    lines += [
        f"# {name}: {estimate.mean:.6g} ± {estimate.half_width:.2g}, was {found.present[name]:.6g}"
        for name, estimate in found.calibration.fitted.items()
    ]
    return "\n".join(lines) + "\n" + found.profile.to_toml()


def _print(found: BoardCalibration) -> None:
    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("parameter", no_wrap=True)
    for column in ("was", "is", "95 % ±"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for name, value in found.present.items():
        estimate = found.calibration.fitted.get(name)
        cells = ("", "", f"kept: {found.calibration.kept.get(name, '')}")
        if estimate is not None:
            cells = (f"{estimate.mean:.4g}", f"{estimate.half_width:.2g}", "")
        table.add_row(name, f"{value:.4g}", *cells)
    console.print(table)
    (time_before, time_after), (current_before, current_after) = zip(
        found.off_before, found.off_after, strict=True
    )
    result = found.calibration
    console.print(
        f"\ndurations are {time_after:.2%} off instead of {time_before:.2%}, currents "
        f"{current_after:.2%} instead of {current_before:.2%}; schedules that were left out are "
        f"predicted {result.error_after:.2%} off instead of {result.error_before:.2%}"
    )
