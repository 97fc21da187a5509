"""``dvfs.trace``: energy by layer from the current trace of a lab instrument."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.ranges import check_limits
from dvfs_kernel.errors import ArgumentError
from renode_platform.devices.datasheet import VDD_V

if TYPE_CHECKING:
    from dvfs_kernel.evidence.measurement.trace_result import TraceResult
    from dvfs_kernel.inference.result import InferenceResult

    #: What stands for a run: itself, or the path of the JSON that tells of it.
    RunLike: TypeAlias = InferenceResult | str | os.PathLike[str]

__all__ = ["trace"]

# Of the chip (DS11532, table 17: 1.7 V to 3.6 V).
_SUPPLY_V = (1.7, 3.6)


def trace(
    trace: str | os.PathLike[str],
    run: RunLike,
    *,
    trigger: str | None = None,
    supply: str | float = VDD_V,
) -> TraceResult:
    """Cut a trace, recorded while a run went on, into layers, and tell the energy of each.

    Parameters
    ----------
    trace
        Path of a CSV file of time and current, of an export of Nordic's Power Profiler, or of a
        ``.jls`` file of a Joulescope, with a digital input wired to PE2.
    run
        What `dvfs.infer` returned, or the path of what ``dvfs infer --json`` printed, with layers;
        with ``runs=20`` there is something to average.
    trigger
        Column, input or signal that PE2 is wired to, such as ``"D3"``; by default trigger, D0 or
        gpi[0].
    supply
        Voltage at the chip, in volts or as text such as ``"3.3V"``; 1.7 … 3.6 V.

    Returns
    -------
    TraceResult
        Energies in joules, times in seconds, with 95 % intervals over the inferences of the trace.

    Raises
    ------
    ArgumentError
        The voltage is out of its range, or the run was not profiled.
    FileFormatError
        One of the files is something else, or damaged.
    MeasurementError
        The trigger is missing, or shows no inference of the run's length.
    """
    supply_v = quantity.VOLTAGE.parse(supply)
    check_limits("supply", supply_v, *_SUPPLY_V)
    from dvfs_kernel.evidence.measurement.trace_alignment import align
    from dvfs_kernel.evidence.measurement.trace_file import read_trace
    from dvfs_kernel.evidence.measurement.trace_result import TraceResult

    document = _document(run)
    profile = document["profile"]
    aligned = align(
        read_trace(Path(trace), trigger),
        [float(layer["time_s"]) for layer in profile["layers"]],
        float(profile["totals"]["time_s"]),
        supply_v,
    )
    return TraceResult(document, supply_v, aligned)


def _document(run: RunLike) -> dict[str, Any]:
    from dvfs_kernel.evidence.measurement.trace_result import read_run

    if isinstance(run, str | os.PathLike):
        return read_run(Path(run))
    if not run.layers:
        raise ArgumentError("{run} was profiled at level off; layer or segment is needed")
    return run.to_dict()
