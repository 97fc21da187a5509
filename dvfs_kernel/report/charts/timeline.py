"""SYSCLK, supply current and what the core does over the time of a window or of a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.charts.chart_data import BARE
from dvfs_kernel.report.charts.theme import INK, MUTED, heading, rows
from dvfs_kernel.report.palette import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["Idle", "clock_timeline"]

_STEPS = 1500  # stretches of the lines that a chart tells apart; more than it has pixels
_BINS = 190  # bars of the lowest panel: a few pixels each, so that each can be seen
_LEAST_PERCENT = 0.05  # of a bar; less cannot be seen
_IDLE: Final = "idle"
_BOUND: Final = "bound"

#: What a reader calls the kinds of segment.
_SAID: Final = {
    "memory": "memory",
    "compute": "compute",
    "switching": "switching",
    "other": "interleaved layers, and the rest",
    _IDLE: "idle",
}
_COLOURS: Final = {**SEGMENT, _IDLE: "#4d5a68"}


@dataclass(frozen=True)
class Idle:
    """What follows an inference until the bound.

    Parameters
    ----------
    start_s, end_s
        End of the inference, and the bound.
    current_a
        The average; None where the board cannot tell.
    mode
        How it idles, in words.
    """

    start_s: float
    end_s: float
    current_a: float | None
    mode: str


def clock_timeline(
    clock: Sequence[Mapping[str, Any]],
    segments: Sequence[Mapping[str, Any]],
    title: str,
    *,
    begin_s: float = 0.0,
    end_s: float | None = None,
    idle: Idle | None = None,
    width: int = 760,
) -> ChartType:
    """Draw SYSCLK, the supply current below, and below that what the time goes to.

    Parameters
    ----------
    clock
        Each change: ``time_s``, and from then on ``sysclk_hz``, ``source`` and ``current_a``.
    segments
        Stretches: ``start_s``, ``end_s``, ``segment``; may leave gaps.
    begin_s, end_s
        The part to show; by default until the last segment, change of clock or end of idling.
    idle
        What follows the inference; its end is marked as the bound.
    """
    last_s = max(
        [*(row["end_s"] for row in segments), *(row["time_s"] for row in clock)], default=1e-3
    )
    if idle is not None:
        segments = [
            *segments,
            {"start_s": idle.start_s, "end_s": idle.end_s, "segment": _IDLE},
        ]
        last_s = max(last_s, idle.end_s)
    end_s = last_s if end_s is None else end_s
    # The inference's clock says nothing of idling, whose current is known as an average.
    stop_s = end_s if idle is None else min(end_s, idle.start_s)
    values = [
        {
            "ms": (row["time_s"] - begin_s) * 1e3,
            "mhz": row["sysclk_hz"] / 1e6,
            "ma": None if row["current_a"] is None else row["current_a"] * 1e3,
        }
        for row in _steps(clock, begin_s, stop_s, (end_s - begin_s) / _STEPS)
    ]
    rates = sorted({row["mhz"] for row in values})
    if idle is not None and idle.current_a is not None and values:
        ma = idle.current_a * 1e3
        values += [
            {"ms": (place - begin_s) * 1e3, "mhz": None, "ma": ma} for place in (stop_s, end_s)
        ]
    span_ms = (end_s - begin_s) * 1e3
    name = "time (ms)" if begin_s == 0 else "time since the start of the part (ms)"

    def x(field: str, *, last: bool = False) -> alt.X:
        return alt.X(
            f"{field}:Q",
            title=name if last else None,
            scale=alt.Scale(domain=[0, span_ms], nice=False),
            axis=alt.Axis(labels=last, ticks=last),
        )

    def panel(field: str, called: str, height: int) -> ChartType:
        line = (
            alt.Chart(rows(values))
            .mark_line(interpolate="step-after", color=INK, strokeWidth=1)
            .encode(
                x=x("ms"),
                y=alt.Y(f"{field}:Q", title=called, scale=alt.Scale(zero=True)),
                tooltip=[alt.Tooltip("ms:Q", title=name), alt.Tooltip(f"{field}:Q", title=called)],
            )
        )
        return alt.layer(line, *_bound(idle, begin_s, x)).properties(width=width, height=height)

    bars = _bars(segments, begin_s, end_s)
    kinds = [kind for kind in _COLOURS if any(bar["kind"] == _SAID[kind] for bar in bars)]
    shares = (
        alt.Chart(rows(bars))
        .mark_rect(strokeWidth=0)
        .encode(
            x=x("begin", last=True),
            x2="end:Q",
            y=alt.Y("low:Q", title="part of time (%)", scale=alt.Scale(domain=[0, 100])),
            y2="high:Q",
            color=alt.Color(
                "kind:N",
                title="what the time goes to",
                scale=alt.Scale(
                    domain=[_SAID[kind] for kind in kinds],
                    range=[_COLOURS[kind] for kind in kinds],
                ),
            ),
            tooltip=[
                alt.Tooltip("kind:N", title="kind"),
                alt.Tooltip("begin:Q", title="from (ms)", format=".4f"),
                alt.Tooltip("end:Q", title="to (ms)", format=".4f"),
                alt.Tooltip("percent:Q", title="part of that time (%)", format=".1f"),
            ],
        )
        .properties(width=width, height=70)
    )
    panels = [panel("mhz", "SYSCLK (MHz)", 130)]
    if any(row["ma"] is not None for row in values):
        panels.append(panel("ma", "current (mA)", 90))
    return alt.vconcat(
        *panels,
        shares,
        spacing=6,
        title=heading(title, *_notes(idle)),
        description=(
            f"{title}: SYSCLK over {span_ms:.4g} ms, {len(clock)} settings in turn"
            f" in the whole run; it takes the values {', '.join(f'{r:.4g}' for r in rates)} MHz."
        ),
    )


def _bound(idle: Idle | None, begin_s: float, x: Any) -> list[alt.Chart]:
    """Return a rule at the bound, none where the part has none."""
    if idle is None:
        return []
    place = rows([{"ms": (idle.end_s - begin_s) * 1e3, "name": _BOUND}])
    rule = alt.Chart(place).mark_rule(strokeDash=[4, 3], color=MUTED, strokeWidth=1.5, style=BARE)
    return [rule.encode(x=x("ms"))]


def _notes(idle: Idle | None) -> list[str]:
    if idle is None:
        return []
    average = (
        "" if idle.current_a is None else f"; its current is the average, {_ma(idle.current_a)} mA"
    )
    return [f"Dashed: the bound. Idle until then: {idle.mode}{average}."]


def _ma(current_a: float) -> str:
    return f"{current_a * 1e3:.3g}"


def _bars(
    segments: Sequence[Mapping[str, Any]], begin_s: float, end_s: float
) -> list[dict[str, Any]]:
    """Return for each of some bins of time what it goes to, as bars one above the other.

    However short the segments are: what cannot be seen one by one is seen as a part.
    """
    step_s = (end_s - begin_s) / _BINS
    shares: list[dict[str, float]] = [{} for _ in range(_BINS)]
    for row in segments:
        kind, left = row["segment"], max(row["start_s"], begin_s)
        right = min(row["end_s"], end_s)
        if right <= left:
            continue
        first = min(int((left - begin_s) / step_s), _BINS - 1)
        for bin_ in range(first, _BINS):
            low = begin_s + bin_ * step_s
            if low >= right:
                break
            # Rounding may have put the first bin one too low: there, nothing lies inside.
            inside = max(min(right, low + step_s) - max(left, low), 0.0)
            shares[bin_][kind] = shares[bin_].get(kind, 0.0) + inside / step_s
    bars: list[dict[str, Any]] = []
    for number, found in enumerate(shares):
        low = 0.0
        for kind in _COLOURS:
            percent = 100 * found.get(kind, 0.0)
            if percent < _LEAST_PERCENT:
                continue
            high = min(low + percent, 100.0)
            bars.append(
                {
                    "begin": number * step_s * 1e3,
                    "end": (number + 1) * step_s * 1e3,
                    "low": round(low, 1),
                    "high": round(high, 1),
                    "percent": round(percent, 1),
                    "kind": _SAID[kind],
                }
            )
            low = high
    return _joined(bars)


def _joined(bars: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbours that look alike."""
    open_: dict[tuple[Any, ...], dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    for bar in bars:
        key = (bar["kind"], bar["low"], bar["high"])
        before = open_.get(key)
        if before is not None and abs(before["end"] - bar["begin"]) < 1e-9:
            before["end"] = bar["end"]
        else:
            open_[key] = bar
            found.append(bar)
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
