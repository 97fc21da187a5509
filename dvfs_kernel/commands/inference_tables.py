"""Tables of an inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import dvfs_kernel as dvfs
from dvfs_kernel.commands.console import printable, say
from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt


__all__ = ["print_inference"]

_SHOWN_VALUES = 5
# The firmware looks at the clock before every layer; only a real change takes this long.
_SWITCHING_SHOWN_S = 5e-6


def print_inference(result: dvfs.InferenceResult) -> None:
    """Print layers and segments, totals, and the outputs."""
    if result.profile.layers:
        _layer_table(result.profile).print()
    say(_totals(result))
    for index, output in zip(result.network.outputs, result.outputs, strict=True):
        say(_output_lines(output, result.network.tensors[index]))


def _layer_table(profile: dvfs.Profile) -> TextTable:
    table = TextTable(
        right("layer"),
        "",
        "operator",
        right("MACs", spare=2),
        right("g"),
        "segment",
        left("clock", spare=1),
        right("cycles", spare=3),
        *map(right, ("µs", "mA", "µJ")),
        titles=3,
    )
    for layer in profile.layers:
        _add_layer(table, layer)
    return table


def _add_layer(table: TextTable, layer: dvfs.LayerProfile) -> None:
    info = layer.info
    head = (
        str(layer.index),
        info.name,
        info.operator,
        f"{info.macs:,}" if info.macs else "",
        str(info.granularity),
    )
    clock = info.hfo if info.lfo is None else f"{info.lfo} ↔ {info.hfo}"
    table.add_row(*head, "all", clock, *_quantities(layer))
    if not _worth_listing(layer):
        return
    for segment in layer.segments:
        name = f"  {segment.segment.name.lower()} × {segment.count}"
        table.add_row(*[""] * 5, name, segment.clock, *_quantities(segment), dim=True)


def _worth_listing(layer: dvfs.LayerProfile) -> bool:
    """Tell whether more went on than an interleaved kernel on the clock that ran already."""
    kinds = {segment.segment: segment for segment in layer.segments}
    if dvfs.Segment.MEMORY in kinds or dvfs.Segment.COMPUTE in kinds:
        return True
    switching = kinds.get(dvfs.Segment.SWITCHING)
    return switching is not None and switching.time_s > _SWITCHING_SHOWN_S


def _quantities(part: dvfs.LayerProfile | dvfs.SegmentProfile) -> tuple[str, str, str, str]:
    return (
        f"{part.cycles:,}",
        f"{part.time_s * 1e6:,.1f}",
        _scaled(part.current_a, 1e3, 1),
        _scaled(part.energy_j, 1e6, 2),
    )


def _totals(result: dvfs.InferenceResult) -> str:
    profile = result.profile
    parts = [
        f"{printable(result.network.name)}: {profile.time_s * 1e3:.3f} ms",
        f"{_scaled(profile.energy_j, 1e3, 3)} mJ",
        f"{profile.cycles:,} cycles",
    ]
    if result.cycles_per_mac is not None:
        parts.append(f"{result.cycles_per_mac:.2f} cycles/MAC")
    parts.append(f"{profile.relocks} PLL relocks, {profile.hops} hops")
    if profile.overhead_cycles:
        parts.append(f"{profile.overhead_cycles:,} cycles for profiling")
    text = f"\n{', '.join(parts)}{_window_line(result)}"
    emulation = result.emulation
    if emulation is not None:
        text += (
            f"\nemulated {emulation.instructions:,} instructions in {emulation.wall_s:.2f} s "
            f"({emulation.mips:.0f} MIPS)"
        )
    return text


def _window_line(result: dvfs.InferenceResult) -> str:
    if result.window is None:
        return ""
    run, truth = result.run, result.window_truth
    energy_j, idle_j = (truth.energy_j, truth.idle_energy_j) if truth else (None, None)
    line = (
        f"\nwindow of {run.window_s * 1e3:.3f} ms, idle in {result.window.idle.name.lower()}: "
        f"{_scaled(energy_j, 1e3, 3)} mJ, {_scaled(idle_j, 1e3, 3)} mJ of it idle"
    )
    if run.overrun_ticks:
        line += f"; the inference overran it by {run.overrun_s * 1e3:.3f} ms"
    return line


def _output_lines(output: npt.NDArray[Any], tensor: dvfs.Tensor) -> str:
    """Show a vector's largest values with their indices, or a map's range."""
    scale = tensor.scale if tensor.scale > 0 else 1.0  # float32 tensors have none
    real = (output.astype(np.float64) - tensor.zero_point) * scale
    shape = " × ".join(map(str, output.shape))
    if output.shape[:2] != (1, 1):
        return (
            f"output {printable(tensor.name)} ({shape}): "
            f"{real.min():.4g} to {real.max():.4g}, mean {real.mean():.4g}"
        )
    values, stored = real.ravel(), output.ravel()
    order = np.argsort(-values, kind="stable")[:_SHOWN_VALUES]
    shown = ", ".join(f"{i}: {values[i]:.4g} ({stored[i]})" for i in order)
    return f"output {printable(tensor.name)} ({shape}): class {order[0]}; {shown}"


def _scaled(value: float | None, factor: float, digits: int) -> str:
    return "–" if value is None else f"{value * factor:,.{digits}f}"
