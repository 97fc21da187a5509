"""``dvfs.deploy``: a plan on the board, what it should take against what it took."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.making import Making, open_bench, takes_making
from dvfs_kernel.api.network import load
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.inference.deployment_plan import Plan
from dvfs_kernel.inference.parts import ScheduledLayer, ScheduledRun, scheduled_layers
from dvfs_kernel.storage.json_file import write_json
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.networks.by_name import ByName
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.studies.plan_run import PlanRun

__all__ = ["DeploymentResult", "deploy"]


@dataclass(frozen=True, eq=False, repr=False)
class DeploymentResult(ScheduledRun):
    """A plan and its run.

    Parameters
    ----------
    workload
        Network, input and board.
    run
        The plan, what the board took, and whether the output is that of the plain schedule.
    """

    workload: Workload
    run: PlanRun

    def __repr__(self) -> str:
        return (
            f"<{self.workload.network.name} within {self.plan.bound}: "
            f"{self.latency_s * 1e3:.3f} ms of {self.plan.window_s * 1e3:.3f} ms "
            f"({self.run.latency_error:+.3%}), {self.window_j * 1e3:.3f} mJ "
            f"({self.run.energy_error:+.3%})>"
        )

    @property
    def plan(self) -> Plan:
        """What was deployed."""
        return self.run.plan

    @property
    def latency_s(self) -> float:
        """Time of the inference, as executed."""
        return self.run.record.latency_s

    @property
    def inference_j(self) -> float:
        """Energy of the inference, as executed."""
        return self.run.record.total("inference_j")

    @property
    def window_s(self) -> float:
        """Length of the window, as executed."""
        return self.run.record.total("window_s")

    @property
    def window_j(self) -> float:
        """Energy of the window, as executed."""
        return self.run.record.total("window_j")

    @property
    def same_output(self) -> bool:
        """Whether every output byte is that of the plain schedule."""
        return self.run.same_output

    @cached_property
    def layers(self) -> ByName[ScheduledLayer]:
        """The layers as executed, by name or number."""
        record = self.run.record
        return scheduled_layers(
            self.workload.network,
            self.plan.schedule,
            (record.time_s, record.energy_j),
            (record.entry_time_s, record.entry_energy_j),
        )

    def verify(self) -> None:
        """Refuse a run that is not what the plan promised.

        Raises
        ------
        VerificationError
            Names everything that is not as promised.
        """
        self.run.verify()

    def to_dict(self) -> dict[str, Any]:
        """Return plan and run as ``dvfs deploy --json`` prints them."""
        return self.run.to_dict()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())


def _in_forms_of(plan: Plan, network: NetworkLike) -> Network:
    """Return a network in the kernel forms that a plan was made for."""
    from dvfs_kernel.image.forms import with_forms

    return with_forms(load(network), dict(enumerate(plan.forms)))


@takes_making
def deploy(
    plan: Plan | str | os.PathLike[str],
    *,
    network: NetworkLike | None = None,
    **making: Unpack[Making],
) -> DeploymentResult:
    """Run a plan, and beside it the plain schedule whose output it has to have.

    Parameters
    ----------
    plan
        Of `dvfs.optimise` or `dvfs.study`, or the path of a file that they wrote.
    network
        Use this network; by default the one that the plan names.
    **making
        On which board runs are made, by whom, and where they are kept: see `Making`. The HSE is the
        plan's.

    Raises
    ------
    ScheduleError
        The plan was made for another network, or counts on another HSE.
    DvfsError
        As `dvfs.explore`.
    """
    loaded = plan if isinstance(plan, Plan) else Plan.load(Path(plan))
    hse_hz = loaded.schedule.hse_hz
    asked = making.get("hse")
    if asked is not None and quantity.FREQUENCY.parse(asked) != hse_hz:
        where = "the plan" if isinstance(plan, Plan) else os.fspath(plan)
        raise ScheduleError(
            f"{where} counts on an HSE of {megahertz(hse_hz)}; "
            f"one of {megahertz(quantity.FREQUENCY.parse(asked))} does not go with it"
        )
    making["hse"] = float(hse_hz)
    used: NetworkLike = loaded.network if network is None else network
    if loaded.forms and not making.get("unpack"):
        used = _in_forms_of(loaded, used)
    with open_bench(used, **making) as bench:
        from dvfs_kernel.studies.plan_run import deploy as run

        return DeploymentResult(bench.workload, run(bench, loaded))
