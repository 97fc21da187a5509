"""What may be left out of a network, and what comes of it: what both panels on it stand on."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from dvfs_kernel.api.accuracy import data_or_sample
from dvfs_kernel.api.arguments.making import default_cache
from dvfs_kernel.approximation.accuracy.classifier import check_data, class_count
from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.approximation.data.loading import load_parts
from dvfs_kernel.approximation.search.assessment import Assessor
from dvfs_kernel.approximation.search.code_cost import CodeCost
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.search.point_report import report_points
from dvfs_kernel.approximation.search.search import search
from dvfs_kernel.approximation.search.space import SkipSpace, build_space
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.image.code.kept_code import keeping_code
from dvfs_kernel.inference.run_names import Technique
from dvfs_kernel.layered_graph.warm_up import warming_up
from dvfs_kernel.link import abi
from dvfs_kernel.studies.joint.techniques import Techniques
from dvfs_kernel.studies.joint.variants import explore_variants
from dvfs_kernel.studies.study import survey

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.studies.joint.techniques import TechniqueCandidate
    from dvfs_kernel.studies.joint.variants import Variant
    from dvfs_kernel.studies.study import Ground
    from dvfs_kernel.widgets.survey import Surveyed

__all__ = ["LOSSES", "Thinnable", "ThinningWalk", "thinnable"]

#: Percentage points of Top-1 that the slider offers.
LOSSES: Final = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
# A count, not a time: so the same plans are found on a machine that is busy.
_TRIED: Final = 80
_NO_END_S: Final = 3600.0
_CALIBRATION_IMAGES: Final = 2048
_SEARCH_IMAGES: Final = 10_000
_LEAST_IMAGES: Final = 300

# Both panels of a notebook want it at once: one makes it, the other waits.
_lock = threading.Lock()
_known: dict[str, Thinnable] = {}


@dataclass(frozen=True, eq=False)
class Thinnable:
    """A classifier, its images, and the significance of its products.

    Parameters
    ----------
    space
        From a part of the training images.
    looked_at
        The others of them.
    test
        What nothing is chosen on.
    """

    space: SkipSpace
    looked_at: DataSet
    test: DataSet

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the classes, by number."""
        return self.test.class_names or tuple(map(str, range(self.test.classes)))


def thinnable(network: Network, data: Any, progress: Progress) -> Thinnable:
    """Read images and work out significances, or find what this process worked out before.

    Parameters
    ----------
    data
        As of `dvfs.approximate`; None for the sample that is built in.

    Raises
    ------
    NetworkError
        The network is no classifier, or has nothing that could be left out.
    DataSetError
        The data is missing, of another kind, or too little.
    """
    class_count(network)
    progress("images", 0, 1)
    if isinstance(data, tuple):
        train, test = data
    else:
        shape = network.tensors[network.input].shape
        meant = data_or_sample(data, shape)
        if isinstance(meant, DataSet):
            raise DataSetError(
                f"data set {meant.name!r} is one part; a pair of training and test part is needed"
            )
        train, test = load_parts(meant, shape=shape)
    for part in (train, test):
        check_data(network, part)
    if len(train) < _LEAST_IMAGES:
        raise DataSetError(
            f"the training part of {train.name} has {len(train)} images; {_LEAST_IMAGES} are the "
            "least"
        )
    key = f"{id(network)} {train.digest} {test.digest}"
    with _lock:
        if key not in _known or _known[key].space.network is not network:
            calibration = min(_CALIBRATION_IMAGES, len(train) // 3)
            first, rest = train.split(calibration)
            looked_at = rest if len(rest) <= _SEARCH_IMAGES else rest.subset(_SEARCH_IMAGES)
            space = build_space(network, first, kept=_kept(), progress=progress)
            _known[key] = Thinnable(space, looked_at, test)
        return _known[key]


def _kept() -> KeptArrays:
    return KeptArrays(default_cache())


@dataclass(frozen=True, eq=False)
class ThinningWalk:
    """Plans of a frontier, what they get wrong, and what they cost on the board.

    Parameters
    ----------
    variants
        The exact network first, then one for each plan, by falling cost.
    predictions
        Of each variant, the class that it says of each test image.
    """

    thinnable: Thinnable
    ground: Ground
    techniques: Techniques
    variants: tuple[Variant, ...]
    predictions: tuple[npt.NDArray[Any], ...]

    @classmethod
    def of(cls, surveyed: Surveyed, data: Any, progress: Progress) -> Self:
        """Search, evaluate on test images and explore, or find what is kept.

        Raises
        ------
        DvfsError
            As `thinnable`, `search.search` and `study.survey`.
        """
        # The solver is wanted when the runs have been made; until then others are waited for.
        with warming_up(budgets=True):
            base = thinnable(surveyed.network, data, progress)
            space, kept = base.space, _kept()
            found = search(
                Assessor(space, base.looked_at, kept),
                cost=CodeCost(space.network),
                largest_loss_points=LOSSES[-1],
                budget_s=_NO_END_S,
                most_points=_TRIED,
                progress=progress,
            )
            chosen = {found.points[0].plan.name} | {found.within(x).plan.name for x in LOSSES}
            points = [point for point in found.points if point.plan.name in chosen]
            report = report_points(space, points, base.test, kept=kept, progress=progress)
            exact = Evaluator(surveyed.network)
            predictions = []
            for number, point in enumerate(points):
                progress("pictures", number, len(points))
                one = exact.replacing(space.layers(point.levels))
                predictions.append(one.predictions(base.test.images))

            def explored(bench: Bench) -> tuple[Ground, tuple[Variant, ...]]:
                ground = survey(bench, surveyed.plan())
                space_of = ground.exploration.space
                return ground, explore_variants(bench, space_of, report.points, ())

            with keeping_code(default_cache()):
                ground, variants = surveyed.with_bench(progress, explored)
        techniques = Techniques(ground, abi.IMAGE_BYTES_MAX)
        return cls(base, ground, techniques, variants, tuple(predictions))

    def within(self, loss_points: float) -> int:
        """Return the number of the variant of least cost that loses so much on search images."""
        fitting = [0]
        for number, variant in enumerate(self.variants):
            if variant.point is None:
                continue
            point = variant.point.point
            if point.assessment.loss_points <= loss_points:
                fitting.append(number)
        return max(fitting)

    def latency_s(self, number: int) -> float:
        """Return how long a variant takes at the fastest clock, in its quickest forms."""
        variant = self.variants[number]
        return self.techniques.latency_s(variant, self.techniques.quickest(variant))

    def window_s(self, percent: float) -> float:
        """Return a window, given in per cent over exact packed kernels at the fastest clock."""
        return float(self.ground.baseline.latency_s * (1 + percent / 100))

    def scheduled(self, number: int, percent: float) -> TechniqueCandidate:
        """Return the schedule of least energy of a variant within a window.

        Raises
        ------
        InfeasibleBoundError
            None is quick enough.
        """
        name = Technique.JOINT if number else Technique.UNPACKING_DVFS
        return self.techniques.with_clocks(name, self.variants[number], self.window_s(percent))

    def newly_wrong(self, number: int) -> list[int]:
        """Return the test images that a variant gets wrong and the exact network does not."""
        labels = self.thinnable.test.labels
        wrong = (self.predictions[0] == labels) & (self.predictions[number] != labels)
        places: list[int] = wrong.nonzero()[0].tolist()
        return places
