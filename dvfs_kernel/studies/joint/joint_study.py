"""Explores all variants of a network, chooses for every bound, and runs what was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dvfs_kernel.errors import InfeasibleBoundError, VerificationError
from dvfs_kernel.exploration.design_space import PAPER_GRANULARITIES
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.inference.run_names import Technique
from dvfs_kernel.layered_graph.warm_up import warming_up
from dvfs_kernel.networks.layers.weighted import FORMS, PACKED
from dvfs_kernel.studies.candidate import Outcome
from dvfs_kernel.studies.joint.form_options import flash_need
from dvfs_kernel.studies.joint.joint_problem import forms_of, in_forms
from dvfs_kernel.studies.joint.techniques import Techniques
from dvfs_kernel.studies.joint.variants import explore_variants
from dvfs_kernel.studies.study import survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.approximation.search.point_report import ReportedPoint
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.studies.bound import Bound
    from dvfs_kernel.studies.joint.techniques import TechniqueCandidate
    from dvfs_kernel.studies.joint.variants import Variant
    from dvfs_kernel.studies.study import Ground, StudyPlan

__all__ = ["JointBound", "JointPoint", "JointRun", "JointStudy", "run_joint_study"]

# As in `missed_bound`.
_ROUNDS = 4
_MARGIN = 1.1
_MARGIN_S = 1e-6
_WITH_CLOCKS = (Technique.DVFS, Technique.UNPACKING_DVFS, Technique.JOINT)


@dataclass(frozen=True, eq=False)
class JointRun:
    """What was chosen, and its run.

    Parameters
    ----------
    chosen
        Variant and schedule.
    outcome
        Its run; ``same_output``: every byte is the reference interpreter's on the variant.
    flash_bytes
        The whole image.
    """

    chosen: TechniqueCandidate
    outcome: Outcome
    flash_bytes: int

    @property
    def name(self) -> str:
        """Of the technique."""
        return self.chosen.candidate.name

    @property
    def forms(self) -> tuple[str, ...]:
        """Of each layer."""
        return forms_of(self.chosen.candidate.rows)


@dataclass(frozen=True, eq=False)
class JointBound:
    """Everything that was run in one window, the baseline first."""

    bound: Bound
    bound_s: float
    runs: tuple[JointRun, ...]

    def run(self, name: str, loss_points: float | None = None) -> JointRun | None:
        """Return one of the runs."""
        for run in self.runs:
            if run.name == name and run.chosen.loss_points == loss_points:
                return run
        return None


@dataclass(frozen=True, eq=False)
class JointPoint:
    """A variant on the frontier of accuracy, latency and energy, by prediction.

    Parameters
    ----------
    latency_s
        At the fastest clock, in the quickest forms within flash.
    forms, flash_bytes
        These forms, and what weights and code take in them with all else.
    window_j
        Least energy of each bound's window, by its name; a bound that cannot be kept has none.
    """

    variant: Variant
    latency_s: float
    forms: tuple[str, ...]
    flash_bytes: int
    window_j: dict[str, float]


@dataclass(frozen=True, eq=False)
class JointStudy:
    """Everything that was found out.

    Parameters
    ----------
    ground
        Of the exact packed network.
    budget_bytes
        Of flash, for the image.
    points
        One for each variant, the exact one first.
    """

    plan: StudyPlan
    ground: Ground
    budget_bytes: int
    points: tuple[JointPoint, ...]
    bounds: tuple[JointBound, ...]

    def __repr__(self) -> str:
        return f"<JointStudy: {len(self.points)} variants, {len(self.bounds)} bounds>"

    def verify(self) -> None:
        """Refuse a study that the board does not bear out.

        Raises
        ------
        VerificationError
            An output that is not the interpreter's, a bound that was not kept, or a prediction
            that is too far off.
        """
        for bound in self.bounds:
            for run in bound.runs:
                if not run.outcome.same_output:
                    raise VerificationError(
                        f"{run.chosen.candidate.title}, {run.chosen.variant.name}: the output "
                        "differs from the reference interpreter's"
                    )
                run.outcome.verify(strict=run.name in _WITH_CLOCKS)


def run_joint_study(
    bench: Bench,
    plan: StudyPlan,
    points: Sequence[ReportedPoint],
    losses: Sequence[tuple[float, str]],
    budget_bytes: int,
) -> JointStudy:
    """Explore, choose and run.

    Parameters
    ----------
    bench
        Of the exact packed network.
    points, losses
        As of `explore_variants`.
    budget_bytes
        Of flash, for the image.

    Raises
    ------
    NetworkTooLargeError
        No forms keep the budget of flash.
    InfeasibleBoundError
        Not even unpacked code keeps one of the bounds.
    """
    flash_need(bench.workload.network).require(budget_bytes, bench.workload.network.name)
    # The solver is wanted when the runs have been made; until then this process waits for others.
    with warming_up(budgets=True):
        # Layers that bring code can have granularities that they cannot have packed.
        ground = survey(bench, plan, other_forms=True)
    wanted = PAPER_GRANULARITIES if plan.granularities is None else plan.granularities
    granularities = tuple(sorted({0, *wanted}))
    space = replace(ground.exploration.space, granularities=granularities)
    variants = explore_variants(bench, space, points, losses)
    techniques = Techniques(ground, budget_bytes)
    windows = [(bound, bound.seconds(ground.baseline.latency_s)) for bound in plan.bounds]
    digests = {id(variant): variant.output_digest(bench) for variant in variants}
    bounds = []
    for bound, window_s in windows:
        chosen = techniques.of_window(variants, window_s)
        runs = [_run(bench, techniques, one, digests[id(one.variant)]) for one in chosen]
        bounds.append(JointBound(bound, window_s, tuple(runs)))
    found = tuple(_point(techniques, variant, windows) for variant in variants)
    return JointStudy(plan, ground, budget_bytes, found, tuple(bounds))


def _run(bench: Bench, techniques: Techniques, chosen: TechniqueCandidate, digest: str) -> JointRun:
    """Run what was chosen; what is late is solved again with a tighter bound."""
    given_up_s = 0.0
    for _ in range(_ROUNDS):
        candidate = chosen.candidate
        network = in_forms(chosen.variant.network, candidate.rows)
        own = bench.beside(network)
        record = own.run([candidate.job], f"{candidate.name} on the board")[0]
        outcome = Outcome(candidate, record, record.output_digest == digest)
        run = JointRun(chosen, outcome, len(own.workload.image.data))
        if outcome.keeps_bound or candidate.name not in _WITH_CLOCKS:
            break
        missed_s = record.latency_s - candidate.prediction.latency_s
        given_up_s += missed_s * _MARGIN + _MARGIN_S
        try:
            chosen = techniques.with_clocks(
                candidate.name,
                chosen.variant,
                candidate.window_s,
                forms=(PACKED,) if candidate.name == Technique.DVFS else FORMS,
                loss_points=chosen.loss_points,
                given_up_s=given_up_s,
            )
        except InfeasibleBoundError:
            break
    return run


def _point(
    techniques: Techniques, variant: Variant, windows: Sequence[tuple[Bound, float]]
) -> JointPoint:
    rows = techniques.quickest(variant)
    window_j = {}
    for bound, window_s in windows:
        try:
            best = techniques.with_clocks(Technique.JOINT, variant, window_s)
        except InfeasibleBoundError:
            continue
        window_j[bound.name] = best.candidate.predicted_window_j
    network = in_forms(variant.network, rows)
    size = len(image.build(network, memory_plan.plan(network)).data)
    latency_s = techniques.latency_s(variant, rows)
    return JointPoint(variant, latency_s, forms_of(rows), size, window_j)
