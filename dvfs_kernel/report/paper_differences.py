"""Sentences that say why a number differs from the paper's, each computed from the document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dvfs_kernel.image.dae_form import DAE_OPERATORS
from dvfs_kernel.report.runs import (
    HEADLINE,
    bound_at,
    energy,
    is_ours,
    mega_hz,
    run_of,
    saving,
    top_hz,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dvfs_kernel.report.document import Document

__all__ = [
    "charge_per_cycle",
    "clock_of_most_layers",
    "deepest_power_drop",
    "granularities",
    "power_drop",
    "relaxation",
    "saving_against",
    "share_by_bound",
]


def saving_against(baseline: str) -> Callable[[Document], str]:
    """Explain a saving by its parts: what the inference saves and what the idle time saves."""

    def told(document: Document) -> str:
        bound = max(document["bounds"], key=lambda bound: saving(bound, baseline) or -1.0)
        ours, other = run_of(bound, HEADLINE), run_of(bound, baseline)
        whole = energy(other)
        parts = []
        for name, part in (("inference", "inference_j"), ("idle time", "idle_j")):
            a, b = energy(ours, part), energy(other, part)
            if a is not None and b is not None and whole:
                parts.append(f"{100 * (b - a) / whole:.1f} points come from the {name}")
        text = f"at {bound['name']}: " + (" and ".join(parts) or "the parts are not known")
        idle = energy(other, "idle_j")
        if idle is not None and whole:
            text += f"; the baseline idles away {100 * idle / whole:.1f} % of its window's energy"
        fair = _with_same_idle(bound, other)
        if fair is not None:
            text += f"; with the baseline's own idle mode DVFS saves {100 * fair:.1f} %"
        return text

    return told


def _with_same_idle(bound: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> float | None:
    """Return the saving of the DVFS run that idles as the baseline does; None for the headline."""
    if baseline is None:
        return None
    same = (run for run in bound["runs"] if is_ours(run) and run["idle"] == baseline["idle"])
    run = next(same, None)
    if run is None or run["name"] == HEADLINE:
        return None
    return saving(bound, baseline["name"], run["name"])


def relaxation(document: Document) -> str:
    """Explain by the energies themselves and by how frugal the slower clocks are."""
    names = []
    for qos in (0.1, 0.5):
        bound = bound_at(document, qos)
        run = None if bound is None else run_of(bound, HEADLINE)
        window = energy(run)
        if bound is None or window is None:
            return "the energies are not known"
        other = energy(run_of(bound, "tinyengine"))
        relative = f" ({window / other:.3f} of TinyEngine's)" if other else ""
        names.append(f"{window * 1e3:.4g} mJ{relative} at {bound['name']}")
    network = document["network"]["name"]
    return f"{network} needs " + " and ".join(names) + f"; {charge_per_cycle(document)}"


def charge_per_cycle(document: Document) -> str:
    """Say which clock needs the least charge for a cycle, against the fastest and the slowest."""
    settings = sorted(document["clocks"]["settings"], key=lambda row: row["hclk_hz"])
    nanocoulomb = {row["clock"]: row["run_current_a"] / row["hclk_hz"] * 1e9 for row in settings}
    best = min(settings, key=lambda row: nanocoulomb[row["clock"]])
    told = [
        f"{nanocoulomb[row['clock']]:.3g} nC at {mega_hz(row['sysclk_hz'])}"
        for row in (settings[0], settings[-1])
        if row is not best
    ]
    return (
        f"a cycle costs least, {nanocoulomb[best['clock']]:.3g} nC, at {mega_hz(best['sysclk_hz'])}"
        + (f" ({', '.join(told)})" if told else "")
    )


def deepest_power_drop(
    document: Document,
) -> tuple[float, Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the largest 1 - P(g) / P(0) at one layer and HFO, with both points."""
    points = document["figures"]["fig4"]
    plain = {
        (row["layer"], row["clock"]): row
        for row in points
        if row["granularity"] == 0 and row["lfo"] is None
    }
    found = [
        (1.0 - row["power_w"] / base["power_w"], row, base)
        for row in points
        if row["granularity"] > 0
        and (base := plain.get((row["layer"], row["clock"]))) is not None
        and base["power_w"]
    ]
    return max(found, key=lambda item: item[0], default=None)


