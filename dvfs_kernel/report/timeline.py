"""SYSCLK over the time of one inference, as data and as a drawing."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from dvfs_kernel.errors import BoardError
from dvfs_kernel.link import abi
from dvfs_kernel.report import palette
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.boards.ground_truth import InferenceTruth
    from dvfs_kernel.inference.result import InferenceResult

__all__ = ["timeline_bytes", "timeline_to_dict", "timeline_to_svg"]

SCHEMA = "dvfs-kernel/timeline"
SCHEMA_VERSION = 1

_WIDTH, _HEIGHT = 1200, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 40, 50
_PLOT_WIDTH = _WIDTH - _LEFT - _RIGHT
_PLOT_HEIGHT = _HEIGHT - _TOP - _BOTTOM
_ORDER = (abi.Segment.MEMORY, abi.Segment.COMPUTE, abi.Segment.SWITCHING, abi.Segment.OTHER)
_FILL = {segment: palette.SEGMENT[segment.name.lower()] for segment in _ORDER}
_SECONDS_A_PS = 1e-12
_TICKS_AT_MOST = 12


def timeline_bytes(
    result: InferenceResult, suffix: str, layers: tuple[int, int] | None = None
) -> bytes:
    """Return the clock over the last run of an inference as a file.

    Parameters
    ----------
    suffix
        ``.svg`` or ``.json``.
    layers
        First and last; by default the whole inference.

    Raises
    ------
    BoardError
        The board did not log the inference, or no such layers.
    """
    truth = result.inference_truth
    if truth is None:
        raise BoardError("the board did not log the inference: there is no timeline to write")
    title = f"SYSCLK of {result.network.name}"
    names = [layer.name for layer in result.network.layers]
    if layers is not None:
        first, last = layers
        try:
            truth = truth.of_layers(first, last)
        except ValueError as error:
            raise BoardError(f"there is no timeline to write: {error}") from error
        title += f", {names[first]}" if first == last else f", {names[first]} to {names[last]}"
    if suffix == ".svg":
        return timeline_to_svg(truth, title).encode()
    return (json.dumps(timeline_to_dict(truth, names), indent=1) + "\n").encode()


def timeline_to_dict(truth: InferenceTruth, names: Sequence[str]) -> dict[str, Any]:
    """Return the clock and the segments of an inference as plain values.

    Parameters
    ----------
    truth
        What a virtual board logged.
    names
        The layers' names.

    Returns
    -------
    dict
        ``clock``: each change with its time and the SYSCLK from then on; ``segments``: start, end,
        layer and kind. Times are seconds from the start of the inference; the clock that ran when
        it started stands at 0.
    """
    start_ps = truth.start_ps
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "duration_s": truth.duration_s,
        "clock": [
            {
                "time_s": max(change.time_ps - start_ps, 0) * _SECONDS_A_PS,
                "sysclk_hz": change.sysclk_hz,
                "source": change.source,
                "current_a": change.current_a,
            }
            for change in truth.clock_changes
        ],
        "segments": [
            {
                "start_s": (stretch.start_ps - start_ps) * _SECONDS_A_PS,
                "end_s": (stretch.end_ps - start_ps) * _SECONDS_A_PS,
                "layer": stretch.layer,
                "name": None if stretch.layer is None else names[stretch.layer],
                "segment": stretch.segment.name.lower(),
                "cycles": stretch.cycles,
                "energy_j": stretch.energy_j,
            }
            for stretch in truth.stretches
        ],
    }


def timeline_to_svg(truth: InferenceTruth, title: str) -> str:
    """Draw SYSCLK as a step line over bands for the kinds of segment."""
    start_ps, span_ps = truth.start_ps, max(truth.end_ps - truth.start_ps, 1)
    top_hz = max(change.sysclk_hz for change in truth.clock_changes) * 1.05

    def x(time_ps: int) -> float:
        return _LEFT + _PLOT_WIDTH * max(time_ps - start_ps, 0) / span_ps

    def y(hz: float) -> float:
        return _TOP + _PLOT_HEIGHT * (1 - hz / top_hz)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_legend(),
    ]
    for segment, fill in _FILL.items():
        bands = _bands(truth, segment, span_ps)
        path = "".join(
            f"M{x(begin):.2f} {_TOP}H{x(end):.2f}V{_TOP + _PLOT_HEIGHT}H{x(begin):.2f}Z"
            for begin, end in bands
        )
        if path:
            parts.append(f'<path d="{path}" fill="{fill}" fill-opacity="0.45"/>')
    line = ""
    for change in truth.clock_changes:
        height = f"{y(change.sysclk_hz):.2f}"
        line += f"M{_LEFT} {height}" if not line else f"H{x(change.time_ps):.2f}V{height}"
    line += f"H{_LEFT + _PLOT_WIDTH}"
    parts.append(f'<path d="{line}" fill="none" stroke="black" stroke-width="0.6"/>')
    parts += [
        f'<text x="{_LEFT - 6}" y="{y(hz) + 4:.2f}" text-anchor="end">{megahertz(hz)}</text>'
        for hz in sorted({change.sysclk_hz for change in truth.clock_changes})
    ]
    parts += _time_axis(span_ps)
    return "\n".join([*parts, "</svg>", ""])


def _bands(truth: InferenceTruth, segment: abi.Segment, span_ps: int) -> list[tuple[int, int]]:
    """Join stretches of one kind that lie closer together than a tenth of a pixel."""
    closest_ps = span_ps / _PLOT_WIDTH / 10
    bands: list[tuple[int, int]] = []
    for stretch in truth.stretches:
        if stretch.segment is not segment:
            continue
        if bands and stretch.start_ps - bands[-1][1] < closest_ps:
            bands[-1] = (bands[-1][0], stretch.end_ps)
        else:
            bands.append((stretch.start_ps, stretch.end_ps))
    return bands


def _legend() -> list[str]:
    parts = []
    for index, (segment, fill) in enumerate(_FILL.items()):
        left = _WIDTH - _RIGHT - 110 * (len(_FILL) - index)
        parts.append(f'<rect x="{left}" y="12" width="14" height="12" fill="{fill}"/>')
        parts.append(f'<text x="{left + 20}" y="22">{segment.name.lower()}</text>')
    return parts


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)


def _time_axis(span_ps: int) -> list[str]:
    base = _TOP + _PLOT_HEIGHT
    parts = [f'<path d="M{_LEFT} {base}h{_PLOT_WIDTH}" stroke="black"/>']
    step_ps = _round_step(span_ps / _TICKS_AT_MOST)
    for tick in range(int(span_ps / step_ps) + 1):
        left = _LEFT + _PLOT_WIDTH * tick * step_ps / span_ps
        label = f"{tick * step_ps * 1e-9:.6g}"
        parts.append(f'<path d="M{left:.2f} {base}v5" stroke="black"/>')
        parts.append(f'<text x="{left:.2f}" y="{base + 20}" text-anchor="middle">{label}</text>')
    middle = _LEFT + _PLOT_WIDTH / 2
    parts.append(
        f'<text x="{middle}" y="{base + 40}" text-anchor="middle">milliseconds (virtual)</text>'
    )
    return parts
