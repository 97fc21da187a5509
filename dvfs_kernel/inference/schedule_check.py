"""Whether a schedule fits a network: as many layers, and granularities whose buffers are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.image.dae_form import DAE_LAYERS, has_dae_form
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from dvfs_kernel.image.image import Image
    from dvfs_kernel.inference.schedule import Schedule

__all__ = ["check_schedule"]


def check_schedule(schedule: Schedule, image: Image) -> None:
    """Verify that a schedule fits a network.

    Raises
    ------
    ScheduleError
        The number of layers differs, or a granularity does not fit its layer.
    """
    network = image.network
    if len(schedule.layers) != len(network.layers):
        raise ScheduleError(
            f"the schedule has {len(schedule.layers)} layers; "
            f"network {network.name} has {len(network.layers)}"
        )
    for index, (plan, layer) in enumerate(zip(schedule.layers, network.layers, strict=True)):
        if image.fits(index, plan.granularity):
            continue
        where = f"layer {index} ({layer.name}): granularity {plan.granularity}"
        if not has_dae_form(layer, network):
            raise ScheduleError(
                f"{where} is not possible: only {DAE_LAYERS}, have a DAE form; 0 is allowed"
            )
        need = image.scratch_bytes(index, plan.granularity)
        largest = max(g for g in range(plan.granularity) if image.fits(index, g))
        raise ScheduleError(
            f"{where} needs {need} bytes of buffer; {abi.SCRATCH_BYTES} are there: "
            f"at most {largest} is allowed"
        )
