"""Tables of what is left out, and of the schedules before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.studies.joint.joint_problem import forms_of
from dvfs_kernel.widgets import markup
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.studies.joint.techniques import TechniqueCandidate
    from dvfs_kernel.widgets.survey import Surveyed
    from dvfs_kernel.widgets.thinning_walk import ThinningWalk

__all__ = ["executed_table", "facts_table", "schedule_table", "time_rows"]


def facts_table(
    walk: ThinningWalk, number: int, before: TechniqueCandidate, after: TechniqueCandidate
) -> str:
    """Return what the chosen plan leaves out, loses and saves."""
    exact, chosen = walk.variants[0].point, walk.variants[number].point
    assert exact is not None  # there is data
    assert chosen is not None
    top1 = [
        f"{point.test.accuracy:.2%} ({point.interval[0]:.2%} to {point.interval[1]:.2%})"
        for point in (exact, chosen)
    ]
    latency = walk.latency_s(0), walk.latency_s(number)
    window = before.candidate.predicted_window_j, after.candidate.predicted_window_j
    rows = [
        (
            "multiply-accumulates skipped",
            f"{exact.counts.skipped_share:.1%}",
            f"{chosen.counts.skipped_share:.1%}",
            "",
        ),
        (
            "Top-1 on search images",
            f"{exact.point.assessment.accuracy:.2%}",
            f"{chosen.point.assessment.accuracy:.2%}",
            f"{-chosen.point.assessment.loss_points:+.2f} points",
        ),
        (
            "Top-1 on test images (95 % interval)",
            *top1,
            f"{-chosen.test.loss_points:+.2f} points",
        ),
        (
            "latency, unpacked, fastest clock",
            f"{latency[0] * 1e3:.3f} ms",
            f"{latency[1] * 1e3:.3f} ms",
            f"{100 * (latency[1] / latency[0] - 1):+.1f} %",
        ),
        (
            f"energy of a window of {before.candidate.window_s * 1e3:.2f} ms",
            f"{window[0] * 1e3:.4f} mJ",
            f"{window[1] * 1e3:.4f} mJ",
            f"{100 * (window[1] / window[0] - 1):+.1f} %",
        ),
    ]
    return markup.table(
        f"The plan that was chosen: {walk.variants[number].name}",
        ["quantity", "exact", "thinned", "difference"],
        rows,
    )


def schedule_table(
    walk: ThinningWalk,
    number: int,
    before: TechniqueCandidate,
    after: TechniqueCandidate,
    surveyed: Surveyed,
) -> str:
    """Return form, clock and time of each layer, before and after."""
    point = walk.variants[number].point
    assert point is not None  # there is data
    skipped = {
        layer.name: layer.skipped_pairs / layer.pairs
        for layer in point.counts.layers
        if layer.pairs
    }
    rows = []
    sides = [
        (
            forms_of(one.candidate.rows),
            surveyed.schedule_rows(one.candidate.schedule),
            one.candidate.prediction.time_s,
        )
        for one in (before, after)
    ]
    for index, layer in enumerate(surveyed.network.layers):
        cells = []
        for forms, layers, time_s in sides:
            row = layers[index]
            clock = megahertz(row["sysclk_hz"])
            form = forms[index] if len(walk.variants[0].options.need.layers[index]) > 1 else "one"
            cells += [form, clock, f"{time_s[index] * 1e3:.3f}"]
        share = f"{skipped[layer.name]:.1%}" if layer.name in skipped else ""
        rows.append((f"{index}: {layer.name}", share, *cells))
    heads = ["layer", "pairs left out"]
    for side in ("before", "after"):
        heads += [f"form {side}", f"clock {side}", f"ms {side}"]
    return markup.table("The schedule of each layer, nothing left out and thinned", heads, rows)


def time_rows(
    before: TechniqueCandidate, after: TechniqueCandidate, surveyed: Surveyed
) -> list[dict[str, Any]]:
    """Return the rows of `charts.layer_times`."""
    found = []
    for side, one in (("before", before), ("after", after)):
        forms = forms_of(one.candidate.rows)
        layers = surveyed.schedule_rows(one.candidate.schedule)
        for form, row, time_s in zip(
            forms, layers, one.candidate.prediction.time_s.tolist(), strict=True
        ):
            clock = megahertz(row["sysclk_hz"])
            has_forms = len(one.variant.options.need.layers[row["layer"]]) > 1
            text = f"{form}, {clock}" if has_forms else clock
            found.append({"layer": row["name"], "side": side, "time_s": time_s, "text": text})
    return found


def executed_table(
    chosen: Sequence[TechniqueCandidate], found: Sequence[tuple[Record, bool]], what: str
) -> str:
    """Return what the board took, and whether its output is the interpreter's."""
    rows = []
    for one, (record, same) in zip(chosen, found, strict=True):
        candidate = one.candidate
        rows.append(
            (
                one.variant.name,
                f"{record.latency_s * 1e3:.3f}",
                f"{100 * (candidate.prediction.latency_s / record.latency_s - 1):+.2f} %",
                f"{record.total('window_j') * 1e3:.4f}",
                f"{100 * (candidate.predicted_window_j / record.total('window_j') - 1):+.2f} %",
                "yes" if same else "no",
            )
        )
    heads = ["network", "ms", "ms were off by", "window (mJ)", "mJ were off by"]
    return markup.table(
        f"Executed on the board: {what}; each output held against the exact interpreter of its "
        "network",
        [*heads, "same bytes"],
        rows,
    )
