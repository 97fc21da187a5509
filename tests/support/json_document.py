"""Documents against their schemas, in which nothing may be left out."""

import json
from functools import cache

import jsonschema
from referencing import Registry, Resource

from dvfs_kernel.storage.json_documents import schema_files


def closed(schema):
    """Return a schema that allows no field that it does not describe."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(entry) for name, entry in schema.items()}
    # A field may be called "properties"; then there is no type beside it.
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


@cache
def strict_validators():
    schemas = {
        kind: closed(json.loads(path.read_text(encoding="utf-8")))
        for kind, path in schema_files().items()
    }
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return {
        schema["properties"]["schema"]["const"]: jsonschema.Draft202012Validator(
            schema, registry=registry
        )
        for schema in schemas.values()
    }


def mistakes(document):
    """Return where a document is not as its schema says, fields without description included."""
    text = json.dumps(document, allow_nan=False)
    validator = strict_validators()[document["schema"]]
    return [
        f"{error.json_path}: {error.message:.200}"
        for error in validator.iter_errors(json.loads(text))
    ]
