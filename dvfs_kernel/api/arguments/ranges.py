"""Numbers that are within what they may be."""

from __future__ import annotations

from dvfs_kernel.errors import ArgumentError

__all__ = ["check_limits"]


def check_limits(argument: str, value: float, least: float, most: float) -> None:
    """Refuse a number that is out of its range.

    Parameters
    ----------
    argument
        What the argument is called.

    Raises
    ------
    ArgumentError
        Names value and range.
    """
    if not least <= value <= most:
        raise ArgumentError(f"{{{argument}}} is {value:g}; {least:g} to {most:g} is allowed")
