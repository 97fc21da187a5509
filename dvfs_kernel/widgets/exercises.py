"""The questions of the notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dvfs_kernel import zoo
from dvfs_kernel.clock_lists import PAPER_HSE_HZ
from dvfs_kernel.clock_space import current_a, iso_frequency, settings_at
from dvfs_kernel.clock_state import ClockState
from dvfs_kernel.clocks import ClockSetting
from dvfs_kernel.excerpt import decoupled_layers
from dvfs_kernel.sensor_view import CONVERSIONS
from dvfs_kernel.switching_model import modelled_switch
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXERCISES", "PREDICTIONS", "Exercise", "Prediction"]

_FAST, _MIDDLE = "pll:25/216/2", "pll:25/100/2"


@dataclass(frozen=True)
class Exercise:
    """A number to find.

    Parameters
    ----------
    answer
        Computes it.
    tolerance
        Relative.
    way
        How it is found; ``{answer}`` stands for the number.
    """

    question: str
    unit: str
    answer: Callable[[], float]
    way: str
    tolerance: float = 0.02

    def explain(self) -> str:
        """Return the solution."""
        return self.way.format(answer=f"{self.answer():.4g} {self.unit}")


@dataclass(frozen=True)
class Prediction:
    """A choice to be made before looking."""

    question: str
    options: tuple[str, ...]
    answer: str
    why: str


def _saved_at_100() -> float:
    rows = iso_frequency(settings_at(100_000_000, PAPER_HSE_HZ), PAPER_HSE_HZ)
    return 100 * (1 - rows[0].current_a / rows[-1].current_a)


def _charge_ratio() -> float:
    charges = []
    for text in (_FAST, _MIDDLE):
        setting = ClockSetting.parse(text)
        charges.append(current_a(setting, PAPER_HSE_HZ) / setting.hclk_hz(PAPER_HSE_HZ))
    return charges[0] / charges[1]


def _switch_s(before: str, after: str) -> float:
    time_s, _ = modelled_switch(ClockState.parse(before), ClockState.parse(after), PAPER_HSE_HZ)
    return time_s


def _relocks_in_window() -> float:
    return 0.1 * 59e-3 / _switch_s(_MIDDLE, _FAST)


def _buffer_bytes() -> float:
    network = zoo.load("vww")
    layer = network.layers[next(decoupled_layers(network))]
    height, width, _ = network.tensors[layer.inputs[0]].shape
    return float(height * width * 16)


def _readings() -> float:
    return 59e-3 / next(t for name, t in CONVERSIONS.items() if name.startswith("12 bit, 1 "))


EXERCISES: Final = {
    "wait-states": Exercise(
        "An HSE of 25 MHz, PLLM 25, PLLN 360, PLLP 2: how many flash wait states does it need?",
        "wait states",
        lambda: float(ClockSetting.parse("pll:25/360/2").required_wait_states(25_000_000)),
        "SYSCLK = 25 MHz / 25 × 360 / 2 = 180 MHz. At 2.7 to 3.6 V one wait state is needed for "
        "every 30 MHz that have begun, less one: {answer} (DS11532, Table 12 of RM0410).",
        tolerance=0.0,
    ),
    "iso-saving": Exercise(
        "Of all settings that give 100 MHz from 50 MHz, by how many per cent does the cheapest "
        "undercut the costliest? Use the iso-frequency panel.",
        "%",
        _saved_at_100,
        "The VCO of the cheapest runs at 200 MHz, that of the costliest at 400 MHz: {answer}.",
        tolerance=0.05,
    ),
    "charge-per-cycle": Exercise(
        "How many times as much charge does one cycle take at 216 MHz (pll:25/216/2) as at "
        "100 MHz (pll:25/100/2)? Use the clock-tree panel.",
        "times",
        _charge_ratio,
        "Divide current by HCLK for both: {answer}. The voltage scale rises with the frequency, "
        "and energy per cycle with the square of the voltage.",
        tolerance=0.03,
    ),
    "relocks": Exercise(
        "A network takes 59 ms, and 10 % more are allowed. How many PLL relocks fit into the "
        "slack, if nothing else becomes slower? Use the time of a change from 100 to 216 MHz.",
        "relocks",
        _relocks_in_window,
        "5.9 ms divided by the time of one relock: {answer}. A schedule that relocks at half of "
        "its layers has spent its slack on switching.",
        tolerance=0.06,
    ),
    "buffer": Exercise(
        "The first depthwise layer of vww reads a feature map of 40 × 40 × 16. How many bytes does "
        "it gather at once with g = 16?",
        "bytes",
        _buffer_bytes,
        "Height × width × 16 channels, one byte each: {answer}. The data cache has 16,384 bytes: "
        "what does not fit is fetched again when it is convolved.",
        tolerance=0.0,
    ),
    "hop-time": Exercise(
        "How many microseconds does it take to hop from 216 MHz on the PLL to the HSE while the "
        "PLL stays locked? Use the panel of notebook 1.",
        "µs",
        lambda: _switch_s(_FAST, f"{_FAST}+hse") * 1e6,
        "There is nothing to wait for but some edges of both clocks and the firmware's own "
        "instructions: {answer}.",
        tolerance=0.15,
    ),
    "readings": Exercise(
        "How many readings does a 12-bit INA219 deliver within an inference of 59 ms?",
        "readings",
        _readings,
        "One every 532 µs: {answer}. A memory segment is shorter than one of them.",
        tolerance=0.02,
    ),
    "sensor-step": Exercise(
        "The INA219 resolves 10 µV over a shunt of 0.1 Ω. What step of current is that?",
        "µA",
        lambda: ds.INA219_SHUNT_LSB_V / 0.1 * 1e6,
        "Ohm's law: {answer}. Stop mode draws less: the sensor reads zero or one step.",
    ),
}

PREDICTIONS: Final = {
    "iso-frequency": Prediction(
        "Two settings give the same SYSCLK, one with a VCO of 200 MHz and one with 400 MHz. Which "
        "draws less?",
        ("the one with the slower VCO", "the one with the faster VCO", "both draw the same"),
        "the one with the slower VCO",
        "The core does not notice, but the oscillator inside the PLL draws current with its own "
        "frequency.",
    ),
    "relock": Prediction(
        "From 216 MHz to another PLL frequency, or from 216 MHz to the HSE with the PLL left "
        "running: which change is quicker, and by how much?",
        ("about the same", "the HSE, about ten times", "the HSE, about a hundred times"),
        "the HSE, about a hundred times",
        "The PLL has to lock again, some 200 µs; changing to a clock that runs takes a few edges.",
    ),
    "granularity": Prediction(
        "More channels are gathered before they are convolved: g grows from 1 to the largest that "
        "fits. What does latency do?",
        ("it falls all the way", "it falls, then rises or stays", "it rises all the way"),
        "it falls, then rises or stays",
        "At first every fetched cache line is used for more channels. Once a line holds no more "
        "of them, or the gathered channels no longer fit the cache, there is nothing left to win.",
    ),
    "memory-clock": Prediction(
        "Memory segments run on the HSE, at 50 instead of 216 MHz. What happens to energy?",
        (
            "it always falls: a slow clock draws less",
            "it depends on how much of the segment is waiting",
            "it always rises: everything takes longer",
        ),
        "it depends on how much of the segment is waiting",
        "Waiting for memory costs no more cycles at 50 MHz, rather fewer; instructions take the "
        "same number of cycles, each four times as long, with the PLL running beside them.",
    ),
    "pareto": Prediction(
        "Of all options of a layer, how many are neither slower nor costlier than another one?",
        ("nearly all", "about half", "a few"),
        "a few",
        "Most options waste both time and energy; the knapsack has to choose among the few.",
    ),
    "switching": Prediction(
        "The paper's knapsack does not know what a relock costs. What will its schedules do?",
        (
            "keep the bound, with more energy",
            "miss tight bounds, by the time of the relocks",
            "be the same as ours",
        ),
        "miss tight bounds, by the time of the relocks",
        "Layer by layer it picks the cheapest clock, and pays for every change when it runs.",
    ),
    "sensor": Prediction(
        "The current changes a thousand times within an inference. Does the INA219 find the charge "
        "of the inference?",
        ("to a per cent or so", "not at all", "exactly"),
        "to a per cent or so",
        "It averages over each conversion, so no charge is lost between two of them; what it "
        "cannot tell is which segment drew it, and the ends of the run.",
    ),
    "boards": Prediction(
        "The same firmware runs on the embedded engine and on another board. What is the same to "
        "the last bit?",
        ("the output", "the output and the cycles", "everything"),
        "the output",
        "The arithmetic is integers. Cycles are modelled by the embedded engine, counted "
        "differently by Renode, and measured by a chip.",
    ),
}
