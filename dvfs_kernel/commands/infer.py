"""``dvfs infer``: one network, one input, one schedule, and where time and energy went."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from dvfs_kernel.commands.board_opening import open_board
from dvfs_kernel.commands.networks import load_network
from dvfs_kernel.commands.parameters import (
    BOARD,
    CLOCK,
    FREQUENCY,
    LAYERS,
    PLL_LOCK,
    PROFILE,
    TIME,
    OutputFile,
    load_profile,
)
from dvfs_kernel.commands.progress import shown_progress
from dvfs_kernel.commands.tables import print_inference
from dvfs_kernel.commands.uniform import uniform_schedule
from dvfs_kernel.errors import BoardError
from dvfs_kernel.link import abi
from dvfs_kernel.report.timeline import timeline_to_dict, timeline_to_svg
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.inference.result import InferenceResult

__all__ = ["infer"]

_LEVELS = [level.name.lower() for level in abi.ProfileLevel]
_IDLE_MODES = [mode.name.lower() for mode in abi.IdleMode]


@click.command()
@click.argument("network")
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    help="Input tensor: an .npy file or a picture; by default a made-up picture.",
)
@click.option("--board", type=BOARD, default="virtual", show_default=True, help="Or nucleo[:port].")
@click.option("--profile", type=PROFILE, help="Board profile (TOML) of a virtual board.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@click.option("--schedule", "schedule_path", type=click.Path(path_type=Path), help="JSON file.")
@click.option("--clock", type=CLOCK, help="SYSCLK, such as pll:25/216/2; default 216 MHz.")
@click.option("--lfo", type=CLOCK, help="SYSCLK of memory segments, such as hse.")
@click.option("-g", "--granularity", type=click.IntRange(0, 255), help="Of the DAE form; 0: none.")
@click.option("--runs", type=click.IntRange(1, 65535), default=1, show_default=True)
@click.option(
    "--level", type=click.Choice(_LEVELS), default="segment", show_default=True, help="Of profile."
)
@click.option(
    "--window",
    "window_s",
    type=TIME,
    help="Let each run begin a window of this length, such as 80ms, and idle until it ends.",
)
@click.option("--idle", type=click.Choice(_IDLE_MODES), help="How; default sleep.")
@click.option("--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--output",
    type=OutputFile(".npy", ".npz"),
    help="Write the output tensor; .npz for a network with several.",
)
@click.option(
    "--timeline", type=OutputFile(".svg", ".json"), help="Write SYSCLK over time: .svg or .json."
)
@click.option(
    "--timeline-layers",
    type=LAYERS,
    metavar="N[:M]",
    help="Layer N, or layers N to M, instead of the whole inference.",
)
def infer(
    *,
    network: str,
    input_path: Path | None,
    board: BoardSpec,
    hse: float | None,
    schedule_path: Path | None,
    clock: ClockSetting | None,
    lfo: ClockSetting | None,
    granularity: int | None,
    runs: int,
    level: str,
    window_s: float | None,
    idle: str | None,
    pll_lock: str | float,
    profile: Path | None,
    as_json: bool,
    output: Path | None,
    timeline: Path | None,
    timeline_layers: tuple[int, int] | None,
) -> None:
    """Run NETWORK, the name of a built-in one or an int8 .tflite file, on a board.

    Shows cycles, time, average current and energy of every layer and segment, and the output.
    """
    if schedule_path is not None and (clock or lfo or granularity is not None or hse):
        raise click.UsageError(
            "--schedule already says clocks, granularities and HSE: "
            "it cannot go with --clock, --lfo, -g or --hse"
        )
    if lfo is not None and not granularity:
        raise click.UsageError(
            "--lfo is the clock of memory segments, which only the DAE form has: "
            "it needs -g with 1 or more"
        )
    if idle is not None and window_s is None:
        raise click.UsageError(
            "--idle says how to wait for the end of a window: it needs --window and a time"
        )
    if timeline_layers is not None and timeline is None:
        raise click.UsageError("--timeline-layers needs --timeline and the name of a file")
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.inference.schedule import Schedule  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import load_input, sample_input  # noqa: PLC0415

    model = load_network(network)
    if output is not None and output.suffix.lower() == ".npy" and len(model.outputs) > 1:
        raise click.UsageError(
            f"{model.name} has {len(model.outputs)} outputs: --output needs a name that ends with "
            ".npz"
        )
    if timeline_layers is not None and timeline_layers[1] >= len(model.layers):
        raise click.UsageError(
            f"--timeline-layers names layer {timeline_layers[1]}; "
            f"{model.name} has layers 0 to {len(model.layers) - 1}"
        )
    tensor = model.tensors[model.input]
    data = sample_input(tensor) if input_path is None else load_input(input_path, tensor)
    schedule = None if schedule_path is None else Schedule.load(schedule_path)
    hse_hz = None if hse is None else int(hse)

    from dvfs_kernel.inference.deployment import infer as run_inference  # noqa: PLC0415

    if schedule is not None:
        hse_hz = schedule.hse_hz
    spec = replace(board, hse_hz=hse_hz, pll_lock=pll_lock, profile=load_profile(profile))
    with open_board(spec) as opened, shown_progress() as progress:
        if schedule is None:
            schedule = uniform_schedule(model, opened.hse_hz, clock, lfo, granularity or 0)
        result = run_inference(
            model,
            data,
            opened,
            schedule,
            runs=runs,
            level=abi.ProfileLevel[level.upper()],
            window_s=window_s,
            idle=abi.IdleMode[(idle or "sleep").upper()],
            progress=progress,
        )
    if output is not None:
        write_atomically(output, _array_bytes(result, output.suffix.lower()))
    if timeline is not None:
        content = _timeline_bytes(result, timeline.suffix.lower(), timeline_layers)
        write_atomically(timeline, content)
    if as_json:
        emulation = result.emulation.to_dict() if result.emulation is not None else None
        click.echo(json.dumps({**result.to_dict(), "emulation": emulation}, indent=1))
    else:
        print_inference(result)


def _array_bytes(result: InferenceResult, suffix: str) -> bytes:
    """Write the outputs as NumPy does, but whatever the tensors are called."""
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, result.outputs[0])
        return file.getvalue()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, output in result.named_outputs().items():
            member = io.BytesIO()
            np.save(member, output)
            # ZipInfo's own date, not today's: the same run gives the same file.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return file.getvalue()


def _timeline_bytes(result: InferenceResult, suffix: str, layers: tuple[int, int] | None) -> bytes:
    truth = result.inference_truth
    if truth is None:
        raise BoardError("the board did not log the inference: there is no timeline to write")
    title = f"SYSCLK of {result.network.name}"
    names = [layer.name for layer in result.network.layers]
    if layers is not None:
        first, last = layers
        try:
            truth = truth.of_layers(first, last)
        except ValueError as error:
            raise BoardError(f"there is no timeline to write: {error}") from error
        title += f", {names[first]}" if first == last else f", {names[first]} to {names[last]}"
    if suffix == ".svg":
        return timeline_to_svg(truth, title).encode()
    return (json.dumps(timeline_to_dict(truth, names), indent=1) + "\n").encode()
