"""What `dvfs measure` wrote, as observations: one for each subject of each file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import FileFormatError, MeasurementError
from dvfs_kernel.evidence.measurement.estimate import Estimate
from dvfs_kernel.evidence.measurement.sample_file import read_samples
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link.image_id import image_id
from dvfs_kernel.storage.ordered_sum import ordered_sum
from renode_platform.devices.clock_tree import megahertz
from renode_platform.devices.datasheet import INA219_SHUNT_LSB_V

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dvfs_kernel.evidence.measurement.sample_file import Sample
    from dvfs_kernel.networks.network import Network

__all__ = ["Measurements", "Observation", "read_measurements"]

_BASELINE = "baseline"

#: Network, image, HSE, conversions a sample, step of the sensor.
_SetUp = tuple[str, str, int, int, float]


@dataclass(frozen=True)
class Observation:
    """Layers that ran over and over under a schedule.

    Parameters
    ----------
    current_a, pass_s
        Mean current, and duration of a pass, over the blocks of the measurement.
    """

    subject: str
    schedule: Schedule
    first_layer: int
    layer_count: int
    current_a: Estimate
    pass_s: Estimate


@dataclass(frozen=True)
class Measurements:
    """Observations of one network on one board.

    Parameters
    ----------
    network
        Name of the network.
    image_id
        CRC-32 of the data image's header, by which the network is known.
    averaged
        Conversions of the sensor that made a sample.
    resolution_a
        One step of the sensor on its shunt.
    """

    network: str
    image_id: str
    hse_hz: int
    averaged: int
    resolution_a: float
    observations: tuple[Observation, ...]

    @property
    def conditions(self) -> list[Schedule]:
        """The different schedules."""
        return list(dict.fromkeys(one.schedule for one in self.observations))

    def check_network(self, network: Network) -> None:
        """Refuse a network that is not the one that was measured.

        Raises
        ------
        MeasurementError
            Names both images.
        """
        found = f"{image_id(image.build(network, memory_plan.plan(network)).data):08x}"
        if found != self.image_id:
            raise MeasurementError(
                f"the network {network.name} has the image {found}; measured was "
                f"{self.image_id}: name what was measured with --network"
            )


def read_measurements(paths: Sequence[Path]) -> Measurements:
    """Read files of raw samples.

    Raises
    ------
    FileFormatError
        One is no such file, or damaged.
    MeasurementError
        They were measured on different networks or with different HSEs, or there are none.
    """
    if not paths:
        raise MeasurementError("no file of measurements was named; one is the least")
    found: list[Observation] = []
    head: _SetUp | None = None
    for path in paths:
        metadata, samples = read_samples(path)
        try:
            schedule = Schedule.from_dict(metadata["schedule"])
            baseline = metadata["baseline"]
            here = (
                str(metadata["network"]),
                str(metadata["image_id"]),
                schedule.hse_hz,
                int(metadata["meter"]["averaged_conversions"]),
                INA219_SHUNT_LSB_V / float(metadata["meter"]["shunt_ohm"]),
            )
            if baseline is not None:
                baseline = Schedule.from_dict(baseline)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise FileFormatError(f"{path} does not say how it was measured: {error!r}") from error
        if head is not None and here != head:
            raise MeasurementError(
                f"{path} was measured with {_words(here)}, {paths[0]} with {_words(head)}: "
                "calibrate from files of one set-up"
            )
        head = here
        found += _observations(samples, schedule, baseline)
    if head is None or not found:
        raise MeasurementError("the files hold no samples")
    return Measurements(*head, tuple(found))


def _words(head: _SetUp) -> str:
    network, image_id, hse_hz, averaged, resolution_a = head
    return (
        f"{network} (image {image_id}), an HSE of {megahertz(hse_hz)}, {averaged} conversions a "
        f"sample, steps of {resolution_a * 1e6:g} uA"
    )


def _observations(
    samples: Sequence[Sample], schedule: Schedule, baseline: Schedule | None
) -> Iterator[Observation]:
    for subject in dict.fromkeys(sample.subject for sample in samples):
        own = [sample for sample in samples if sample.subject == subject]
        blocks: dict[int, list[Sample]] = {}
        for sample in own:
            blocks.setdefault(sample.round, []).append(sample)
        ran = baseline if subject == _BASELINE and baseline is not None else schedule
        yield Observation(
            subject,
            ran,
            own[0].first_layer,
            own[0].layer_count,
            Estimate.of([_mean(block, "current_a") for block in blocks.values()]),
            Estimate.of([_mean(block, "pass_s") for block in blocks.values()]),
        )


def _mean(block: Sequence[Sample], name: str) -> float:
    values: list[Any] = [getattr(sample, name) for sample in block]
    return float(ordered_sum(values) / len(values))
