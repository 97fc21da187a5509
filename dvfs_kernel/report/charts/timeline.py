"""SYSCLK and supply current over the time of a window or of a part of it."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import INK, rows
from dvfs_kernel.report.palette import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["clock_timeline"]

_UNMARKED = "other"  # what is neither access, execute nor switching has no band
_BINS = 1500  # stretches that a chart tells apart; more than it has pixels


def clock_timeline(
    clock: Sequence[Mapping[str, Any]],
    segments: Sequence[Mapping[str, Any]],
    title: str,
    *,
    begin_s: float = 0.0,
    end_s: float | None = None,
    width: int = 760,
) -> ChartType:
    """Draw SYSCLK above and the supply current below, over bands for the kinds of segment.

    Parameters
    ----------
    clock
        Each change: ``time_s``, and from then on ``sysclk_hz``, ``source`` and ``current_a``.
    segments
        Stretches: ``start_s``, ``end_s``, ``segment``; may leave gaps.
    begin_s, end_s
        The part to show; by default until the last segment or change of clock.
    """
    last_s = max(
        [*(row["end_s"] for row in segments), *(row["time_s"] for row in clock)], default=1e-3
    )
    end_s = last_s if end_s is None else end_s
    step_s = (end_s - begin_s) / _BINS
    bands = [
        {"begin": (a - begin_s) * 1e3, "end": (b - begin_s) * 1e3, "segment": kind}
        for kind in SEGMENT
        if kind != _UNMARKED
        for a, b in _joined(_within(segments, kind, begin_s, end_s), step_s)
    ]
    values = [
        {
            "ms": (row["time_s"] - begin_s) * 1e3,
            "mhz": row["sysclk_hz"] / 1e6,
            "ma": None if row["current_a"] is None else row["current_a"] * 1e3,
        }
        for row in _steps(clock, begin_s, end_s, step_s)
    ]
    kinds = [kind for kind in SEGMENT if any(band["segment"] == kind for band in bands)]
    x = alt.X(
        "ms:Q",
        title="time (ms)" if begin_s == 0 else "time since the start of the part (ms)",
        scale=alt.Scale(domain=[0, (end_s - begin_s) * 1e3], nice=False),
    )
    background = (
        alt.Chart(rows(bands))
        .mark_rect(opacity=0.42)
        .encode(
            x=alt.X("begin:Q", title=None),
            x2="end:Q",
            color=alt.Color(
                "segment:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=[SEGMENT[kind] for kind in kinds]),
            ),
        )
    )

    def panel(field: str, name: str, height: int) -> ChartType:
        line = (
            alt.Chart(rows(values))
            .mark_line(interpolate="step-after", color=INK, strokeWidth=0.7)
            .encode(x=x, y=alt.Y(f"{field}:Q", title=name, scale=alt.Scale(zero=True)))
        )
        layers = [background, line] if bands else [line]
        return alt.layer(*layers).properties(width=width, height=height)

    panels = [panel("mhz", "SYSCLK (MHz)", 150)]
    if any(row["ma"] is not None for row in values):
        panels.append(panel("ma", "current (mA)", 110))
    rates = sorted({row["mhz"] for row in values})
    return alt.vconcat(
        *panels,
        spacing=8,
        title=title,
        description=(
            f"{title}: SYSCLK over {(end_s - begin_s) * 1e3:.4g} ms, {len(clock)} settings in turn"
            f" in the whole run; it takes the values {', '.join(f'{r:.4g}' for r in rates)} MHz."
        ),
    )


def _within(
    segments: Sequence[Mapping[str, Any]], kind: str, begin_s: float, end_s: float
) -> list[tuple[float, float]]:
    return [
        (max(row["start_s"], begin_s), min(row["end_s"], end_s))
        for row in segments
        if row["segment"] == kind and row["start_s"] < end_s and row["end_s"] > begin_s
    ]


def _joined(
    stretches: Iterable[tuple[float, float]], closest_s: float
) -> list[tuple[float, float]]:
    """Join stretches that lie too close together to be told apart."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(stretches):
        if found and begin - found[-1][1] < closest_s:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _steps(
    clock: Sequence[Mapping[str, Any]], begin_s: float, end_s: float, step_s: float
) -> list[Mapping[str, Any]]:
    """Return the changes in a part; of those within one pixel only the first two rates and last.

    A pixel in which SYSCLK goes up and down then still shows both.
    """
    before = [row for row in clock if row["time_s"] <= begin_s][-1:]
    inside = [row for row in clock if begin_s < row["time_s"] < end_s]
    found: list[Mapping[str, Any]] = [{**row, "time_s": begin_s} for row in before]
    pixel = -1
    seen: set[float] = set()
    for row, following in zip_longest(inside, inside[1:]):
        here = int((row["time_s"] - begin_s) / step_s)
        if here != pixel:
            pixel, seen = here, set()
        ends = following is None or int((following["time_s"] - begin_s) / step_s) != here
        if row["sysclk_hz"] not in seen or ends:
            found.append(row)
        seen.add(row["sysclk_hz"])
    return [*found, {**found[-1], "time_s": end_s}] if found else []
