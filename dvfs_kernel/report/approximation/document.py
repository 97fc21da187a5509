"""What an approximation found, as plain values (``docs/json.md``)."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.image import packing

if TYPE_CHECKING:
    from dvfs_kernel.approximation.search.choice import SkipChoice
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.studies.joint.joint_study import JointBound, JointPoint, JointRun, JointStudy

__all__ = ["SCHEMA", "SCHEMA_VERSION", "approximation_document"]

SCHEMA = "dvfs-kernel/approximation"
SCHEMA_VERSION = 1
_PACKAGES = ("dvfs-kernel", "numpy", "numba", "unicorn")


def approximation_document(
    study: JointStudy, choice: SkipChoice | None, workload: Workload, command: str
) -> dict[str, Any]:
    """Return everything that was found out.

    Parameters
    ----------
    command
        What a person typed, or would type, to get it.
    """
    network, ground = workload.network, study.ground
    space = ground.exploration.space
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        "command": command,
        "network": {
            "name": network.name,
            "input_shape": list(network.tensors[network.input].shape),
            "macs": sum(network.macs),
            "layers": [
                {
                    "index": index,
                    "name": layer.name,
                    "operator": packing.operator_of(layer, network.tensors).name.lower(),
                    "macs": macs,
                }
                for index, (layer, macs) in enumerate(
                    zip(network.layers, network.macs, strict=True)
                )
            ],
        },
        "board": {
            "spec": str(workload.board),
            "hse_hz": space.hse_hz,
            "pll_lock": workload.board.pll_lock.plain,
        },
        "firmware_build_id": f"{ground.baseline.build_id:08x}",
        "flash_budget_bytes": study.budget_bytes,
        "baseline_latency_s": ground.baseline.latency_s,
        "search": None if choice is None else _search(choice),
        "points": [_point(point) for point in study.points],
        "bounds": [_bound(bound, space) for bound in study.bounds],
    }


def _search(choice: SkipChoice) -> dict[str, Any]:
    return {
        "data": choice.data,
        "calibration_images": choice.calibration_images,
        "search_images": choice.search_images,
        "test_images": choice.test_images,
        "tried": choice.found.tried,
        "evaluated": choice.found.evaluated,
        "finished": choice.found.finished,
    }


def _point(point: JointPoint) -> dict[str, Any]:
    judged = point.variant.point
    accuracy = None
    if judged is not None:
        accuracy = {
            "search_loss_points": judged.point.assessment.loss_points,
            "top1": judged.test.accuracy,
            "low": judged.interval[0],
            "high": judged.interval[1],
            "loss_points": judged.test.loss_points,
            "loss_error_points": judged.test.error_points,
            "skipped_share": judged.counts.skipped_share,
            "zero_share": judged.counts.zero_share,
        }
    return {
        "name": point.variant.name,
        "chosen_for": list(point.variant.losses_points),
        "accuracy": accuracy,
        "latency_s": point.latency_s,
        "flash_bytes": point.flash_bytes,
        "forms": list(point.forms),
        "windows": [
            {"bound": name, "window_j": energy_j} for name, energy_j in point.window_j.items()
        ],
    }


def _bound(bound: JointBound, space: DesignSpace) -> dict[str, Any]:
    return {
        "name": bound.bound.name,
        "qos": None if bound.bound.qos is None else bound.bound.qos / 100,
        "bound_s": bound.bound_s,
        "runs": [_run(run, space) for run in bound.runs],
    }


def _run(run: JointRun, space: DesignSpace) -> dict[str, Any]:
    candidate, outcome = run.chosen.candidate, run.outcome
    record, solution = outcome.record, run.chosen.solution
    return {
        "name": candidate.name,
        "title": candidate.title,
        "point": run.chosen.variant.name,
        "loss_points": run.chosen.loss_points,
        "idle": candidate.idle.mode.name.lower(),
        "flash_bytes": run.flash_bytes,
        "solution": None
        if solution is None
        else {"status": solution.status, "gap_j": max(solution.gap, 0.0)},
        "predicted": candidate.prediction.to_dict(candidate.window_s, candidate.idle),
        "executed": {
            name: _known(record.total(name)) for name in ("inference_j", "idle_j", "window_j")
        }
        | {"latency_s": record.latency_s},
        "keeps_bound": outcome.keeps_bound,
        "same_output": outcome.same_output,
        "schedule": candidate.schedule.to_dict(),
        "layers": [
            {
                "form": form,
                "granularity": int(row["granularity"]),
                "hfo": str(space.states[row["state"]].setting),
                "lfo": str(HSE) if row["hops"] else None,
                "predicted_s": float(row["time_s"]),
                "executed_s": float(record.time_s[layer]),
                "predicted_j": float(row["energy_j"]),
                "executed_j": _known(float(record.energy_j[layer])),
            }
            for layer, (form, row) in enumerate(zip(run.forms, candidate.rows, strict=True))
        ],
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
