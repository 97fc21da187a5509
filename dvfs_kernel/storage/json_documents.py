"""Kinds of JSON documents: a JSON Schema for each, in ``KIND.schema.json`` beside what writes it.

The schemas are the one description of the fields: readers check with them, and the reference of
``docs/json.md`` is made of them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
from referencing import Registry, Resource

__all__ = ["SUFFIX", "schema_files", "validator"]

SUFFIX: Final = ".schema.json"
_PACKAGE: Final = Path(__file__).parents[1]


@cache
def schema_files() -> dict[str, Path]:
    """Return the file of every schema by the kind of document, such as ``"schedule"``."""
    found = _PACKAGE.rglob(f"*{SUFFIX}")
    return {path.name.removesuffix(SUFFIX): path for path in sorted(found, key=lambda p: p.name)}


@cache
def validator(kind: str) -> Any:
    """Return what checks documents of a kind; unknown fields pass, as they may be added.

    Returns
    -------
    jsonschema.Draft202012Validator
        With the schemas of the other kinds, which it may refer to.
    """
    schemas = {name: json.loads(path.read_bytes()) for name, path in schema_files().items()}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return _VALIDATOR(schemas[kind], registry=registry)


def _is_whole(_checker: Any, value: object) -> bool:
    return type(value) is int


# JSON Schema takes 1.0 for an integer, but nothing can be indexed with it.
_VALIDATOR: Final = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole),
)
