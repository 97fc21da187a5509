"""The bytes shared by firmware and host, as Python values; ``abi.toml`` is the only description.

`VERSION` is the layout's version. Every constant of the file is an integer here (``tick_hz`` is
`TICK_HZ`), every enum an `~enum.IntEnum` (``enums.profile_level`` is `ProfileLevel`, its
``segment`` is `ProfileLevel.SEGMENT`) and every struct a packed little-endian NumPy dtype
(``structs.image_header`` is `IMAGE_HEADER`). The stub ``abi.pyi`` tells type checkers the names;
``python -m dvfs_kernel.link.abi_stub`` writes it anew after a change of ``abi.toml``.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from dvfs_kernel.link.abi_layout import Struct, load_layout


def _dtype(struct: Struct, known: dict[str, np.dtype[np.void]]) -> np.dtype[np.void]:
    members: list[tuple[str, object] | tuple[str, object, tuple[int]]] = []
    for field in struct.fields:
        base = known[field.base] if field.base in known else np.dtype(_scalar(field.base))
        members.append((field.name, base, (field.count,)) if field.count else (field.name, base))
    return np.dtype(members)


def _scalar(name: str) -> str:
    """Turn ``u16`` into NumPy's ``<u2``."""
    return f"<{name[0]}{int(name[1:]) // 8}"


_layout = load_layout()

VERSION = _layout.version
CONSTANTS = _layout.constants
ENUMS = {
    name: IntEnum(
        "".join(part.capitalize() for part in name.split("_")),
        [(member.upper(), value) for member, value in members.items()],
        module=__name__,
    )
    for name, members in _layout.enums.items()
}
STRUCTS: dict[str, np.dtype[np.void]] = {}
for _struct in _layout.structs.values():
    STRUCTS[_struct.name] = _dtype(_struct, STRUCTS)

globals().update({name.upper(): value for name, value in CONSTANTS.items()})
globals().update({enum.__name__: enum for enum in ENUMS.values()})
globals().update({name.upper(): dtype for name, dtype in STRUCTS.items()})