def power_drop(document: Document) -> str:
    """Explain by the powers at both clocks, between which the average has to lie."""
    found = deepest_power_drop(document)
    if found is None:
        return "no layer was run at g = 0 and another g"
    _, row, base = found
    name = document["network"]["layers"][row["layer"]]["name"]
    text = (
        f"{name} goes from {base['power_w'] * 1e3:.4g} to {row['power_w'] * 1e3:.4g} mW with "
        f"g = {row['granularity']} at {mega_hz(row['sysclk_hz'])}"
    )
    currents = {item["clock"]: item["run_current_a"] for item in document["clocks"]["settings"]}
    if row["lfo"] in currents and currents.get(row["clock"]):
        most = 1.0 - currents[row["lfo"]] / currents[row["clock"]]
        text += f"; on the LFO alone the board draws {100 * most:.1f} % less"
    return text


def clock_of_most_layers(document: Document, layers: Sequence[tuple[str, Any]]) -> str:
    """Name the clock that most layers run on and what a cycle costs there."""
    if not layers:
        return "no layers are known"
    rates = Counter(layer["sysclk_hz"] for _, layer in layers)
    hz, count = max(rates.items(), key=lambda item: (item[1], item[0]))
    return (
        f"most layers, {count} of {len(layers)}, run at {mega_hz(hz)}; {charge_per_cycle(document)}"
    )


def share_by_bound(tight: float, relaxed: float) -> Callable[[Document], str]:
    """Explain by the number of layers at the highest SYSCLK at either bound."""

    def told(document: Document) -> str:
        parts = []
        for qos in (tight, relaxed):
            layers = _layers(document, qos)
            count = sum(layer["sysclk_hz"] >= top_hz(document) for layer in layers)
            parts.append(f"{count} of {len(layers)} layers at {100 * qos:g} %")
        return f"{mega_hz(top_hz(document))}: " + ", ".join(parts) + f"; {_relock(document)}"

    return told


def granularities(tight: float, relaxed: float) -> Callable[[Document], str]:
    """Explain by how many layers run decoupled at either bound, and with which granularity."""

    def told(document: Document) -> str:
        parts = []
        for qos in (tight, relaxed):
            counts = Counter(layer["granularity"] for layer in _layers(document, qos))
            listed = ", ".join(f"{n} layers with g = {g}" for g, n in sorted(counts.items()))
            parts.append(f"at {100 * qos:g} % {listed}")
        return "; ".join([*parts, _gain_of_decoupling(document)])

    return told


def _gain_of_decoupling(document: Document) -> str:
    """Say how many layers need the least energy decoupled, of those that can be."""
    names = [layer["operator"] for layer in document["network"]["layers"]]
    kept = [entry for entry in document["layers"] if names[entry["layer"]] in DAE_OPERATORS]
    best = [
        min(entry["points"], key=lambda point: point["energy_j"])
        for entry in kept
        if entry["points"]
    ]
    count = sum(point["granularity"] > 0 for point in best)
    kinds = " and ".join(DAE_OPERATORS)
    return f"of {len(best)} {kinds} layers {count} need the least energy decoupled"


def _layers(document: Document, qos: float) -> Sequence[Mapping[str, Any]]:
    bound = bound_at(document, qos)
    run = None if bound is None else run_of(bound, HEADLINE)
    return () if run is None else run["layers"]


def _relock(document: Document) -> str:
    """Say what the dearest change of clocks costs, beside the length of a layer."""
    longest_s = max((t or 0.0 for row in _times(document) for t in row), default=0.0)
    count = len(document["network"]["layers"])
    mean_s = document["baseline_latency_s"] / count
    return (
        f"a change of clocks takes up to {longest_s * 1e6:.4g} µs, "
        f"a layer {mean_s * 1e6:.4g} µs on average"
    )


def _times(document: Document) -> list[list[float | None]]:
    found: list[list[float | None]] = document["clocks"]["switching"]["time_s"]
    return found
