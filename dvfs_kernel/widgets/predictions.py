"""What a reader predicts before a panel shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.clocks.space import iso_frequency, settings_at
from dvfs_kernel.widgets.exercises import FAST, MIDDLE, switch_s

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PREDICTIONS", "Prediction"]

_SLOW_VCO, _FAST_VCO = "the one with the slower VCO", "the one with the faster VCO"
_SPEED_UPS: Final = {3: "about the same", 30: "the HSE, about ten times"}
_MUCH: Final = "the HSE, about a hundred times"


@dataclass(frozen=True)
class Prediction:
    """A choice to be made before looking.

    Parameters
    ----------
    look
        Where the answer shows, and why it is as it is where that does not depend on the network.
    answer
        Returns one of the options; None where it depends on the network and the reader compares.
    """

    question: str
    options: tuple[str, ...]
    look: str
    answer: Callable[[], str] | None = None


def _thriftier() -> str:
    found = iso_frequency(settings_at(100_000_000, PAPER_HSE_HZ), PAPER_HSE_HZ)
    vco_hz = [row.setting.vco_hz(PAPER_HSE_HZ) for row in (found[0], found[-1])]
    return _SLOW_VCO if vco_hz[0] < vco_hz[1] else _FAST_VCO


def _quicker() -> str:
    factor = switch_s(FAST, MIDDLE) / switch_s(FAST, f"{FAST}+hse")
    return next((text for most, text in _SPEED_UPS.items() if factor < most), _MUCH)


PREDICTIONS: Final = {
    "iso-frequency": Prediction(
        "Two settings give the same SYSCLK, one with a VCO of 200 MHz and one with 400 MHz. Which "
        "draws less?",
        (_SLOW_VCO, _FAST_VCO, "both draw the same"),
        "The core does not notice, but the oscillator inside the PLL draws current with its own "
        "frequency.",
        _thriftier,
    ),
    "relock": Prediction(
        "From 216 MHz to another PLL frequency, or from 216 MHz to the HSE with the PLL left "
        "running: which change is quicker, and by how much?",
        (*_SPEED_UPS.values(), _MUCH),
        "The PLL has to lock again; changing to a clock that runs takes a few of its edges.",
        _quicker,
    ),
    "granularity": Prediction(
        "More channels are gathered before they are convolved: g grows from 1 to the largest that "
        "fits. What does the latency of this layer do?",
        ("it falls all the way", "it falls, then rises or stays", "it rises all the way"),
        "The chart of latency over g below tells. Watch the data cache's fills too: gathered "
        "channels that do not fit the cache are fetched again when they are convolved.",
    ),
    "memory-clock": Prediction(
        "Memory segments run on the HSE, at 50 instead of 216 MHz. What happens to the energy of "
        "this layer?",
        ("it falls", "it stays within a per cent", "it rises"),
        "Set LFO to HSE and to none, and compare. While the core waits for memory a slow clock "
        "loses nothing; every instruction takes four times as long, and the PLL runs beside it.",
    ),
    "pareto": Prediction(
        "An option of a layer is a Pareto point if no other one is both quicker and more frugal. "
        "What part of all options is?",
        ("nearly all", "about half", "less than a tenth"),
        "Switch the chart below from all options to Pareto points.",
    ),
    "memory-bound": Prediction(
        "Which layers wait longest for memory, per cycle?",
        ("the first ones, with large maps", "the last ones, with many weights", "all alike"),
        "The last chart below has the rate of each layer; its line to the tick above it is what "
        "waiting costs.",
    ),
    "switching": Prediction(
        "The paper's knapsack adds up layers and does not know what a change of clock between two "
        "of them costs. What becomes of its schedules when they run?",
        (
            "they keep the bound, and take more energy than ours",
            "they miss some bounds, by the time of the relocks",
            "they are the same as ours",
        ),
        "Move the slider: the table has milliseconds of switching, relocks and whether the bound "
        "is kept, for the paper's schedule and for ours.",
    ),
    "own": Prediction(
        "Which part of its energy will your network save at the loosest bound, against the "
        "fastest clock with the core asleep until the bound?",
        ("less than a tenth", "a tenth to a third", "more than a third"),
        "The table has it once the schedules were run.",
    ),
    "sensor": Prediction(
        "The current changes a thousand times within an inference. How well does the INA219 find "
        "the charge of the whole inference?",
        ("to some per cent", "not at all", "exactly"),
        "The table below has both. The sensor averages over each conversion, so that no charge is "
        "lost between two of them; what it cannot tell is which segment drew it.",
    ),
    "boards": Prediction(
        "The same bytes of firmware run on every board below. What is the same to the last bit?",
        ("the output", "the output and the cycles", "everything"),
        "Compare the rows, if you have more than one board. The arithmetic is integers; time and "
        "cycles are modelled by the embedded board and measured by a chip.",
    ),
    "leaving-out": Prediction(
        "About half of a network's multiply-accumulates are left out, those that matter least. The "
        "weights that stay are fitted anew, once, on training pictures. What does Top-1 lose?",
        ("a point or less", "about ten points", "about half of it"),
        "Move the slider of the allowed loss, and compare the shares in the first rows.",
    ),
    "lost-pictures": Prediction(
        "Which pictures will a thinned network get wrong first?",
        (
            "any, by chance",
            "those of classes that look alike",
            "those of one class",
        ),
        "Look at the two names below each picture when the allowed loss is large.",
    ),
    "thinned-schedule": Prediction(
        "Products are left out, and the window stays as long as it was. What does the schedule of "
        "least energy do with the time that is won?",
        ("it slows the clock down", "it idles longer", "it takes other forms for some layers"),
        "Compare forms, clocks and times of each layer in the last table, for a window of 0 % and "
        "for one of 50 %. It can do several of these at once.",
    ),
}
