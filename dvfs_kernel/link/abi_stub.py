"""Writes ``abi.pyi``, so that type checkers and editors know the names that `abi` makes at import.

Run ``python -m dvfs_kernel.link.abi_stub`` after a change of ``abi.toml``.
"""

from __future__ import annotations

from pathlib import Path

from dvfs_kernel.link.abi_layout import Layout, load_layout

__all__ = ["stub_text"]

_PATH = Path(__file__).with_name("abi.pyi")


def stub_text(layout: Layout) -> str:
    """Return the text of the stub of `dvfs_kernel.link.abi` for a layout."""
    lines = [
        "# Written by `python -m dvfs_kernel.link.abi_stub` from abi.toml.",
        "from enum import IntEnum",
        "",
        "import numpy as np",
        "",
        "VERSION: int",
        "CONSTANTS: dict[str, int]",
        "ENUMS: dict[str, type[IntEnum]]",
        "STRUCTS: dict[str, np.dtype[np.void]]",
        "",
    ]
    lines += [f"{name.upper()}: int" for name in layout.constants]
    for name, members in layout.enums.items():
        lines += ["", f"class {''.join(part.capitalize() for part in name.split('_'))}(IntEnum):"]
        lines += [f"    {member.upper()} = {value}" for member, value in members.items()]
    lines.append("")
    lines += [f"{name.upper()}: np.dtype[np.void]" for name in layout.structs]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    _PATH.write_text(stub_text(load_layout()), encoding="utf-8")
