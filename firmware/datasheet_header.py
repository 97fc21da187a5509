"""Writes ``datasheet.h``: the limits of ``renode_platform/devices/datasheet.py`` that C checks."""

from __future__ import annotations

from renode_platform.devices import datasheet

__all__ = ["datasheet_header"]

_NUMBERS = ("HSI_HZ",)
_RANGES = (
    *("HSE_BYPASS_HZ", "PLLM", "PLLN", "PLLP", "PLLQ", "PLLR"),
    *("PLL_INPUT_HZ", "VCO_HZ", "PLL_OUTPUT_HZ"),
)
_TABLES = ("HCLK_MAX_HZ", "PCLK1_MAX_HZ", "PCLK2_MAX_HZ", "WAIT_STATE_HCLK_HZ", "FLASH_KEYS")


def datasheet_header() -> str:
    """Return the text of ``datasheet.h``: lowest and highest of a range, tables as initialisers."""
    lines = [
        "/* Written by firmware/build.py from renode_platform/devices/datasheet.py,",
        " * which names the source of each number. */",
        "#ifndef DATASHEET_H",
        "#define DATASHEET_H",
        "",
    ]
    lines += [f"#define DATASHEET_{name} {getattr(datasheet, name)}u" for name in _NUMBERS]
    for name in _RANGES:
        values = getattr(datasheet, name)
        lines.append(f"#define DATASHEET_{name}_MIN {values[0]}u")
        lines.append(f"#define DATASHEET_{name}_MAX {values[-1]}u")
    for name in _TABLES:
        lines.append(f"#define DATASHEET_{name} {_initialiser(getattr(datasheet, name))}")
    return "\n".join([*lines, "", "#endif", ""])


def _initialiser(value: object) -> str:
    """Write nested tuples, or a dictionary with the keys 1, 2, ..., as a C initialiser."""
    if isinstance(value, dict):
        value = tuple(value[key] for key in sorted(value))
    if isinstance(value, tuple):
        return "{" + ", ".join(_initialiser(item) for item in value) + "}"
    return f"{value}u"
