"""Writes ``abi.h``: the layout of ``dvfs_kernel/link/abi.toml`` in C."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dvfs_kernel.link.abi_layout import Field, Layout, Struct

__all__ = ["abi_header"]

_SCALARS = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "i8": "int8_t",
    "i16": "int16_t",
    "i32": "int32_t",
}


def abi_header(layout: Layout) -> str:
    """Return the text of ``abi.h`` for a layout."""
    lines = [
        "/* Written by firmware/build.py from dvfs_kernel/link/abi.toml. */",
        "#ifndef ABI_H",
        "#define ABI_H",
        "",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        f"#define ABI_VERSION {layout.version}u",
    ]
    lines += [
        f"#define ABI_{name.upper()} 0x{value:X}u" for name, value in layout.constants.items()
    ]
    for name, members in layout.enums.items():
        lines += ["", "typedef enum {"]
        lines += [f"    abi_{name}_{member} = {value}," for member, value in members.items()]
        lines.append(f"}} abi_{name}_t;")
    for struct in layout.structs.values():
        lines += _struct(struct)
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def _struct(struct: Struct) -> list[str]:
    name = f"abi_{struct.name}_t"
    return [
        "",
        "typedef struct __attribute__((packed, aligned(4))) {",
        *(f"    {_member(field)};" for field in struct.fields),
        f"}} {name};",
        f'_Static_assert(sizeof({name}) == {struct.size}, "size of {name}");',
        *(
            f"_Static_assert(offsetof({name}, {field.name}) == {field.offset}, "
            f'"place of {name}.{field.name}");'
            for field in struct.fields
        ),
    ]


def _member(field: Field) -> str:
    base = _SCALARS.get(field.base, f"abi_{field.base}_t")
    return f"{base} {field.name}" + (f"[{field.count}]" if field.count else "")
