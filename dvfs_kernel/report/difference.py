"""Two reports side by side: what went in that differs, and what differs in what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.errors import ReportError
from dvfs_kernel.report.runs import HEADLINE, energy, latency_s, mega_hz, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["Cause", "Difference", "LayerDifference", "RunDifference", "difference"]

_SAME: Final = 1e-9  # relative: what differs by less is the same number, summed otherwise
_ABSENT: Final = "not there"


@dataclass(frozen=True)
class Cause:
    """Something that went into both runs and differs.

    Parameters
    ----------
    kind
        ``network``, ``firmware``, ``board``, ``parameter``, ``clocks``, ``option`` or ``version``.
    what
        Its name.
    before, after
        Its values as text.
    """

    kind: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.kind} {self.what}: {self.before} → {self.after}"


@dataclass(frozen=True)
class RunDifference:
    """A run that both have, at a bound of the same name.

    Parameters
    ----------
    latency_s, window_j : pair
        Executed, or predicted where a run was not executed; None where it is not known.
    """

    bound: str
    name: str
    title: str
    latency_s: tuple[float | None, float | None]
    window_j: tuple[float | None, float | None]


@dataclass(frozen=True)
class LayerDifference:
    """A layer of the schedule of least energy that differs.

    Parameters
    ----------
    choice : pair
        Clock, granularity and LFO, in words.
    time_s, energy_j : pair
        Executed, or predicted; None where it is not known.
    reason
        Why, as far as it is known.
    """

    bound: str
    layer: str
    choice: tuple[str, str]
    time_s: tuple[float | None, float | None]
    energy_j: tuple[float | None, float | None]
    reason: str


@dataclass(frozen=True)
class Difference:
    """Two reports of the same network, or of networks that share layers.

    Parameters
    ----------
    names
        Of the reports.
    causes
        What went in differently.
    runs
        Every run that both have.
    layers
        Those that differ, in the order of the network.
    remarks
        What only one of the reports has, in sentences.
    """

    names: tuple[str, str]
    causes: tuple[Cause, ...]
    runs: tuple[RunDifference, ...]
    layers: tuple[LayerDifference, ...]
    remarks: tuple[str, ...]


def difference(before: Document, after: Document, names: tuple[str, str]) -> Difference:
    """Return what differs between two checked documents.

    Raises
    ------
    ReportError
        They share no layer, or no bound: there is nothing to compare.
    """
    shared = _shared_layers(before, after, names)
    bounds = [{bound["name"]: bound for bound in one["bounds"]} for one in (before, after)]
    both = [name for name in bounds[0] if name in bounds[1]]
    if not both:
        raise ReportError(
            f"{names[0]} and {names[1]} have no bound of the same name: "
            f"{', '.join(bounds[0])} there, {', '.join(bounds[1])} here; "
            "run both with one --qos or --latency"
        )
    causes = tuple(_causes(before, after))
    runs, layers = [], []
    for name in both:
        pair = (bounds[0][name], bounds[1][name])
        runs += list(_runs(name, pair))
        layers += list(_layers(name, pair, (before, after), shared, causes))
    return Difference(
        names, causes, tuple(runs), tuple(layers), tuple(_remarks(bounds, both, names))
    )


def _shared_layers(before: Document, after: Document, names: tuple[str, str]) -> list[str]:
    """Return the names of the layers that both networks have, in the order of the first."""
    own, other = ([layer["name"] for layer in one["network"]["layers"]] for one in (before, after))
    shared = [name for name in own if name in set(other)]
    if not shared:
        raise ReportError(
            f"{names[0]} is of {before['network']['name']} and {names[1]} of "
            f"{after['network']['name']}: they have no layer of the same name; reports of one "
            "network, or of two forms of it, can be compared"
        )
    return shared


def _causes(before: Document, after: Document) -> Iterator[Cause]:
    for kind, found in (
        ("network", _network),
        ("firmware", _firmware),
        ("board", _board),
        ("parameter", _parameters),
        ("clocks", _clocks),
        ("option", _options),
        ("version", _versions),
    ):
        own, other = found(before), found(after)
        for what in dict.fromkeys([*own, *other]):
            values = own.get(what, _ABSENT), other.get(what, _ABSENT)
            if values[0] != values[1]:
                yield Cause(kind, what, *values)


def _network(document: Document) -> dict[str, str]:
    network = document["network"]
    return {
        "name": network["name"],
        "input": "×".join(map(str, network["input_shape"])),
        "layers": str(len(network["layers"])),
        "multiply-accumulates": f"{network['macs']:,}",
    }


def _firmware(document: Document) -> dict[str, str]:
    return {"build": str(document["firmware_build_id"])}


def _board(document: Document) -> dict[str, str]:
    board = document["board"]
    return {name: _text(value) for name, value in board.items() if name != "energy"}


def _parameters(document: Document) -> dict[str, str]:
    return {
        row["name"]: f"{_text(row['value'])} {row['unit'] or ''}".strip()
        for row in document["parameters"]
    }


def _clocks(document: Document) -> dict[str, str]:
    settings = document["clocks"]["settings"]
    return {row["clock"]: mega_hz(row["sysclk_hz"]) for row in settings}


def _options(document: Document) -> dict[str, str]:
    grains = document["exploration"]["granularities"]
    return {"granularities": ", ".join(map(str, grains))}


def _versions(document: Document) -> dict[str, str]:
    return dict(document["versions"])


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _runs(name: str, pair: tuple[Any, Any]) -> Iterator[RunDifference]:
    for run in pair[0]["runs"]:
        other = run_of(pair[1], run["name"])
        if other is not None:
            yield RunDifference(
                name,
                run["name"],
                run["title"]
                if run["title"] == other["title"]
                else f"{run['title']} → {other['title']}",
                (latency_s(run), latency_s(other)),
                (energy(run), energy(other)),
            )


def _layers(
    name: str,
    pair: tuple[Any, Any],
    documents: tuple[Document, Document],
    shared: list[str],
    causes: tuple[Cause, ...],
) -> Iterator[LayerDifference]:
    found = []
    for bound, document in zip(pair, documents, strict=True):
        run = run_of(bound, HEADLINE)
        plans = [] if run is None else run["layers"]
        layers = document["network"]["layers"]
        found.append(
            {layer["name"]: (layer, plan) for layer, plan in zip(layers, plans, strict=False)}
        )
    for layer in shared:
        if layer not in found[0] or layer not in found[1]:
            continue
        (own, one), (others, other) = found[0][layer], found[1][layer]
        times = _either(one, "s"), _either(other, "s")
        energies = _either(one, "j"), _either(other, "j")
        choices = _choice(one), _choice(other)
        if choices[0] == choices[1] and _same(times) and _same(energies):
            continue
        yield LayerDifference(
            name, layer, choices, times, energies, _reason(one, other, (own, others), causes)
        )


def _either(plan: Mapping[str, Any], unit: str) -> float | None:
    """Return what a layer took; what was predicted where it was not executed."""
    executed: float | None = plan[f"executed_{unit}"]
    return plan[f"predicted_{unit}"] if executed is None else executed


def _same(pair: tuple[float | None, float | None]) -> bool:
    one, other = pair
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME * max(abs(one), abs(other))


def _choice(plan: Mapping[str, Any]) -> str:
    lfo = f", LFO {plan['lfo']}" if plan["lfo"] else ""
    return f"{mega_hz(plan['sysclk_hz'])} ({plan['hfo']}), g {plan['granularity']}{lfo}"


# What can change a layer that has the same clock and form in both.
_MOVING: Final = ("network", "firmware", "board", "parameter", "version")


def _reason(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    layers: tuple[Mapping[str, Any], Mapping[str, Any]],
    causes: tuple[Cause, ...],
) -> str:
    told = [
        f"another {word}"
        for word, key in (("clock", "hfo"), ("granularity", "granularity"), ("LFO", "lfo"))
        if one[key] != other[key]
    ]
    if layers[0]["macs"] != layers[1]["macs"]:
        told.append(f"{layers[0]['macs']:,} → {layers[1]['macs']:,} multiply-accumulates")
    if told:
        return ", ".join(told)
    moving = list(dict.fromkeys(cause.kind for cause in causes if cause.kind in _MOVING))
    if not moving:
        return "the same choice and nothing else changed: an interrupt, or what ran before it"
    return f"the same choice; what changed is {', '.join(moving)}"


def _remarks(
    bounds: list[dict[str, Any]], both: list[str], names: tuple[str, str]
) -> Iterator[str]:
    for own, name in zip(bounds, names, strict=True):
        alone = [bound for bound in own if bound not in both]
        if alone:
            yield f"Only {name} has the bound{'s' if len(alone) > 1 else ''} {', '.join(alone)}."
    for name in both:
        runs = [{run["name"]: run["title"] for run in own[name]["runs"]} for own in bounds]
        for number in (0, 1):
            alone = [title for key, title in runs[number].items() if key not in runs[1 - number]]
            if alone:
                yield f"At {name}, only {names[number]} ran {'; '.join(alone)}."
