"""The networks that are compared: the exact one, and what skipping leaves of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dvfs_kernel.approximation.skipping.reordering import reordered
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.networks.reference import run as run_reference
from dvfs_kernel.studies.joint.form_options import form_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.approximation.search.point_report import ReportedPoint
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.studies.joint.form_options import FormOptions

__all__ = ["EXACT", "Variant", "explore_variants"]

EXACT = "exact"


@dataclass(frozen=True, eq=False)
class Variant:
    """A network, and what its layers cost in every form.

    Parameters
    ----------
    name
        ``"exact"``, or that of the plan.
    network
        Thinned, its channels in the orders of the plan.
    reference
        Thinned, nothing else: what the board's output is held against.
    options
        Of all its layers.
    point
        Accuracy on search and test images; None where there is no data.
    losses_points
        Allowed losses that it was chosen for.
    """

    name: str
    network: Network
    reference: Network
    options: FormOptions
    point: ReportedPoint | None = None
    losses_points: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return f"<Variant {self.name} of {self.network.name}>"

    def output_digest(self, bench: Bench) -> str:
        """Return the digest of what the reference interpreter makes of the bench's input."""
        tensors = run_reference(self.reference, bench.workload.data)
        digest = hashlib.sha256()
        for index in self.reference.outputs:
            output = tensors[index]
            assert output is not None
            digest.update(output.tobytes())
        return digest.hexdigest()


def explore_variants(
    bench: Bench,
    space: DesignSpace,
    points: Sequence[ReportedPoint],
    losses: Sequence[tuple[float, str]],
) -> tuple[Variant, ...]:
    """Make the network of each point, and explore it in every form.

    Parameters
    ----------
    bench, space
        Of the exact packed network.
    points
        Of a search; the first one leaves nothing out. None where there is no data.
    losses
        Allowed losses, and the name of the plan that was chosen for each.

    Returns
    -------
    tuple
        The exact network first, then one for each other point.
    """
    network = bench.workload.network
    exact = form_options(bench, network, space)
    chosen = {
        name: tuple(loss for loss, its in losses if its == name) for name in {n for _, n in losses}
    }
    first = points[0] if points else None
    name = first.point.plan.name if first is not None else EXACT
    found = [Variant(EXACT, network, network, exact, first, chosen.get(name, ()))]
    for number, point in enumerate(points[1:], 1):
        plan = point.point.plan
        thinned = thin(network, plan)
        ordered = reordered(thinned, {skip.name: skip.order for skip in plan.layers})
        meant_for = chosen.get(plan.name, ())
        # What is only shown has its latency in the plain form.
        own = space if meant_for else replace(space, granularities=(0,))
        options = form_options(bench, ordered, own, exact)
        found.append(Variant(f"skip {number}", ordered, thinned, options, point, meant_for))
    return tuple(found)
