"""Every kind of document has a schema, in which every field is described."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import dvfs_kernel
from dvfs_kernel.storage.json_documents import schema_files, validator

PACKAGE = Path(dvfs_kernel.__file__).parent
KINDS = list(schema_files())

each_kind = pytest.mark.parametrize("kind", KINDS)


def schema_of(kind):
    return json.loads(schema_files()[kind].read_text(encoding="utf-8"))


def fields(schema, place="$"):
    """Yield place and schema of every field."""
    if isinstance(schema, list):
        for number, entry in enumerate(schema):
            yield from fields(entry, f"{place}[{number}]")
    elif isinstance(schema, dict):
        if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
            for name, entry in schema["properties"].items():
                yield f"{place}.{name}", entry
        for name, entry in schema.items():
            yield from fields(entry, f"{place}.{name}")


NAMED = re.compile(r'^(?:SCHEMA = |\s+"schema": )"dvfs-kernel/([a-z-]+)"', re.MULTILINE)


def test_a_whole_number_is_no_float_that_looks_like_one():
    layer = {"layer": "a", "threshold": 1, "output_channels": 2.0, "input_positions": 3}
    layer |= {"order": [0, True], "dropped": ""}
    document = {
        "schema": "dvfs-kernel/skip-plan",
        "schema_version": 1,
        "name": "",
        "layers": [layer],
    }
    document["network"] = "0" * 64
    faults = {fault.json_path for fault in validator("skip-plan").iter_errors(document)}
    assert faults == {"$.layers[0].output_channels", "$.layers[0].order[1]"}


def test_every_kind_that_the_code_names_has_a_schema_beside_it():
    named = {}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for kind in NAMED.findall(text):
            named[kind] = path.parent
    assert named == {kind: path.parent for kind, path in schema_files().items()}


@each_kind
def test_a_schema_is_valid_and_says_what_it_is(kind):
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:dvfs-kernel:{kind}:1"
    assert schema["title"] == schema["properties"]["schema"]["const"] == f"dvfs-kernel/{kind}"
    assert schema["description"].endswith(".")


@each_kind
def test_every_field_is_described(kind):
    for place, field in fields(schema_of(kind)):
        assert field.get("description", "").endswith("."), place


@each_kind
def test_what_a_schema_refers_to_is_there(kind):
    assert not validator(kind).is_valid({})
    for reference in re.findall(r'"\$ref": "([^"]+)"', schema_files()[kind].read_text()):
        name, _, part = reference.partition("#/$defs/")
        other = schema_of(name.split(":")[2]) if name else schema_of(kind)
        assert not part or part in other["$defs"], reference
