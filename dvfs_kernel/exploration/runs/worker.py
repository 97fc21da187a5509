"""One run on a board of the worker's own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.exploration.runs.origin import Origin
from dvfs_kernel.exploration.runs.ready_boards import boards_of_thread
from dvfs_kernel.exploration.runs.record import CLOCK_DTYPE, HFO, LFO, SEGMENT_DTYPE, Record
from dvfs_kernel.link import abi
from renode_platform.devices.datasheet import VDD_V

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.boards.ground_truth import ClockChange, InferenceTruth, Piece, Stretch
    from dvfs_kernel.exploration.runs.job import Job
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.inference.profile import SegmentProfile
    from dvfs_kernel.inference.result import InferenceResult
    from dvfs_kernel.inference.schedule import Schedule

__all__ = ["make_run", "record_of"]


def make_run(workload: Workload, job: Job) -> Record:
    """Run a job; the board stays ready for the next job of the same workload in this thread."""
    boards = boards_of_thread()
    deployment = boards.deployment(workload)
    try:
        # Every run begins alike, whatever ran before it on this board.
        deployment.hold(workload.data)
        deployment.restart()
        result = deployment.infer(
            workload.data,
            job.schedule,
            level=job.level,
            window_s=job.window_s,
            idle=job.idle,
        )
    except BaseException:
        # The board may hang in the middle of something: the next job begins afresh.
        boards.drop(workload)
        raise
    return record_of(result)


def record_of(result: InferenceResult) -> Record:
    """Return what is kept of an inference that was profiled by layer or by segment."""
    digest = hashlib.sha256()
    for output in result.outputs:
        digest.update(output.tobytes())
    window = result.window_truth
    totals = {
        "latency_s": result.run.total_s,
        "inference_j": result.profile.energy_j,
        "cycles": result.profile.cycles,
        "relocks": result.profile.relocks,
        "hops": result.profile.hops,
        "overrun_s": result.run.overrun_s,
        "window_s": None if result.window is None else result.run.window_s,
        "window_j": None if window is None else window.energy_j,
        "idle_j": None if window is None else window.idle_energy_j,
    }
    truth = result.inference_truth
    arrays = _from_profile(result) if truth is None else _from_truth(truth, result.schedule)
    if window is not None:
        totals["window_s"] = window.duration_s
    if truth is not None:
        totals["latency_s"] = truth.duration_s
        changes = truth.clock_changes if window is None else window.clock_changes
        start_ps = truth.start_ps if window is None else window.start_ps
        arrays["clock"] = _clock_rows(changes, start_ps, truth)
    return Record(
        **arrays,
        totals=totals,
        output_digest=digest.hexdigest(),
        build_id=result.hello.build_id,
        made_by=Origin.here().to_dict(),
    )


def _from_profile(result: InferenceResult) -> dict[str, Any]:
    """Sum up what the firmware itself measured."""
    count = len(result.profile.layers)
    entry_s, pieces_s = np.zeros(count), np.zeros((count, 2))
    hops = np.zeros(count, np.int64)
    for layer in result.profile.layers:
        for segment in layer.segments:
            if segment.segment is abi.Segment.SWITCHING:
                # At the finer level hops inside the kernel too, which nothing tells apart.
                entry_s[layer.index] = segment.time_s
                hops[layer.index] = segment.count - 1
            else:
                role, own_s = _piece(segment, layer.index, result)
                pieces_s[layer.index, role] += own_s
    time_s = np.array([layer.time_s for layer in result.profile.layers])
    unknown = np.full(count, np.nan)
    return {
        "entry_time_s": entry_s,
        "entry_energy_j": unknown,
        "time_s": time_s - entry_s,
        "energy_j": unknown.copy(),
        "counters": np.zeros((count, 2, 0), np.int64),
        "piece_time_s": pieces_s,
        "piece_energy_j": np.full((count, 2), np.nan),
        "hops": hops,
        "clock": np.zeros(0, CLOCK_DTYPE),
        "segments": np.zeros(0, SEGMENT_DTYPE),
        "counter_names": (),
    }


def _piece(segment: SegmentProfile, layer: int, result: InferenceResult) -> tuple[int, float]:
    """Return on which of a layer's clocks a kind of segment runs, and its time.

    By segments, the firmware's own boundaries are taken out.
    """
    schedule = result.schedule
    plan = schedule.layers[layer]
    role, clock = HFO, schedule.clocks[plan.hfo]
    if segment.segment is abi.Segment.MEMORY and plan.lfo is not None:
        role, clock = LFO, schedule.clocks[plan.lfo]
    if segment.segment is abi.Segment.OTHER:
        return role, segment.time_s
    boundaries = segment.count * result.hello.marker_overhead_cycles
    return role, max(segment.time_s - boundaries / clock.hclk_hz(schedule.hse_hz), 0.0)


def _from_truth(truth: InferenceTruth, schedule: Schedule) -> dict[str, Any]:
    """Sum up what a virtual board logged."""
    layers = len(schedule.layers)
    names = next((p.counters._fields for s in truth.stretches for p in s.pieces), ())
    entry = np.zeros((2, layers))
    kernel = np.zeros((2, layers))
    counters = np.zeros((layers, 2, len(names)), np.int64)
    pieces = np.zeros((2, layers, 2))
    hops = np.zeros(layers, np.int64)
    for stretch in truth.stretches:
        layer = stretch.layer
        if layer is None:
            continue
        cost = stretch.duration_s, stretch.energy_j
        if stretch.segment is abi.Segment.SWITCHING:
            entry[:, layer] += cost
            continue
        kernel[:, layer] += cost
        hops[layer] += max(len(stretch.pieces) - 1, 0)
        for piece in stretch.pieces:
            role = _role(piece, schedule, layer)
            counters[layer, role] += piece.counters
            pieces[:, layer, role] += piece.duration_ps * 1e-12, piece.energy_j
    return {
        "entry_time_s": entry[0],
        "entry_energy_j": entry[1],
        "time_s": kernel[0],
        "energy_j": kernel[1],
        "counters": counters,
        "piece_time_s": pieces[0],
        "piece_energy_j": pieces[1],
        "hops": hops,
        "segments": _segment_rows(truth.stretches, truth.start_ps),
        "counter_names": names,
    }


def _role(piece: Piece, schedule: Schedule, layer: int) -> int:
    """Tell whether a piece ran on the clock of memory segments."""
    plan = schedule.layers[layer]
    if plan.lfo is None:
        return HFO
    lfo = schedule.clocks[plan.lfo]
    on_lfo = (piece.source, piece.sysclk_hz) == (lfo.source, lfo.sysclk_hz(schedule.hse_hz))
    return LFO if on_lfo else HFO


def _clock_rows(changes: Sequence[ClockChange], start_ps: int, truth: InferenceTruth) -> Any:
    rows = [
        (
            max(change.time_ps - start_ps, 0) * 1e-12,
            change.sysclk_hz,
            change.source,
            change.current_a,
        )
        for change in changes
    ]
    clock = np.array(rows, CLOCK_DTYPE)
    first = next((piece for stretch in truth.stretches for piece in stretch.pieces), None)
    if len(clock) and first is not None and first.duration_ps:
        # Since that change, perhaps a reset, caches and peripherals have come on.
        clock["current_a"][0] = first.energy_j / (first.duration_ps * 1e-12) / VDD_V
    return clock


def _segment_rows(stretches: tuple[Stretch, ...], start_ps: int) -> Any:
    rows = [
        (
            (stretch.start_ps - start_ps) * 1e-12,
            (stretch.end_ps - start_ps) * 1e-12,
            -1 if stretch.layer is None else stretch.layer,
            int(stretch.segment),
            stretch.energy_j,
        )
        for stretch in stretches
    ]
    return np.array(rows, SEGMENT_DTYPE)
