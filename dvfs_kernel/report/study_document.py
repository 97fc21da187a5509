"""A study as plain values: the document that reports are made of (``docs/json.md``)."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.parameters import parameters
from dvfs_kernel.clocks.space import describe, iso_frequency, settings_at
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.image import packing
from dvfs_kernel.image.dae_form import DAE_OPERATORS
from dvfs_kernel.inference.run_names import RunName
from dvfs_kernel.link import abi
from dvfs_kernel.report.document import SCHEMA, SCHEMA_VERSION
from renode_platform.devices import datasheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.optimisation.idle_cost import IdleCost
    from dvfs_kernel.studies.candidate import Outcome
    from dvfs_kernel.studies.study import BoundResult, Ground, Study

__all__ = ["study_document"]

_PACKAGES = ("dvfs-kernel", "numpy", "numba", "unicorn", "altair", "vl-convert-python")


def study_document(
    study: Study, workload: Workload, command: str, duty: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return everything that was found out, without the paper's numbers beside it.

    Parameters
    ----------
    command
        What a person typed, or would type, to get it.
    duty
        Period and battery that were asked for, as the document has them.
    """
    ground = study.ground
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        "command": command,
        "network": _network(workload),
        "board": {
            "spec": str(workload.board),
            "hse_hz": ground.exploration.space.hse_hz,
            "pll_lock": workload.board.pll_lock.plain,
            "supply_v": datasheet.VDD_V,
            "energy": (
                "current model of the virtual board, times as measured"
                if workload.board.is_physical
                else "ground truth of the virtual board"
            ),
        },
        "firmware_build_id": f"{ground.baseline.build_id:08x}",
        "parameters": [parameter.to_dict() for parameter in parameters(workload.board.profile)],
        "clocks": _clocks(study),
        "exploration": {
            "granularities": list(ground.exploration.space.granularities),
            "candidates": len(ground.exploration.options),
            "wall_s": ground.wall_s,
            "cached": ground.runs_made == 0,
            "runs_made": ground.runs_made,
            "fit_error": ground.exploration.fit_error,
            "check": ground.check.to_dict(),
        },
        "layers": [
            {"layer": layer, "points": list(_points(ground, layer))}
            for layer in range(ground.exploration.layers)
        ],
        "idle": {mode.name.lower(): _idle(cost) for mode, cost in ground.idle.items()},
        **({"duty": dict(duty)} if duty else {}),
        "frontier": _frontier(study),
        "baseline_latency_s": ground.baseline.latency_s,
        "bounds": [_bound(result, ground) for result in study.results],
        "figures": {"fig4": list(_figure_4(ground, workload))},
        "timeline": _timeline(study.results[0], workload) if study.results else None,
        "further_timelines": [
            timeline
            for result in study.results[1:]
            if (timeline := _timeline(result, workload)) is not None
        ],
    }


def _network(workload: Workload) -> dict[str, Any]:
    network = workload.network
    return {
        "name": network.name,
        "input_shape": list(network.tensors[network.input].shape),
        "macs": sum(network.macs),
        "layers": [
            {
                "index": index,
                "name": layer.name,
                "operator": _operator(workload, index),
                "macs": macs,
            }
            for index, (layer, macs) in enumerate(zip(network.layers, network.macs, strict=True))
        ],
    }


def _operator(workload: Workload, layer: int) -> str:
    network = workload.network
    return packing.operator_of(network.layers[layer], network.tensors).name.lower()


def _clocks(study: Study) -> dict[str, Any]:
    plan, space = study.plan, study.ground.exploration.space
    described = plan.clocks.to_dict()
    settings = [state.setting for state in space.states if not state.keeps_pll]
    iso = iso_frequency(
        (
            setting
            for sysclk_hz in {s.sysclk_hz(space.hse_hz) for s in settings if s.source == "pll"}
            for setting in settings_at(sysclk_hz, space.hse_hz)
        ),
        space.hse_hz,
    )
    switching = study.ground.switching.to_dict()
    return {
        "preset": plan.clocks.name,
        "note": plan.clocks.note,
        "settings": [describe(setting, space.hse_hz) for setting in settings],
        "forbidden": described["forbidden"],
        "iso": [row.to_dict() for row in iso],
        "switching": {name: switching[name] for name in ("states", "time_s", "energy_j")},
    }


def _points(ground: Ground, layer: int) -> Iterator[dict[str, Any]]:
    """Yield the Pareto points of a layer, quickest first."""
    options = ground.exploration.of_layer(layer)
    chosen = options[options["pareto"]]
    for row in chosen[chosen["time_s"].argsort(kind="stable")]:
        yield {
            **_choice(ground.exploration.space, row),
            "time_s": float(row["time_s"]),
            "energy_j": float(row["energy_j"]),
        }


def _choice(space: DesignSpace, row: Any) -> dict[str, Any]:
    return {
        "granularity": int(row["granularity"]),
        "hfo": str(space.states[row["state"]].setting),
        "lfo": str(HSE) if row["hops"] else None,
    }


