"""The energy of a network on a board, and of its layers, from its deployment to its result."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dvfs_kernel import __version__
from dvfs_kernel.errors import BoardLostError, BoardSilentError
from dvfs_kernel.evidence.measurement.campaign import Campaign, Subject
from dvfs_kernel.evidence.measurement.result import MeasurementResult
from dvfs_kernel.evidence.measurement.sample_file import SampleFile
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.evidence.measurement.campaign import Plan
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["Measurands", "measure_network"]


@dataclass(frozen=True)
class Measurands:
    """What of a network is measured.

    Parameters
    ----------
    baseline
        Measured in turn, against drift; None: nothing is.
    by_layer
        Also each layer by itself.
    """

    schedule: Schedule
    baseline: Schedule | None
    by_layer: bool = False


def measure_network(
    deployment: Deployment,
    data: npt.NDArray[Any],
    wanted: Measurands,
    ammeter: Ammeter,
    plan: Plan,
    *,
    board: str,
    raw: Path | None = None,
    progress: Progress | None = None,
) -> MeasurementResult:
    """Measure until it is enough, or until something ends it: what there is by then is kept.

    Parameters
    ----------
    data : ndarray
        The network's input.
    board
        What the board is called in the result.
    raw
        A file that every sample is written to.
    progress
        Told of rounds.

    Raises
    ------
    MeasurementError
        The raw file's name ends otherwise, or needs a package that is not installed.
    BoardError
        The sensor does not answer, or the board ends the work before anything is measured.
    """
    schedule = wanted.schedule
    inference = deployment.infer(data, schedule)
    subjects = [Subject("inference", schedule)]
    if wanted.by_layer:
        subjects += [
            Subject(f"{layer.index} {layer.info.name}", schedule, layer.index, 1, layer.time_s)
            for layer in inference.profile.layers
        ]
    reference = None if wanted.baseline is None else Subject("baseline", wanted.baseline)
    about = _about(deployment, wanted, ammeter, board)
    with nullcontext() if raw is None else SampleFile(raw, about) as file:
        campaign = Campaign(
            deployment,
            ammeter,
            subjects,
            baseline=reference,
            plan=plan,
            take=None if file is None else file.add,
            progress=progress,
        )
        ending, ended_early = _run(campaign)
    return MeasurementResult(
        network=deployment.network,
        about=about,
        inference_s=inference.profile.time_s,
        supply_v=campaign.supply_v,
        rounds=campaign.rounds,
        ending=ending,
        ended_early=ended_early,
        baseline_drift=campaign.baseline_drift(),
        results=tuple(campaign.results()),
    )


def _run(campaign: Campaign) -> tuple[str, bool]:
    """Measure; tell how it ended, and whether that was early."""
    try:
        precise = campaign.run()
    except (BoardLostError, BoardSilentError) as error:
        return f"ended early after {campaign.rounds} rounds: {error}", True
    except KeyboardInterrupt:
        return f"ended early after {campaign.rounds} rounds: interrupted", True
    reached = "the precision was reached" if precise else "the precision was not reached"
    return f"{reached} in {campaign.rounds} rounds", False


def _about(
    deployment: Deployment, wanted: Measurands, ammeter: Ammeter, board: str
) -> dict[str, Any]:
    hello = deployment.hello
    return {
        "dvfs_kernel": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "board": board,
        "device_id": f"{hello.device_id:08x}",
        "firmware_build_id": f"{hello.build_id:08x}",
        "network": deployment.network.name,
        "image_id": f"{deployment.session.hello().image_id:08x}",
        "meter": ammeter.to_dict(),
        "tick_hz": abi.TICK_HZ,
        "schedule": wanted.schedule.to_dict(),
        "baseline": None if wanted.baseline is None else wanted.baseline.to_dict(),
    }
