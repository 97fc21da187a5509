"""The exercises of the notebooks: numbers to find, and how each is computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.space import current_a, iso_frequency, settings_at
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import PanelError
from dvfs_kernel.evidence.measurement.sensor_view import CONVERSIONS
from dvfs_kernel.exploration.switching.model import modelled_switch
from dvfs_kernel.image.dae_form import decoupled_layers
from dvfs_kernel.link import abi
from dvfs_kernel.networks import zoo
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXERCISES", "FAST", "MIDDLE", "Exercise", "switch_s"]

FAST, MIDDLE = "pll:25/216/2", "pll:25/100/2"
_INFERENCE_S: Final = 60e-3  # of the questions, not of a network


@dataclass(frozen=True)
class Exercise:
    """A number to find.

    Parameters
    ----------
    answer
        Computes it, from a panel where the question is about one.
    tolerance
        Relative.
    way
        How it is found; ``{answer}`` stands for the number.
    """

    question: str
    unit: str
    answer: Callable[[Any], float]
    way: str
    tolerance: float = 0.02

    def explain(self, panel: Any = None) -> str:
        """Return the solution.

        Raises
        ------
        PanelError
            The panel does not have what the answer needs.
        """
        return self.way.format(answer=f"{self.answer(panel):.4g} {self.unit}".rstrip())


def _of(name: str) -> Callable[[Any], float]:
    """Return a function that asks a panel for one of its figures."""

    def answer(panel: Any) -> float:
        figures = None if panel is None else panel.figures()
        if not figures or name not in figures:
            raise PanelError(
                "the panel above has no numbers yet: wait until it is done, or run its cell"
            )
        return float(figures[name])

    return answer


def _saved_at_100(_: Any) -> float:
    rows = iso_frequency(settings_at(100_000_000, PAPER_HSE_HZ), PAPER_HSE_HZ)
    return 100 * (1 - rows[0].current_a / rows[-1].current_a)


def _charge_ratio(_: Any) -> float:
    charges = []
    for text in (FAST, MIDDLE):
        setting = ClockSetting.parse(text)
        charges.append(current_a(setting, PAPER_HSE_HZ) / setting.hclk_hz(PAPER_HSE_HZ))
    return charges[0] / charges[1]


def switch_s(before: str, after: str) -> float:
    """Return how long a change of clock takes by the switching model."""
    time_s, _ = modelled_switch(ClockState.parse(before), ClockState.parse(after), PAPER_HSE_HZ)
    return time_s


def _buffer_bytes(_: Any) -> float:
    network = zoo.load("vww")
    layer = network.layers[next(decoupled_layers(network))]
    height, width, _channels = network.tensors[layer.inputs[0]].shape
    return float(height * width * 16)


EXERCISES: Final = {
    "wait-states": Exercise(
        "An HSE of 25 MHz, PLLM 25, PLLN 360, PLLP 2: how many flash wait states does it need?",
        "wait states",
        lambda _: float(ClockSetting.parse("pll:25/360/2").required_wait_states(25_000_000)),
        "SYSCLK = 25 MHz / 25 × 360 / 2 = 180 MHz. At 2.7 to 3.6 V one wait state is needed for "
        "every 30 MHz that have begun, less one: {answer} (RM0410, Table 7).",
        tolerance=0.0,
    ),
    "iso-saving": Exercise(
        "Of all settings that give 100 MHz from 50 MHz, by how many per cent does the cheapest "
        "undercut the costliest? Use the iso-frequency panel.",
        "%",
        _saved_at_100,
        "The caption of the table has it: {answer}. The VCO of the cheapest is the slowest.",
        tolerance=0.05,
    ),
    "charge-per-cycle": Exercise(
        "How many times as much charge does one cycle take at 216 MHz (pll:25/216/2) as at "
        "100 MHz (pll:25/100/2)? Use the clock-tree panel.",
        "times",
        _charge_ratio,
        "Divide current by HCLK for both: {answer}. The voltage scale rises with the frequency, "
        "and charge per cycle with the voltage.",
        tolerance=0.03,
    ),
    "relocks": Exercise(
        "A network takes 60 ms, and 10 % more are allowed. How many PLL relocks fit into the "
        "slack, if nothing else becomes slower? Take the change from 100 to 216 MHz.",
        "relocks",
        lambda _: 0.1 * _INFERENCE_S / switch_s(MIDDLE, FAST),
        "6 ms divided by the time of one relock: {answer}.",
        tolerance=0.06,
    ),
    "hop-time": Exercise(
        "How many microseconds does it take to hop from 216 MHz on the PLL to the HSE while the "
        "PLL stays locked? Choose both in the panel of the change of clock, and run it.",
        "µs",
        lambda _: switch_s(FAST, f"{FAST}+hse") * 1e6,
        "There is nothing to wait for but some edges of both clocks and the firmware's own "
        "instructions: {answer} by the switching model; the board says how long its run took.",
        tolerance=0.25,
    ),
    "buffer": Exercise(
        "The first depthwise layer of vww reads a feature map of 40 × 40 × 16. How many bytes does "
        "it gather at once with g = 16?",
        "bytes",
        _buffer_bytes,
        "Height × width × 16 channels, one byte each: {answer}. The data cache has 16,384 bytes.",
        tolerance=0.0,
    ),
    "best-granularity": Exercise(
        "With LFO set to none and the HFO at its fastest, which g takes the least energy?",
        "",
        _of("best_granularity"),
        "Move the slider over all values of g: g = {answer} in this layer.",
        tolerance=0.0,
    ),
    "hop-change": Exercise(
        "At the largest g and the fastest HFO: by how many per cent does the energy change when "
        "memory segments run on the HSE (LFO) instead of the HFO? Give less as a negative number.",
        "%",
        _of("hop_change_percent"),
        "Divide the energy with the LFO by that without: {answer}. Hops pay where a memory segment "
        "waits more than it executes, and is long beside the two changes of clock around it.",
        tolerance=0.1,
    ),
    "pareto-share": Exercise(
        "How many per cent of all options of all layers are Pareto points of their layer?",
        "%",
        _of("pareto_percent"),
        "Count the points of both charts, or hover: {answer}. The knapsack chooses among these.",
        tolerance=0.1,
    ),
    "most-stalled": Exercise(
        "Which layer (its number) spends the largest part of its cycles waiting for memory when "
        "everything is interleaved at full clock?",
        "",
        _of("most_stalled_layer"),
        "In the last chart, the point whose line to the tick above it is longest beside its "
        "height: layer {answer}. Hover to see the numbers.",
        tolerance=0.0,
    ),
    "quickest": Exercise(
        "Move the slider to the left until no schedule keeps the bound. How many per cent of "
        "TinyEngine's latency is the quickest bound that is kept? Give a whole number, like -5.",
        "%",
        _of("quickest_percent"),
        "The quickest schedule ends just within {answer}. Below it no granularity and no clock "
        "helps.",
        tolerance=0.0,
    ),
    "saved-at-30": Exercise(
        "How many per cent of TinyEngine's energy does our schedule save at a bound of 30 %, with "
        "the rest of the window in Stop?",
        "%",
        _of("saved_at_30_percent"),
        "The table of the best schedule has it at 30 %: {answer}.",
    ),
    "largest-map": Exercise(
        "Input and output of a layer are in RAM at once, each of them s × s × 16 bytes. How large "
        f"may s be, if {abi.TENSOR_BYTES:,} bytes hold feature maps?",
        "",
        lambda _: float(isqrt(abi.TENSOR_BYTES // 32)),
        "2 × 16 × s² bytes have to fit: {answer}.",
        tolerance=0.0,
    ),
    "coin-cell": Exercise(
        "A coin cell of 225 mAh and 3 V gives all it has. How many windows of your loosest bound "
        "does it last with our schedule, one inference in each?",
        "windows",
        _of("windows_of_a_cell"),
        "0.225 A × 3600 s × 3 V = 2,430 J, divided by the energy of the window: {answer}. Self-"
        "discharge and the regulator are left out.",
    ),
    "readings": Exercise(
        "How many readings does a 12-bit INA219 deliver within an inference of 60 ms?",
        "readings",
        lambda _: (
            _INFERENCE_S
            / next(t for name, t in CONVERSIONS.items() if name.startswith("12 bit, 1 "))
        ),
        "One every 532 µs: {answer}. Compare with the changes of the current in the table.",
    ),
    "sensor-step": Exercise(
        "The INA219 resolves 10 µV over a shunt of 0.1 Ω. What step of current is that?",
        "µA",
        lambda _: ds.INA219_SHUNT_LSB_V / ds.SHUNT_OHM * 1e6,
        "Ohm's law: {answer}. What draws less than half a step reads as nothing.",
    ),
    "little-significance": Exercise(
        "In the layer that is shown: what goes first is what matters least. Move the threshold "
        "until the pairs that go hold 1 % of the layer's significance. How many per cent of its "
        "pairs are these?",
        "%",
        _of("little_percent"),
        "Both shares are in the table: {answer}. Where much of a layer matters little, much can "
        "be left out.",
        tolerance=0.15,
    ),
    "saved-time": Exercise(
        "At an allowed loss of one point: by how many per cent is the thinned network quicker than "
        "the exact one in unpacked code, at the fastest clock?",
        "%",
        _of("saved_time_percent"),
        "The row of the latency has it: {answer}.",
    ),
    "newly-wrong": Exercise(
        "At the largest allowed loss: how many test pictures go wrong that the exact network gets "
        "right?",
        "pictures",
        _of("newly_wrong"),
        "{answer}. It is more than the loss says: some that were wrong are right now. A loss is "
        "the difference of both.",
        tolerance=0.0,
    ),
}
