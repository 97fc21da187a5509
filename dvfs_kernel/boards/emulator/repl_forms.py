"""What an entry of a description may say, by the last part of its type: attributes and outputs.

Renode's types know more; what is not here has no meaning on this board, so it is refused and not
left out. An attribute that is here without an effect is one that the chip decides: its values after
reset, its priority bits, the clock that a port really runs on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dvfs_kernel.boards.emulator.repl_parser import Reference
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.boards.emulator.repl import Peripheral
    from dvfs_kernel.boards.emulator.repl_parser import Value

__all__ = ["HERTZ", "Form", "check_attributes", "form_of"]

#: The largest number of hertz, for any clock of a board.
HERTZ: Final = 1_000_000_000
_WORD: Final = 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Form(ByContent):
    """What entries of a type may say.

    Parameters
    ----------
    attributes
        The largest whole number that is allowed, or bool, str, list or Reference for values of
        that kind, by name.
    needed
        Attributes that may not be missing.
    outputs
        Names of interrupt outputs that the model drives.
    numbered
        How many numbered outputs there are.
    """

    attributes: Mapping[str, int | type] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    numbered: int = 0


_FORMS: Final = {
    "MappedMemory": Form({"size": _WORD}, ("size",)),
    "ArrayMemory": Form({"size": _WORD}),
    "STM32_GPIOPort": Form(
        {
            "modeResetValue": _WORD,
            "outputSpeedResetValue": _WORD,
            "pullUpPullDownResetValue": _WORD,
            "numberOfAFs": 16,
            "numberOfPins": 16,
            "invertedAFPins": list,
        },
        numbered=16,
    ),
    "STM32F7_USART": Form({"frequency": HERTZ, "lowPowerMode": bool}, outputs=("IRQ",)),
    "STM32F7_I2C": Form(outputs=("EventInterrupt", "ErrorInterrupt")),
    "STM32L0_LpTimer": Form({"frequency": HERTZ}, outputs=("IRQ",)),
    # The numbered ones are its channels, which alternate functions lead to pins.
    "STM32_Timer": Form({"frequency": HERTZ, "initialLimit": _WORD}, outputs=("IRQ",), numbered=6),
    "STM32_SYSCFG": Form(numbered=16),
    "STM32F4_EXTI": Form({"numberOfOutputLines": 25, "firstDirectLine": 25}, numbered=25),
    "STM32F4_RCC": Form({"rtcPeripheral": Reference}, outputs=("IRQ",)),
    "STM32F4_FlashController": Form({"flash": Reference}, outputs=("IRQ",)),
    "CombinedInput": Form({"numberOfInputs": 240}, outputs=("IRQ",)),
    "LED": Form({"invert": bool}),
    "Button": Form({"invert": bool}, outputs=("IRQ",)),
    "DummyI2CSlave": Form(),
    "NVIC": Form(
        {"priorityMask": 0xFF, "systickFrequency": HERTZ, "haltSystickOnDeepSleep": bool},
        outputs=("IRQ",),
    ),
    "CortexM": Form(
        {
            "cpuType": str,
            "nvic": Reference,
            "PerformanceInMips": 100_000,
            "fpuInterruptNumber": 109,
            "numberOfMPURegions": 16,
            "cpuId": 255,
            "id": 255,
        },
        ("cpuType",),
    ),
    "DWT": Form({"frequency": HERTZ}),
}


def form_of(entry: Peripheral) -> Form:
    """Return what an entry may say; nothing where its type has no form."""
    return _FORMS.get(entry.type.rpartition(".")[2], Form())


def check_attributes(entry: Peripheral) -> None:
    """Refuse an attribute that is unknown, missing, or of another kind or size.

    Raises
    ------
    PlatformDescriptionError
        Names file, line, attribute, and what is allowed.
    """
    form = form_of(entry)
    for name, value in entry.attributes.items():
        if name not in form.attributes:
            allowed = ", ".join(form.attributes) or "none"
            raise entry.fail(
                f"'{name}' means nothing for a {entry.type} here; allowed: {allowed}", name
            )
        if fault := _fault(value, form.attributes[name]):
            shown = f'"{value}"' if isinstance(value, str) else f"{value!r:.60}"
            raise entry.fail(f"'{name}' is {shown}; {fault} is allowed", name)
    for name in form.needed:
        if name not in entry.attributes:
            raise entry.fail(f"'{entry.name}', a {entry.type}, needs the attribute '{name}'")


def _fault(value: Value, allowed: int | type) -> str:
    """Return what is allowed in place of a value; nothing where it is that."""
    if isinstance(allowed, int):
        fits = type(value) is int and 0 <= value <= allowed
        return "" if fits else f"a whole number without a unit, 0 to {allowed}"
    if isinstance(value, allowed):
        return ""
    return {
        bool: "true or false",
        str: "text in double quotes",
        list: "a list",
        Reference: "the name of an entry",
    }[allowed]
