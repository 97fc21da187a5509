"""Who uses whom among the firmware's C files, read from their text without a compiler.

A unit is a C file together with the header of its name beside it, or a header that has no C file.
It is called by its folder and name: ``clocks/lptim``. What begins at the left edge of a line stands
outside of all functions; the firmware's style has it so.
"""

import re
from dataclasses import dataclass, field

_NESTED = r"(?:[^;{}=()]|\((?:[^()]|\([^()]*\))*\))*"
_FUNCTION = re.compile(
    rf"^(?!static\b|typedef\b|_Static_assert\b)\w[\w *]*?\b(\w+)\({_NESTED}\)\s*([;{{])",
    re.MULTILINE,
)
_EXTERN = re.compile(r"^extern [^;(]*?(\w+(?:\[\])?(?:, *\w+(?:\[\])?)*);", re.MULTILINE)
_INSIDE = re.compile(r"^(?:[ \t]|#define|[^#\n]*=).*", re.MULTILINE)
_NAME = re.compile(r"(?<![\w.>])[A-Za-z_]\w*")  # not the member of a struct


@dataclass
class Unit:
    """What the files of one unit say."""

    includes: set[str] = field(default_factory=set)
    defines: set[str] = field(default_factory=set)  # functions that other units may call
    mentions: set[str] = field(default_factory=set)  # names in functions, initialisers and macros
    hidden: set[str] = field(default_factory=set)  # things of elsewhere that a C file declares


def read_units(folders):
    """Return the units of some folders by their names."""
    units = {}
    for folder in folders:
        for path in sorted(folder.glob("*.[ch]")):
            unit = units.setdefault(f"{folder.name}/{path.stem}", Unit())
            text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            unit.includes |= set(re.findall(r'^#include "(.+)\.h"', text, re.MULTILINE))
            text = re.sub(r'"[^"\n]*"', '""', text)
            text = re.sub(rf"__attribute__\(\({_NESTED}\)\)\s*", "", text)
            unit.mentions |= set(_NAME.findall("\n".join(_INSIDE.findall(text))))
            if path.suffix == ".c":
                functions = _FUNCTION.findall(text)
                unit.defines = {name for name, end in functions if end == "{"}
                unit.hidden = {name for name, _ in functions} - unit.defines
                unit.hidden |= set(re.findall(r"\w+", " ".join(_EXTERN.findall(text))))
    return units


def uses(units):
    """Return what each unit uses: the other unit, and the header or the function that says so."""
    home = {function: name for name, unit in units.items() for function in unit.defines}
    found = {}
    for name, unit in units.items():
        reasons = {
            home[function]: f"{function}()" for function in sorted(unit.mentions & home.keys())
        }
        reasons |= {other: f"{other}.h" for other in unit.includes & units.keys()}
        found[name] = {other: reasons[other] for other in sorted(reasons) if other != name}
    return found


def circle(used):
    """Return the units of a shortest circle in the order of their use, the first one twice."""
    found = []
    for first in sorted(used):
        paths, seen = [[first]], set()
        for path in paths:
            for other in used[path[-1]]:
                if other == first:
                    found.append([*path, first])
                elif other not in seen:
                    seen.add(other)
                    paths.append([*path, other])
    return min(found, key=len, default=[])