def _frontier(study: Study) -> dict[str, Any]:
    """Return energies of inferences, of which the graph has taken the idle power times time."""
    power_w = study.ground.idle[abi.IdleMode.STOP].power_w
    times_s = study.frontier.time
    return {
        "time_s": times_s.tolist(),
        "energy_j": (study.frontier.energy + power_w * times_s).tolist(),
        "exact": study.frontier.error == 0.0,
    }


def _idle(cost: IdleCost) -> dict[str, float]:
    """Return what long idle times cost, and how long is long."""
    shorter = (line.until_s for line in cost.shorter)
    return {
        "power_w": cost.power_w,
        "fixed_j": cost.fixed_j,
        "from_s": max(shorter, default=0.0),
    }


def _bound(result: BoundResult, ground: Ground) -> dict[str, Any]:
    solution = result.solution
    return {
        "name": result.bound.name,
        "qos": None if result.bound.qos is None else result.bound.qos / 100,
        "bound_s": result.bound_s,
        "solution": {
            "status": solution.status,
            "lower_bound_j": solution.lower_bound,
            "energy_j": solution.energy,
            "gap_j": max(solution.gap, 0.0),
            "shadow_price_w": solution.multiplier,
        },
        "runs": [_run(outcome, ground.exploration.space) for outcome in result.outcomes],
    }


def _run(outcome: Outcome, space: DesignSpace) -> dict[str, Any]:
    candidate, record = outcome.candidate, outcome.record
    return {
        "name": candidate.name,
        "title": candidate.title,
        "idle": candidate.idle.mode.name.lower(),
        "relocks": int(record.total("relocks")),
        "hops": int(record.total("hops")),
        "predicted": candidate.prediction.to_dict(candidate.window_s, candidate.idle),
        "executed": {
            "latency_s": record.latency_s,
            "inference_j": _known(record.total("inference_j")),
            "idle_j": _known(record.total("idle_j")),
            "window_j": _known(record.total("window_j")),
        },
        "allowed": {"latency_s": outcome.allowed_s, "window_j": _known(outcome.allowed_j)},
        "keeps_bound": outcome.keeps_bound,
        "same_output": outcome.same_output,
        "schedule": candidate.schedule.to_dict(),
        "layers": [
            {
                **_choice(space, row),
                "sysclk_hz": space.states[row["state"]].setting.sysclk_hz(space.hse_hz),
                "predicted_s": float(row["time_s"]),
                "executed_s": float(record.time_s[layer]),
                "predicted_j": float(row["energy_j"]),
                "executed_j": _known(float(record.energy_j[layer])),
            }
            for layer, row in enumerate(candidate.rows)
        ],
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _figure_4(ground: Ground, workload: Workload) -> Iterator[dict[str, Any]]:
    """Yield what the paper's Figure 4 shows: every option of the longest of either DAE operator."""
    space = ground.exploration.space
    for operator in DAE_OPERATORS:
        layers = [
            layer
            for layer in range(ground.exploration.layers)
            if _operator(workload, layer) == operator and len(space.fits[layer]) > 1
        ]
        if not layers:
            continue
        longest = max(layers, key=lambda layer: float(ground.baseline.time_s[layer]))
        for row in ground.exploration.of_layer(longest):
            state = space.states[row["state"]]
            if state.keeps_pll:
                continue  # the HSE, with a PLL that only draws current
            yield {
                "layer": longest,
                "operator": operator,
                "granularity": int(row["granularity"]),
                "clock": str(state),
                "sysclk_hz": state.setting.sysclk_hz(space.hse_hz),
                "lfo": str(HSE) if row["hops"] else None,
                "time_s": float(row["time_s"]),
                "power_w": float(row["energy_j"] / row["time_s"]),
            }


def _timeline(result: BoundResult, workload: Workload) -> dict[str, Any] | None:
    """Return clock and segments of the headline schedule at a bound; None: none was logged."""
    outcome = result.outcome(RunName.DVFS)
    if outcome is None or not len(outcome.record.clock):
        return None
    names = [layer.name for layer in workload.network.layers]
    return {
        "bound": result.bound.name,
        "title": f"{workload.network.name}, bound {result.bound.name}: {outcome.candidate.title}",
        "clock": [
            {
                "time_s": float(row["time_s"]),
                "sysclk_hz": int(row["sysclk_hz"]),
                "source": str(row["source"]),
                "current_a": float(row["current_a"]),
            }
            for row in outcome.record.clock
        ],
        "segments": list(_segments(outcome.record, names)),
        "window_s": result.bound_s,
    }


def _segments(record: Record, names: list[str]) -> Iterator[dict[str, Any]]:
    rows: npt.NDArray[Any] = record.segments
    for row in rows:
        layer = int(row["layer"])
        yield {
            "start_s": float(row["start_s"]),
            "end_s": float(row["end_s"]),
            "layer": layer if layer >= 0 else None,
            "name": names[layer] if layer >= 0 else None,
            "segment": abi.Segment(int(row["segment"])).name.lower(),
            "energy_j": float(row["energy_j"]),
        }
