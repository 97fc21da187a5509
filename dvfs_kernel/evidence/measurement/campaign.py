"""Energy of schedules by repetition: warm-up, blocks in turn with a baseline, until it is enough.

The sensor averages over a window that is longer than most inferences, so a single inference cannot
be measured. Each block therefore runs one subject back to back for many windows, and the energy of
a pass is supply voltage × mean current × duration of a pass. Temperature moves the current within
minutes: every round measures a baseline too, and currents are referred to it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.measurement.estimate import Estimate
from dvfs_kernel.evidence.measurement.sample_file import Sample
from dvfs_kernel.link import abi
from dvfs_kernel.link.ina219_sampling import Layers
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.inference.schedule import Schedule
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.link.replies import CurrentReadings

__all__ = ["Block", "Campaign", "Measured", "Plan", "Subject"]

# Of the bus voltage, at most (SBOS448G, 7.5), A grade.
_SUPPLY_ERROR_MAX = 0.005


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Parameters
    ----------
    name
        Distinct within a campaign.
    first_layer, layer_count
        Which layers a pass runs; by default all.
    time_s
        Duration to count the energy with, where it is known better than from the passes: a layer
        that runs alone finds other things in the caches than within its network.
    """

    name: str
    schedule: Schedule
    first_layer: int = 0
    layer_count: int | None = None
    time_s: float | None = None


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    samples
        Of the sensor in a block, 1 … ``abi.CURRENT_SAMPLES_MAX``.
    warmup
        Passes before each block.
    rounds_min, rounds_max
        Every round measures a block of every subject.
    precision
        Rounds go on until the confidence interval of every current is within this share of it.

    Raises
    ------
    MeasurementError
        A number is out of its range.
    """

    samples: int = 12
    warmup: int = 2
    rounds_min: int = 3
    rounds_max: int = 20
    precision: float = 0.005

    def __post_init__(self) -> None:
        _check_range("samples", self.samples, 1, abi.CURRENT_SAMPLES_MAX)
        _check_range("warmup", self.warmup, 0, 65535)
        _check_range("rounds_min", self.rounds_min, 2, self.rounds_max)
        if not self.precision > 0:
            raise MeasurementError(f"the precision is {self.precision:g}; above 0 is allowed")


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise MeasurementError(f"{what} is {value}; {low} to {high} is allowed")


@dataclass(frozen=True)
class Block:
    """One subject back to back: the mean current, and the duration of a pass."""

    current_a: float
    pass_s: float


@dataclass(frozen=True)
class Measured:
    """What a campaign says of a subject.

    Parameters
    ----------
    current_a
        Mean supply current, referred to the baseline.
    pass_s
        Duration of a pass.
    energy_j
        Of a pass; its interval is that of repetition alone.
    systematic_j
        How far the energy may be off however often it is measured: sensor, shunt, voltage.
    against_baseline
        Energy as a share of the baseline's, round by round; None without a baseline. What is wrong
        with sensor and shunt cancels here.
    """

    subject: Subject
    current_a: Estimate
    pass_s: Estimate
    energy_j: Estimate
    systematic_j: float
    against_baseline: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, units in the names."""
        against = self.against_baseline
        return {
            "subject": self.subject.name,
            "first_layer": self.subject.first_layer,
            "layer_count": self.subject.layer_count,
            "current_a": self.current_a.to_dict(),
            "pass_s": self.pass_s.to_dict(),
            "energy_j": self.energy_j.to_dict(),
            "systematic_j": self.systematic_j,
            "against_baseline": None if against is None else against.to_dict(),
        }


