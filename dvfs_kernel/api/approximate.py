"""``dvfs.approximate``: kernel form, skipping, granularity and clock of every layer, together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from dvfs_kernel.api.accuracy import data_or_sample
from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.making import Making, default_cache, open_bench, takes_making
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.study_plan import PAPER_QOS, check_study, study_plan
from dvfs_kernel.api.network import load, network_name
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.api.accuracy import DataLike
    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.study_plan import Bounds, ClocksLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.search.choice import SkipChoice
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.storage.rows import Row
    from dvfs_kernel.studies.joint.joint_study import JointRun, JointStudy

__all__ = ["ApproximationResult", "approximate"]

#: Percentage points of Top-1 that may be lost, where no loss is named.
LOSSES = (0.0, 0.5, 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class ApproximationResult(Tabled):
    """What unpacking, skipping and DVFS do for a network, alone and together.

    Parameters
    ----------
    network
        Name or path.
    workload
        Exact packed network, input and board.
    study
        What was chosen and run.
    choice
        What is left out at which loss; None where nothing is.
    page
        The report, where it was written.
    """

    network: str
    workload: Workload
    study: JointStudy
    choice: SkipChoice | None = None
    page: Path | None = None

    def __repr__(self) -> str:
        return (
            f"<Approximation of {self.workload.network.name}: {len(self.study.points)} points, "
            f"{len(self.study.bounds)} bounds>"
        )

    @property
    def rows(self) -> list[Row]:
        """One row for each schedule that was run in the window of each bound.

        ``saved`` counts from the first one of the bound: exact packed kernels at full clock.
        """
        return [
            {
                "bound": bound.bound.name,
                "name": run.name,
                "loss_points": run.chosen.loss_points,
                "title": run.chosen.candidate.title,
                "window_s": bound.bound_s,
                "latency_s": run.outcome.record.latency_s,
                "kept": run.outcome.keeps_bound,
                "window_j": run.outcome.window_j,
                "saved": 1 - run.outcome.window_j / bound.runs[0].outcome.window_j,
                "flash_bytes": run.flash_bytes,
                "predicted_off": run.outcome.energy_error,
                "same_output": run.outcome.same_output,
            }
            for bound in self.study.bounds
            for run in bound.runs
        ]

    @property
    def points(self) -> list[Row]:
        """One row for each point of the frontier, the exact network first.

        Losses count on test images; the search's are of training images. Latencies are at the
        fastest clock.
        """
        exact_s = self.study.ground.baseline.latency_s
        found: list[Row] = []
        for point in self.study.points:
            judged = point.variant.point
            found.append(
                {
                    "name": point.variant.name,
                    "chosen_for": point.variant.losses_points,
                    "skipped_share": 0.0 if judged is None else judged.counts.skipped_share,
                    "search_loss_points": (
                        None if judged is None else judged.point.assessment.loss_points
                    ),
                    "accuracy": None if judged is None else judged.test.accuracy,
                    "low": None if judged is None else judged.interval[0],
                    "high": None if judged is None else judged.interval[1],
                    "loss_points": None if judged is None else judged.test.loss_points,
                    "latency_s": point.latency_s,
                    "saved_time": 1 - point.latency_s / exact_s,
                    "flash_bytes": point.flash_bytes,
                    "window_j": point.window_j,
                }
            )
        return found

    def run(self, bound: str, name: str = "joint", loss_points: float | None = None) -> JointRun:
        """Return one of the runs; arguments as in `rows`.

        Raises
        ------
        ArgumentError
            There is no such run.
        """
        for one in self.study.bounds:
            found = one.run(name, loss_points) if one.bound.name == bound else None
            if found is not None:
                return found
        known = "; ".join(f"{row['bound']} {row['name']} {row['loss_points']}" for row in self.rows)
        raise ArgumentError(
            f"{name!r} at loss {loss_points} was not run within {bound}; run were {known}"
        )

    def verify(self) -> None:
        """Refuse what the board does not bear out.

        Raises
        ------
        VerificationError
            An output that is not the interpreter's, a bound that was not kept, or a prediction
            that is too far off.
        """
        self.study.verify()

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        command: str | None = None,
        progress: Shown = True,
    ) -> Path:
        """Write the report, its document, its figures and a skip plan for each loss.

        Parameters
        ----------
        folder
            Made where it is missing.
        command
            What the report says that was typed.
        progress
            As of `Making`.

        Returns
        -------
        Path
            Of ``report.html``.
        """
        from dvfs_kernel.report.approximation.folder import write_approximation

        typed = command or f"dvfs.approximate({self.network!r})"
        with shown_progress(progress) as shown:
            return write_approximation(
                Path(folder), self.study, self.choice, self.workload, typed, shown
            )


@partial(takes_making, but="unpack")
def approximate(
    network: NetworkLike,
    *,
    data: DataLike | tuple[DataSet, DataSet] = None,
    loss: float | Iterable[float] = (),
    qos: Bounds = (),
    latency: Bounds = (),
    clocks: ClocksLike = "default",
    granularities: Sequence[int] | None = None,
    exact: bool = False,
    slack: float = 1.0,
    search_time: str | float = 120.0,
    seed: int = 0,
    output: str | os.PathLike[str] | None = None,
    command: str | None = None,
    **making: Unpack[Making],
) -> ApproximationResult:
    """Unpack a classifier's layers into code, leave products out, and choose clocks, all together.

    Which products do not matter is found on training images, what leaving them out costs is told of
    test images, and every point that is chosen runs on the board, whose output has to be that of
    the exact interpreter of the thinned network, byte for byte.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    data
        Labelled images with a training and a test part, as of `dvfs.accuracy`; or both parts as
        data sets.
    loss
        Percentage points of Top-1 that may be lost on search images; without any 0, 0.5 and 1.
    qos, latency
        Bounds, as of `dvfs.optimise`; without any, 10, 30 and 50 %.
    clocks, granularities
        As of `dvfs.explore`.
    exact
        Unpack, and skip nothing: no data is needed, and any network will do.
    slack
        A plan may lose more on search images by so many standard errors: a network is better on
        images that it was trained on, and loses more there than on others. Below 0 is caution.
    search_time
        Seconds, or text such as ``"2min"``, after which the search for plans begins nothing new.
    seed
        Which training images are for significance and which to search on.
    output
        Write the report into this folder; by default nowhere.
    command
        What the report says that was typed.
    **making
        On which board runs are made, by whom, and where they are kept: see `Making`. ``flash`` is
        for the whole image.

    Raises
    ------
    ArgumentError
        Arguments that do not go together, or a loss that cannot be.
    NetworkError
        The network is no classifier, or has nothing that could be left out.
    DataSetError
        The data is missing, of another kind, or too little.
    NetworkTooLargeError
        No forms keep the budget of flash; says the least that is possible.
    InfeasibleBoundError
        No schedule keeps one of the bounds.
    DvfsError
        As `dvfs.explore`.
    """
    losses = (float(loss),) if isinstance(loss, int | float) else tuple(map(float, loss))
    if exact and (data is not None or losses):
        raise ArgumentError("{exact} leaves nothing out: it goes with neither {data} nor {loss}")
    if making.get("unpack"):
        raise ArgumentError("{unpack} is for verbs that choose no forms; this one does, anyway")
    flash = making.get("flash")
    budget_bytes = None if flash is None else quantity.MEMORY.parse(flash)
    plain: Making = {**making, "flash": None, "unpack": False}
    budget_s = quantity.TIME.parse(search_time)
    if not budget_s > 0:
        raise ArgumentError(f"{{search_time}} is {search_time}; it is above 0 s")
    check_study(plain, clocks, granularities, qos, latency, output)
    loaded = load(network)
    parts = None if exact else _parts(loaded, data, seed)
    from dvfs_kernel.image.code.kept_code import keeping_code

    with open_bench(loaded, **plain) as bench, keeping_code(_folder(making)):
        from dvfs_kernel.link import abi
        from dvfs_kernel.studies.joint.form_options import flash_need
        from dvfs_kernel.studies.joint.joint_study import run_joint_study

        limit = abi.IMAGE_BYTES_MAX
        budget = limit if budget_bytes is None else min(budget_bytes, limit)
        flash_need(loaded).require(budget, loaded.name)
        plan = study_plan(bench.hse_hz, clocks, granularities, qos, latency, default=PAPER_QOS)
        choice = None
        if parts is not None:
            choice = _choice(loaded, parts, losses or LOSSES, slack, budget_s, seed, making)
        study = run_joint_study(
            bench,
            plan,
            () if choice is None else choice.points,
            () if choice is None else choice.losses,
            budget,
        )
        found = ApproximationResult(network_name(network), bench.workload, study, choice)
    if output is None:
        return found
    page = found.save(output, command=command, progress=making.get("progress", True))
    return replace(found, page=page)


def _parts(
    network: Network, data: DataLike | tuple[DataSet, DataSet], seed: int
) -> tuple[DataSet, DataSet]:
    """Return training and test part."""
    from dvfs_kernel.approximation.accuracy.classifier import class_count
    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.data.loading import load_parts
    from dvfs_kernel.errors import DataSetError

    class_count(network)
    if isinstance(data, tuple):
        return data
    shape = network.tensors[network.input].shape
    meant = data_or_sample(data, shape)
    if isinstance(meant, DataSet):
        raise DataSetError(
            f"data set {meant.name!r} is one part; a pair of training and test part is needed"
        )
    return load_parts(meant, shape=shape, seed=seed)


def _folder(making: Making) -> Path | None:
    """Return where results are kept."""
    if making.get("no_cache"):
        return None
    cache = making.get("cache")
    return default_cache() if cache is None else Path(cache)


def _choice(
    network: Network,
    parts: tuple[DataSet, DataSet],
    losses: tuple[float, ...],
    slack: float,
    budget_s: float,
    seed: int,
    making: Making,
) -> SkipChoice:
    from dvfs_kernel.approximation.search.choice import choose_skips
    from dvfs_kernel.approximation.search.kept_arrays import KeptArrays

    kept = KeptArrays(_folder(making))
    with shown_progress(making.get("progress", True)) as shown:
        return choose_skips(
            network,
            *parts,
            losses,
            slack_errors=slack,
            budget_s=budget_s,
            seed=seed,
            kept=kept,
            progress=shown,
        )
