"""The report's document: what ``report.json`` holds, read and checked.

``report.schema.json`` beside this module describes every field; what a JSON Schema cannot say (that
lists go with each other, that numbers of layers exist) is checked here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.json_documents import validator
from dvfs_kernel.storage.json_file import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SCHEMA", "SCHEMA_VERSION", "Document", "check", "load", "to_json"]

SCHEMA = "dvfs-kernel/report"
SCHEMA_VERSION = 1

Document = dict[str, Any]

_SHOWN = 60  # characters of a wrong value that a message repeats


def load(path: Path) -> Document:
    """Read a report document from a file.

    Raises
    ------
    FileFormatError
        The file is no report document; the message names the first field that is wrong.
    OSError
        The file cannot be read.
    """
    return load_json(path, check)


def to_json(document: Document) -> str:
    """Return the text of ``report.json``."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def check(data: object) -> Document:
    """Return a document that is complete and agrees with itself.

    Raises
    ------
    FileFormatError
        A field is missing, of another type, or contradicts another one.
    """
    if not isinstance(data, dict):
        raise FileFormatError(f"a report is a JSON object, not {_shown(data)}")
    schema, version = data.get("schema"), data.get("schema_version")
    if schema != SCHEMA or version != SCHEMA_VERSION:
        raise FileFormatError(
            f"schema is {_shown(schema)}, version {_shown(version)}; "
            f"{SCHEMA!r}, version {SCHEMA_VERSION} is allowed"
        )
    error = jsonschema.exceptions.best_match(validator("report").iter_errors(data))
    if error is not None:
        raise FileFormatError(f"{_place(error.absolute_path)}: {_reason(error)}")
    for message in _contradictions(data):
        raise FileFormatError(message)
    return data


def _contradictions(data: Document) -> Iterator[str]:
    count = len(data["network"]["layers"])
    indices = [layer["index"] for layer in data["network"]["layers"]]
    if indices != list(range(count)):
        yield f"network.layers have the indices {indices}; 0 to {count - 1} in order is allowed"
    for place, layer in _layers_named(data):
        if layer is not None and layer >= count:
            yield f"{place}: layer is {layer}; the network has layers 0 to {count - 1}"
    for b, bound in enumerate(data["bounds"]):
        names = [run["name"] for run in bound["runs"]]
        if len(set(names)) != len(names):
            yield f"bounds[{b}].runs: two runs have the same name; the names are {names}"
        for r, run in enumerate(bound["runs"]):
            if len(run["layers"]) not in (0, count):
                yield (
                    f"bounds[{b}].runs[{r}].layers has {len(run['layers'])} entries; "
                    f"{count} is allowed, one for each layer of the network, or none"
                )
    frontier = data["frontier"]
    if len(frontier["time_s"]) != len(frontier["energy_j"]):
        yield (
            f"frontier has {len(frontier['time_s'])} times and {len(frontier['energy_j'])} "
            "energies; as many of both are allowed"
        )
    switching = data["clocks"]["switching"]
    states = len(switching["states"])
    for name in ("time_s", "energy_j"):
        lengths = {len(switching[name]), *map(len, switching[name])}
        if lengths - {states}:
            yield (
                f"clocks.switching.{name} has rows or columns of {sorted(lengths)}; "
                f"{states} × {states} is allowed, as there are states"
            )


def _layers_named(data: Document) -> Iterator[tuple[str, int | None]]:
    """Yield every place that names a layer by its index."""
    lists = {
        "layers": data["layers"],
        "exploration.check.samples": data["exploration"]["check"]["samples"],
        "figures.fig4": data["figures"]["fig4"],
        "timeline.segments": (data["timeline"] or {"segments": []})["segments"],
    }
    for place, entries in lists.items():
        for index, entry in enumerate(entries):
            yield f"{place}[{index}]", entry["layer"]


def _place(path: Any) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the report"


def _reason(error: Any) -> str:
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"the field {missing!r} is missing"
    if error.validator == "type":
        kinds = error.validator_value
        allowed = " or ".join(kinds) if isinstance(kinds, list) else kinds
        return f"{_shown(error.instance)} is not allowed; {allowed} is"
    return str(error.message)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