class Campaign:
    """Measures subjects in turn; what was measured stays, whatever ends it.

    Parameters
    ----------
    deployment
        The network on the board, whose input the passes work on.
    baseline
        What the others are referred to.
    take
        Told of every block's samples.
    progress
        Told of rounds.

    Raises
    ------
    MeasurementError
        There is nothing to measure, or two subjects have one name.
    """

    def __init__(
        self,
        deployment: Deployment,
        ammeter: Ammeter,
        subjects: Sequence[Subject],
        *,
        baseline: Subject | None = None,
        plan: Plan | None = None,
        take: Callable[[list[Sample]], None] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._deployment = deployment
        self._ammeter = ammeter
        self._subjects = list(subjects)
        self._baseline = baseline
        self._plan = plan or Plan()
        self._take = take
        self._progress = progress
        self._present: Schedule | None = None
        self._start_s = time.monotonic()
        self.supply_v: float | None = None
        everything = self._everything()
        names = [subject.name for subject in everything]
        if not self._subjects:
            raise MeasurementError("there is nothing to measure")
        if len(set(names)) < len(names):
            raise MeasurementError(f"subjects need different names, not {', '.join(names)}")
        self.blocks: dict[str, list[Block]] = {name: [] for name in names}

    def _everything(self) -> list[Subject]:
        return ([] if self._baseline is None else [self._baseline]) + self._subjects

    @property
    def rounds(self) -> int:
        """Whole rounds so far."""
        return min(len(blocks) for blocks in self.blocks.values())

    def run(self) -> bool:
        """Measure until it is enough.

        Returns
        -------
        bool
            Whether the precision was reached within the rounds allowed.

        Raises
        ------
        BoardError
            The sensor does not answer, or the board is gone; see `results` for what there is.
        """
        plan = self._plan
        if self.supply_v is None:
            self.supply_v = self._ammeter.supply_v(self._deployment.session)
        while self.rounds < plan.rounds_max:
            number = self.rounds
            for subject in self._everything():
                if len(self.blocks[subject.name]) == number:
                    self._measure(subject, number)
            if self._progress is not None:
                self._progress("rounds", self.rounds, plan.rounds_max)
            if self.rounds >= plan.rounds_min and self._is_precise():
                return True
        return False

    def _measure(self, subject: Subject, number: int) -> None:
        session = self._deployment.session
        if subject.schedule is not self._present:
            session.set_schedule(subject.schedule)
            self._present = subject.schedule
        layers = len(self._deployment.network.layers)
        count = layers - subject.first_layer if subject.layer_count is None else subject.layer_count
        host_s = time.monotonic() - self._start_s
        readings = self._ammeter.measure(
            session, Layers(subject.first_layer, count, self._plan.warmup), self._plan.samples
        )
        amperes = self._ammeter.amperes(readings)
        if self._take is not None:
            self._take(_samples(number, subject, count, host_s, readings, amperes.tolist()))
        self.blocks[subject.name].append(Block(float(amperes.mean()), readings.pass_s))

    def _is_precise(self) -> bool:
        # The baseline's own currents drift; only what is referred to it has to settle.
        return all(
            self._current_a(subject).relative <= self._plan.precision for subject in self._subjects
        )

    def _current_a(self, subject: Subject) -> Estimate:
        """Return the mean current, every block divided by what the baseline had moved to."""
        blocks = self.blocks[subject.name]
        if self._baseline is None:
            return Estimate.of([block.current_a for block in blocks])
        references = [block.current_a for block in self.blocks[self._baseline.name]]
        mean_a = ordered_sum(references) / len(references)
        return Estimate.of(
            [
                block.current_a * mean_a / reference
                for block, reference in zip(blocks, references, strict=False)
            ]
        )

    def results(self) -> list[Measured]:
        """Return what is known by now; subjects that were not measured yet are left out."""
        if self.supply_v is None:
            return []
        return [
            self._result(subject, self.supply_v)
            for subject in self._subjects
            if self.blocks[subject.name]
        ]

    def baseline_drift(self) -> float | None:
        """Return how far the baseline's current moved from first to last, as a share of it."""
        if self._baseline is None or len(self.blocks[self._baseline.name]) < 2:
            return None
        blocks = self.blocks[self._baseline.name]
        return blocks[-1].current_a / blocks[0].current_a - 1

    def _result(self, subject: Subject, supply_v: float) -> Measured:
        current_a = self._current_a(subject)
        pass_s = Estimate.of([block.pass_s for block in self.blocks[subject.name]])
        if subject.time_s is None:
            energy_j = (current_a * pass_s).scaled(supply_v)
        else:
            energy_j = current_a.scaled(supply_v * subject.time_s)
        off_a = self._ammeter.systematic_a(current_a.mean)
        off = off_a / current_a.mean if current_a.mean else 1.0
        return Measured(
            subject=subject,
            current_a=current_a,
            pass_s=pass_s,
            energy_j=energy_j,
            systematic_j=energy_j.mean * (off + _SUPPLY_ERROR_MAX),
            against_baseline=self._against_baseline(subject),
        )

    def _against_baseline(self, subject: Subject) -> Estimate | None:
        if self._baseline is None:
            return None
        return Estimate.of(
            [
                block.current_a * block.pass_s / (reference.current_a * reference.pass_s)
                for block, reference in zip(
                    self.blocks[subject.name], self.blocks[self._baseline.name], strict=False
                )
            ]
        )


def _samples(
    number: int,
    subject: Subject,
    count: int,
    host_s: float,
    readings: CurrentReadings,
    amperes: list[float],
) -> list[Sample]:
    return [
        Sample(
            round=number,
            subject=subject.name,
            first_layer=subject.first_layer,
            layer_count=count,
            host_s=host_s,
            block_s=int(ticks) / abi.TICK_HZ,
            shunt_counts=int(counts),
            current_a=current_a,
            pass_s=readings.pass_s,
        )
        for ticks, counts, current_a in zip(
            readings.ticks, readings.shunt_counts, amperes, strict=True
        )
    ]
