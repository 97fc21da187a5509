"""What a report says first: what was asked, what to do, what that saves, and how sure it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.exploration.tolerance import prediction_error
from dvfs_kernel.report.numbers import UNKNOWN, percent, quantity
from dvfs_kernel.report.runs import (
    EQUAL,
    HEADLINE,
    IDLING,
    REFERENCE,
    energy,
    is_proved,
    latency_s,
    mega_hz,
    run_of,
    saving,
    strongest_baseline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dvfs_kernel.report.document import Document

__all__ = ["Card", "asked", "cards", "joined", "largest_error", "saved", "sure"]

#: What the reference is, where it stands in a sentence: its idling is TinyEngine's, no more.
_REFERENCE = "the same kernels at full clock, idling as TinyEngine does"
_CLOCKS_NAMED = 3


@dataclass(frozen=True)
class Card:
    """One bound at a glance.

    Parameters
    ----------
    do
        The schedule in one sentence.
    saved, against
        A share and what it is compared with.
    proof, execution
        How sure that is.
    """

    bound: str
    bound_s: float
    latency_s: float | None
    window_j: float | None
    do: str
    saved: tuple[str, str]
    against: tuple[str, str] | None
    proof: str
    proved: bool
    execution: str
    executed: bool


def asked(document: Document) -> str:
    """Say what was asked, as one would ask it."""
    network, bounds = document["network"]["name"], document["bounds"]
    limits = joined(
        "or", [f"{quantity(bound['bound_s'], 's')} ({bound['name']})" for bound in bounds]
    )
    relative = any(bound["qos"] is not None for bound in bounds)
    return (
        f"Which clock should each layer of {network} run on, so that an inference and the wait "
        f"after it need the least energy, while the inference takes at most {limits}?"
        + (
            f" Per cent are over {quantity(document['baseline_latency_s'], 's')}, what it takes "
            "at full clock."
            if relative
            else ""
        )
    )


def cards(document: Document) -> list[Card]:
    """Return one card for each bound."""
    return [_card(bound) for bound in document["bounds"]]


def _card(bound: Mapping[str, Any]) -> Card:
    run, strongest = run_of(bound, HEADLINE), strongest_baseline(bound)
    proved = is_proved(bound)
    executed = run is not None and run["executed"]["window_j"] is not None
    good = executed and run is not None and run["keeps_bound"] and run["same_output"]
    return Card(
        bound=bound["name"],
        bound_s=bound["bound_s"],
        latency_s=None if run is None else latency_s(run),
        window_j=energy(run),
        do=UNKNOWN if run is None else _schedule(run),
        saved=_compared(saving(bound, REFERENCE), _REFERENCE),
        against=None
        if strongest is None or strongest["name"] == REFERENCE
        else _compared(
            saving(bound, strongest["name"]),
            f"the best without changing clocks ({strongest['title']})",
        ),
        proof="the best by prediction, proved"
        if proved
        else f"not proved the best: {bound['solution']['status']}, "
        f"gap {quantity(bound['solution']['gap_j'], 'J', 3)}",
        proved=proved,
        execution="executed: bound kept, output the same"
        if good
        else "executed, see the findings"
        if executed
        else "not executed: numbers are predictions",
        executed=bool(good),
    )


def _schedule(run: Mapping[str, Any]) -> str:
    """Return a schedule in one sentence."""
    layers = run["layers"]
    idling = IDLING.get(run["idle"], run["idle"])
    if not layers:
        return f"Then {idling}."
    clocks = Counter(mega_hz(layer["sysclk_hz"]) for layer in layers).most_common()
    if len(clocks) == 1:
        where = f"Run all {len(layers)} layers at {clocks[0][0]}"
    else:
        first, *others = clocks[:_CLOCKS_NAMED]
        parts = [f"{first[1]} of {len(layers)} layers at {first[0]}"]
        parts += [f"{count} at {clock}" for clock, count in others]
        rest = sum(count for _, count in clocks[_CLOCKS_NAMED:])
        parts += [f"{rest} at other clocks"] * bool(rest)
        where = f"Run {joined('and', parts)}"
    grains = sum(layer["granularity"] > 0 for layer in layers)
    hops = sum(layer["lfo"] is not None for layer in layers)
    are = "layer is" if grains == 1 else "layers are"
    decoupled = f"; {grains} {are} decoupled" if grains else ""
    hopping = f", {hops} with hops to the LFO" if hops else ""
    return f"{where}{decoupled}{hopping}; then wait in {idling}."


def _compared(amount: float | None, other: str) -> tuple[str, str]:
    """Return a saving and what it is against, as the parts of a sentence."""
    if amount is None:
        return UNKNOWN, f"against {other}: not known"
    if abs(amount) < EQUAL:
        return "as much", f"as {other}"
    return percent(abs(amount)), f"{'less' if amount > 0 else 'more'} than {other}"


def saved(document: Document) -> Iterator[str]:
    """Say what is saved where it is most, and against what."""
    known = [
        (amount, bound)
        for bound in document["bounds"]
        if (amount := saving(bound, REFERENCE)) is not None
    ]
    if not known:
        yield f"The document holds no energies of DVFS and of {_REFERENCE} at the same bound."
        return
    amount, best = max(known, key=lambda pair: pair[0])
    yield (
        f"At the {best['name']} bound ({quantity(best['bound_s'], 's')}), DVFS "
        f"{'saves' if amount >= 0 else 'costs'} {percent(abs(amount))} of the energy of "
        f"{_REFERENCE}."
    )
    strongest = strongest_baseline(best)
    if strongest is not None and strongest["name"] != REFERENCE:
        needs, relation = _compared(
            saving(best, strongest["name"]),
            f"the best that one could ship without changing clocks ({strongest['title']})",
        )
        yield f"It needs {needs} {relation}."


def sure(document: Document) -> Iterator[str]:
    """Say what is proved, what was executed, how far the two are apart, and what neither shows."""
    bounds = document["bounds"]
    proved = sum(map(is_proved, bounds))
    good = sum(card.executed for card in cards(document))
    bounds_told = f"{_some(proved, len(bounds))} {'bound' if len(bounds) == 1 else 'bounds'}"
    yield (
        f"Proved is the prediction: for {bounds_told} no schedule of the "
        f"{document['exploration']['candidates']:,} options explored is predicted to need less. "
        f"{_some(good, len(bounds)).capitalize()} kept the bound when executed, with the "
        "baseline's output."
    )
    runs = [run for bound in bounds for run in bound["runs"]]
    time, window = (largest_error(runs, part) for part in ("latency_s", "window_j"))
    if time is not None and window is not None:
        yield (
            f"Of all {_executed(runs)} runs here none is further from its prediction than "
            f"{percent(time, 2)} in latency and {percent(window, 2)} in energy: between two runs "
            "that differ by less, the proof decides nothing."
        )
    board = document["board"]
    told = board.get("energy")
    yield (
        f"All of it ran on board {board['spec']}"
        + (f" (energies: {told})" if told else "")
        + ". Currents are the data sheet's typical ones; a board of yours may differ: see the "
        "assumptions."
    )


def largest_error(runs: Sequence[Mapping[str, Any]], part: str) -> float | None:
    """Return how far execution and prediction are apart at most; None where nothing was run."""
    return max(
        (
            abs(prediction_error(run["predicted"][part], run["executed"][part]))
            for run in runs
            if run["executed"][part] and run["predicted"][part] is not None
        ),
        default=None,
    )


def _executed(runs: Sequence[Mapping[str, Any]]) -> int:
    return sum(run["executed"]["window_j"] is not None for run in runs)


def _some(count: int, whole: int) -> str:
    if count < whole:
        return f"{count} of {whole}"
    return {1: "the one", 2: "both"}.get(whole, f"all {whole}")


def joined(word: str, parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence, a word before the last."""
    return f" {word} ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
