"""Every number of the paper's abstract and section IV beside ours, with the reason of a difference.

E. L. Alvanaki et al., "Decoupled Access-Execute enabled DVFS for tinyML deployments on STM32
microcontrollers" (2024, https://arxiv.org/abs/2407.03711). The paper's numbers are measured on a
board, with three networks together; ours are of one network. A remark is computed from the
document, never written in advance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.image.dae_form import DAE_OPERATORS
from dvfs_kernel.report import paper_differences
from dvfs_kernel.report.runs import (
    HEADLINE,
    bound_at,
    energy,
    mega_hz,
    run_of,
    saving,
    top_hz,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dvfs_kernel.report.document import Document

__all__ = ["compare"]

_TIGHT, _RELAXED = 0.1, 0.5
_LOW_HZ = 100e6  # "the lowest operating frequencies, i.e. 75MHz and 100MHz"
_GRANULARITY = 16
_LARGE_ABSOLUTE, _LARGE_RELATIVE = 0.02, 0.1
_PERCENT = "%"


def compare(document: Document) -> list[dict[str, Any]]:
    """Return the table: ``quantity``, ``paper``, ``ours``, ``unit``, ``where``, ``remark``.

    Shares and savings are fractions of 1 (unit ``"1"``); ``ours`` is None where the document does
    not hold what the number needs, and the remark then says what is missing.
    """
    return [_row(document, item) for item in _ITEMS]


@dataclass(frozen=True)
class _Item:
    quantity: str
    paper: float
    where: str
    ours: Callable[[Document], float | None]
    explain: Callable[[Document], str]
    needs: str


def _row(document: Document, item: _Item) -> dict[str, Any]:
    ours = item.ours(document)
    if ours is None:
        remark = f"not known: needs {item.needs}"
    elif is_large(ours, item.paper):
        remark = item.explain(document)
    else:
        remark = "as in the paper, to a tenth"
    return {
        "quantity": item.quantity,
        "paper": item.paper,
        "ours": ours,
        "unit": "1",
        "where": item.where,
        "remark": remark,
    }


def is_large(ours: float, paper: float) -> bool:
    """Say whether a difference needs an explanation: over two points and over a tenth."""
    return abs(ours - paper) > max(_LARGE_ABSOLUTE, _LARGE_RELATIVE * abs(paper))


# ---- energies of windows -----------------------------------------------------------------------


def _best_saving(against: str) -> Callable[[Document], float | None]:
    def ours(document: Document) -> float | None:
        return max(_known(saving(bound, against) for bound in document["bounds"]), default=None)

    return ours


def _relaxation(document: Document) -> float | None:
    tight, relaxed = bound_at(document, _TIGHT), bound_at(document, _RELAXED)
    if tight is None or relaxed is None:
        return None
    before, after = energy(run_of(tight, HEADLINE)), energy(run_of(relaxed, HEADLINE))
    return None if not before or after is None else 1.0 - after / before


def _power_drop(document: Document) -> float | None:
    found = paper_differences.deepest_power_drop(document)
    return None if found is None else found[0]


# ---- shares of layers --------------------------------------------------------------------------


def headline_layers(document: Document, qos: float | None = None) -> list[tuple[str, Any]]:
    """Return (operator, layer) of our schedules at 10 % and 50 %, as in the paper's Fig. 6.

    At one bound only where `qos` is given; at all bounds where a document has neither of the two.
    """
    if qos is not None:
        bounds = [bound_at(document, qos)]
    else:
        bounds = [bound_at(document, _TIGHT), bound_at(document, _RELAXED)]
        if bounds == [None, None]:
            bounds = document["bounds"]
    operators = [layer["operator"] for layer in document["network"]["layers"]]
    return [
        pair
        for bound in bounds
        if bound is not None and (run := run_of(bound, HEADLINE)) is not None
        for pair in zip(operators, run["layers"], strict=False)
    ]


def _share_of(operator: str, holds: Callable[[Document, Any], bool]) -> Callable[..., float | None]:
    def ours(document: Document) -> float | None:
        return _share(
            holds(document, layer) for name, layer in headline_layers(document) if name == operator
        )

    return ours


def _at_top(document: Document, layer: Mapping[str, Any]) -> bool:
    return bool(layer["sysclk_hz"] >= top_hz(document))


def _at_low(document: Document, layer: Mapping[str, Any]) -> bool:
    del document
    return bool(layer["sysclk_hz"] <= _LOW_HZ)


def _more_at_top_when_tight(document: Document) -> float | None:
    tight, relaxed = (
        _share(_at_top(document, layer) for _, layer in headline_layers(document, qos))
        for qos in (_TIGHT, _RELAXED)
    )
    return None if tight is None or relaxed is None else tight - relaxed


def _more_grains_when_relaxed(document: Document) -> float | None:
    if _GRANULARITY not in document["exploration"]["granularities"]:
        return None
    tight, relaxed = (
        _share(layer["granularity"] == _GRANULARITY for _, layer in headline_layers(document, qos))
        for qos in (_TIGHT, _RELAXED)
    )
    return None if tight is None or relaxed is None else relaxed - tight


def _share(flags: Iterable[bool]) -> float | None:
    found = list(flags)
    return sum(found) / len(found) if found else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


# ---- the table ---------------------------------------------------------------------------------


def _both_readings(document: Document) -> str:
    """Tell the share of pointwise layers among those at the top clock, the other reading."""
    layers = headline_layers(document)
    top = [name for name, layer in layers if _at_top(document, layer)]
    clock = mega_hz(top_hz(document))
    if not top:
        return (
            f"no layer runs at {clock}: {paper_differences.clock_of_most_layers(document, layers)}"
        )
    counted = ", ".join(
        f"{100 * top.count(name) / len(top):.1f} {_PERCENT} {name}"
        for name in reversed(DAE_OPERATORS)
    )
    most = paper_differences.clock_of_most_layers(document, layers)
    return f"of the layers at {clock} here, {counted}; {most}"


def _clocks(document: Document) -> str:
    return paper_differences.clock_of_most_layers(document, headline_layers(document))


_SCHEDULES = "an executed or predicted DVFS schedule with its layers"
_BOTH = "the bounds 10 % and 50 %"

_ITEMS = (
    _Item(
        "energy saved against TinyEngine, at most",
        0.252,
        "abstract, section IV, Fig. 5",
        _best_saving("tinyengine"),
        paper_differences.saving_against("tinyengine"),
        "the runs dvfs and tinyengine",
    ),
    _Item(
        "energy saved against TinyEngine with clock gating, at most",
        0.072,
        "section IV, Fig. 5",
        _best_saving("tinyengine-gated"),
        paper_differences.saving_against("tinyengine-gated"),
        "the runs dvfs and tinyengine-gated",
    ),
    _Item(
        "less energy at the 50 % bound than at 10 % (MobileNetV2)",
        0.204,
        "section IV, Fig. 5",
        _relaxation,
        paper_differences.relaxation,
        f"the run dvfs at {_BOTH}",
    ),
    _Item(
        "drop of a layer's power by the granularity, at most",
        0.542,
        "section III-B, Fig. 4",
        _power_drop,
        paper_differences.power_drop,
        "power of a layer at g = 0 and at another g, at the same HFO",
    ),
    _Item(
        "pointwise layers at 216 MHz",
        0.588,
        "section IV, Fig. 6",
        _share_of("pointwise", _at_top),
        _both_readings,
        _SCHEDULES,
    ),
    _Item(
        "depthwise layers at 216 MHz",
        0.214,
        "section IV, Fig. 6",
        _share_of("depthwise", _at_top),
        _both_readings,
        _SCHEDULES,
    ),
    _Item(
        "pointwise layers at 75 or 100 MHz",
        0.461,
        "section IV, Fig. 6",
        _share_of("pointwise", _at_low),
        _clocks,
        _SCHEDULES,
    ),
    _Item(
        "depthwise layers at 75 or 100 MHz",
        0.434,
        "section IV, Fig. 6",
        _share_of("depthwise", _at_low),
        _clocks,
        _SCHEDULES,
    ),
    _Item(
        "more layers at 216 MHz at the 10 % bound than at 50 %",
        0.186,
        "section IV, Fig. 6",
        _more_at_top_when_tight,
        paper_differences.share_by_bound(_TIGHT, _RELAXED),
        _BOTH,
    ),
    _Item(
        "more layers with g = 16 at the 50 % bound than at 10 %",
        0.223,
        "section IV, Fig. 6",
        _more_grains_when_relaxed,
        paper_differences.granularities(_TIGHT, _RELAXED),
        f"{_BOTH}, and g = 16 among the granularities",
    ),
)
