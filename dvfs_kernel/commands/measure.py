"""``dvfs measure``: energy by the INA219, as a bench sees it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel import __version__
from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.api.schedule import uniform_schedule
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.measurement_tables import print_measurement
from dvfs_kernel.commands.parameters import BOARD, CLOCK, FREQUENCY, OutputFile
from dvfs_kernel.errors import BoardLostError, BoardSilentError
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.evidence.measurement.campaign import Campaign, Subject
    from dvfs_kernel.inference.deployment import Deployment
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.networks.network import Network

__all__ = ["measure"]

SCHEMA = "dvfs-kernel/measurement"
SCHEMA_VERSION = 1


@click.command()
@click.argument("network")
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    help="Input tensor: an .npy file or a picture; by default a made-up picture.",
)
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="Or virtual.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@click.option("--schedule", "schedule_path", type=click.Path(path_type=Path), help="JSON file.")
@click.option("--clock", type=CLOCK, help="SYSCLK, such as pll:4/216/2; default 216 MHz.")
@click.option("--lfo", type=CLOCK, help="SYSCLK of memory segments, such as hse.")
@click.option("-g", "--granularity", type=click.IntRange(0, 255), help="Of the DAE form; 0: none.")
@click.option("--by-layer", is_flag=True, help="Also each layer by itself.")
@click.option(
    "--baseline/--no-baseline",
    default=True,
    show_default=True,
    help="In turn with 216 MHz and no DAE, against drift.",
)
@click.option(
    "--shunt",
    "shunt_ohm",
    type=click.FloatRange(0.001, 10),
    default=0.1,
    show_default=True,
    help="Ohms between IN+ and IN-.",
)
@click.option(
    "--precision",
    type=click.FloatRange(1e-5, 0.5),
    default=0.005,
    show_default=True,
    help="Share of the current that its 95 % interval has to keep within.",
)
@click.option(
    "--window",
    "averaged",
    type=click.Choice(["1", "2", "4", "8", "16", "32", "64", "128"]),
    default="128",
    show_default=True,
    help="Conversions of 532 us that the sensor averages.",
)
@click.option("--samples", type=click.IntRange(1, 124), default=12, show_default=True)
@click.option("--rounds", type=click.IntRange(3, 1000), default=20, show_default=True, help="Most.")
@click.option("--raw", type=OutputFile(".csv", ".parquet"), help="Write every sample there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def measure(
    *,
    network: str,
    input_path: Path | None,
    board: BoardSpec,
    hse: float | None,
    schedule_path: Path | None,
    clock: ClockSetting | None,
    lfo: ClockSetting | None,
    granularity: int | None,
    by_layer: bool,
    baseline: bool,
    shunt_ohm: float,
    precision: float,
    averaged: str,
    samples: int,
    rounds: int,
    raw: Path | None,
    as_json: bool,
) -> None:
    """Measure the energy of NETWORK on a board, by its INA219.

    Runs the network back to back in blocks that are long against the sensor's window, in turn with
    a baseline, until the confidence interval is narrow enough. Whatever ends it, Ctrl-C or an
    unplugged board, what was measured is reported and kept.
    """
    if schedule_path is not None and (clock or lfo or granularity is not None or hse):
        raise click.UsageError(
            "--schedule already says clocks, granularities and HSE: "
            "it cannot go with --clock, --lfo, -g or --hse"
        )
    if lfo is not None and not granularity:
        raise click.UsageError("--lfo is the clock of memory segments: it needs -g with 1 or more")
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter  # noqa: PLC0415
    from dvfs_kernel.evidence.measurement.campaign import Campaign, Plan, Subject  # noqa: PLC0415
    from dvfs_kernel.evidence.measurement.sample_file import SampleFile  # noqa: PLC0415
    from dvfs_kernel.inference.deployment import Deployment  # noqa: PLC0415
    from dvfs_kernel.inference.schedule import Schedule  # noqa: PLC0415
    from dvfs_kernel.link.current_sampling import Sampling  # noqa: PLC0415
    from dvfs_kernel.networks.input_tensor import load_input, sample_input  # noqa: PLC0415

    model = load_network(network)
    tensor = model.tensors[model.input]
    data = sample_input(tensor) if input_path is None else load_input(input_path, tensor)
    schedule = None if schedule_path is None else Schedule.load(schedule_path)
    hse_hz = None if hse is None else int(hse)
    spec = replace(board, hse_hz=hse_hz if schedule is None else schedule.hse_hz)
    with spec.open(ask=ask_at_terminal()) as opened, shown_progress() as progress:
        if schedule is None:
            schedule = uniform_schedule(model, opened.hse_hz, clock, lfo, granularity or 0)
        deployment = Deployment(model, opened, progress=progress)
        inference = deployment.infer(data, schedule)
        ammeter = Ammeter(shunt_ohm=shunt_ohm, sampling=Sampling(int(averaged)))
        subjects = [Subject("inference", schedule)]
        if by_layer:
            subjects += [
                Subject(f"{layer.index} {layer.info.name}", schedule, layer.index, 1, layer.time_s)
                for layer in inference.profile.layers
            ]
        reference = (
            Subject("baseline", uniform_schedule(model, opened.hse_hz, None, None, 0))
            if baseline
            else None
        )
        metadata = _metadata(deployment, schedule, reference, ammeter, spec)
        file = None if raw is None else SampleFile(raw, metadata)
        campaign = Campaign(
            deployment,
            ammeter,
            subjects,
            baseline=reference,
            plan=Plan(samples=samples, rounds_max=rounds, precision=precision),
            take=None if file is None else file.add,
            progress=progress,
        )
        try:
            ending = _run(campaign)
        finally:
            if file is not None:
                file.close()
    document = _document(campaign, metadata, inference.profile.time_s, ending)
    if as_json:
        click.echo(json.dumps(document, indent=1))
    elif campaign.results():
        print_measurement(campaign, model, ending)
    if ending.startswith("ended early"):
        raise click.ClickException(ending)


def _run(campaign: Campaign) -> str:
    """Measure; tell how it ended."""
    try:
        precise = campaign.run()
    except (BoardLostError, BoardSilentError) as error:
        return f"ended early after {campaign.rounds} rounds: {error}"
    except KeyboardInterrupt:
        return f"ended early after {campaign.rounds} rounds: interrupted"
    reached = "the precision was reached" if precise else "the precision was not reached"
    return f"{reached} in {campaign.rounds} rounds"


def _metadata(
    deployment: Deployment,
    schedule: Schedule,
    baseline: Subject | None,
    ammeter: Ammeter,
    spec: BoardSpec,
) -> dict[str, Any]:
    hello = deployment.hello
    network: Network = deployment.network
    return {
        "dvfs_kernel": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "board": str(spec),
        "device_id": f"{hello.device_id:08x}",
        "firmware_build_id": f"{hello.build_id:08x}",
        "network": network.name,
        "image_id": f"{deployment.session.hello().image_id:08x}",
        "meter": ammeter.to_dict(),
        "tick_hz": abi.TICK_HZ,
        "schedule": schedule.to_dict(),
        "baseline": None if baseline is None else baseline.schedule.to_dict(),
    }


def _document(
    campaign: Campaign, metadata: dict[str, Any], inference_s: float, ending: str
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **metadata,
        "inference_s": inference_s,
        "supply_v": campaign.supply_v,
        "rounds": campaign.rounds,
        "ending": ending,
        "baseline_drift": campaign.baseline_drift(),
        "results": [result.to_dict() for result in campaign.results()],
    }
