"""What the words mean that reports use: the one place, of which ``docs/glossary.md`` is made.

``python -m dvfs_kernel.report.glossary`` writes that page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["TERMS", "Term", "as_markdown"]


@dataclass(frozen=True)
class Term:
    """A word and what it means.

    Parameters
    ----------
    forms
        Other ways in which it is written; capitals count.
    """

    name: str
    meaning: str
    forms: tuple[str, ...] = field(default=())

    @property
    def anchor(self) -> str:
        """Return its place on a page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


#: In the order of the alphabet.
TERMS: Final = (
    Term(
        "baseline",
        "What bounds count from: every layer interleaved (g = 0), at the highest SYSCLK.",
        ("baselines",),
    ),
    Term(
        "bound",
        "The longest time that an inference may take. A bound of 10 % is the baseline's latency "
        "and a tenth of it more, which the paper calls QoS.",
        ("bounds",),
    ),
    Term("charge per cycle", "Run current over HCLK: what a clock cycle costs, in nC."),
    Term(
        "compute segment", "The part of a decoupled layer that calculates.", ("compute segments",)
    ),
    Term(
        "DAE",
        "Decoupled access-execute: a layer first copies what it needs next (memory segment), then "
        "calculates with it (compute segment), over and over. The two can run on different clocks.",
    ),
    Term("decoupled", "In DAE form, with g above 0.", ("decoupling",)),
    Term(
        "DVFS",
        "Dynamic voltage and frequency scaling: here, each layer runs on the clock that suits it, "
        "at the voltage that this clock needs.",
    ),
    Term(
        "error",
        "Of a prediction: predicted / executed − 1. Above 0: it took less than predicted.",
        ("errors",),
    ),
    Term(
        "g",
        "Granularity: how many channels (depthwise layers) or columns (pointwise layers) a memory "
        "segment copies at a time. 0: the layer is interleaved.",
        ("granularity", "granularities"),
    ),
    Term(
        "gap", "Energy of a schedule above the lower bound: how much better one could be at most."
    ),
    Term(
        "gated",
        "Asleep with PLL, HSE and the clocks of peripherals off, the core's clock at 1 MHz.",
        ("clocks gated",),
    ),
    Term("HCLK", "The clock of core, caches and memories; here it equals SYSCLK."),
    Term(
        "HFO",
        "High-frequency operation: the clock of a layer's compute segments, and of all of the "
        "layer where it does not hop.",
    ),
    Term(
        "hop",
        "A change of SYSCLK between HSE and a PLL that stays locked: takes about a microsecond.",
        ("hops", "hopping"),
    ),
    Term("HSE", "The board's external clock or crystal, 50 MHz where nothing else is said."),
    Term("interleaved", "Loads and arithmetic mixed, as kernels usually are: g = 0."),
    Term(
        "LFO",
        "Low-frequency operation: the clock of a layer's memory segments, the HSE. A layer without "
        "one stays on its HFO.",
    ),
    Term(
        "lower bound",
        "An energy below which no schedule of the explored options is predicted to come: the "
        "proof.",
    ),
    Term(
        "MAC",
        "Multiply-accumulate: one product, added to a sum.",
        ("MACs", "multiply-accumulates"),
    ),
    Term(
        "MCKP",
        "Multiple-choice knapsack problem: one option of each layer, the least energy within the "
        "bound. The paper's form of the question, in which changing clocks costs nothing.",
    ),
    Term("memory segment", "The part of a decoupled layer that copies.", ("memory segments",)),
    Term(
        "option",
        "One way to run a layer: a clock, a granularity, and whether it hops.",
        ("options", "candidate", "candidates"),
    ),
    Term(
        "over-drive",
        "A higher core voltage, which the chip needs above 180 MHz; switching it takes some 50 µs.",
    ),
    Term(
        "PLL",
        "Multiplies the HSE to a faster clock. pll:M/N/P: divided by M, times N, divided by P.",
    ),
    Term("price", "Energy that one more millisecond of bound would save."),
    Term("QoS", "Quality of service: how much longer than the baseline an inference may take."),
    Term(
        "race to idle",
        "Run everything at full clock, then sleep as deeply as possible.",
        ("Race to idle",),
    ),
    Term(
        "relock",
        "The PLL is stopped, set anew and locks again: takes some 200 µs, on the HSE meanwhile.",
        ("relocks",),
    ),
    Term("Sleep", "The core waits, its clock and the PLL run on."),
    Term(
        "Stop",
        "All clocks of core and peripherals off, memory kept: the deepest idling used here.",
    ),
    Term("SYSCLK", "The chip's main clock, up to 216 MHz."),
    Term(
        "TinyEngine",
        "MIT's inference library. Only its way of running and idling is compared with: one clock, "
        "the fastest, then Sleep. The kernels are those of this project, in all runs.",
    ),
    Term("VCO", "The oscillator in the PLL, twice SYSCLK with P = 2; what it draws grows with it."),
    Term(
        "voltage scale",
        "The core's voltage: 3 is the lowest, for up to 144 MHz, then 2, 1, and 1 with over-drive.",
    ),
    Term(
        "wait states",
        "Cycles that a read of flash takes longer: one more for every 30 MHz.",
    ),
    Term(
        "window",
        "From leaving idle to the end of the bound: one inference, then idle. All runs at a bound "
        "fill the same window, so their energies compare.",
        ("windows",),
    ),
)

_FIRST: Final = (
    "What the words in tables, charts and reports mean. A report has the same list, and each word "
    "leads to it."
)
_PAGE: Final = Path(__file__).parents[2] / "docs" / "glossary.md"


def as_markdown() -> str:
    """Return the page of the documentation."""
    return "\n".join(
        [
            "# Glossary",
            "",
            _FIRST,
            "",
            "| word | meaning |",
            "| --- | --- |",
            *(
                f"| {', '.join([term.name, *_other_words(term)])} | {term.meaning} |"
                for term in TERMS
            ),
            "",
        ]
    )


def _other_words(term: Term) -> list[str]:
    """Return forms that are no plural or capital of the name."""
    start = term.name.lower()
    return [form for form in term.forms if not form.lower().startswith(start)]


if __name__ == "__main__":
    _PAGE.write_text(as_markdown(), encoding="utf-8")
