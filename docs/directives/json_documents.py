"""``{json-documents}``: a section for each kind of JSON document, from its schema."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from dvfs_kernel.storage.json_documents import schema_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes
    from sphinx.application import Sphinx

Schema = dict[str, Any]

UNITS = {
    "a": "A",
    "hz": "Hz",
    "j": "J",
    "mips": "million/s",
    "ohm": "Ω",
    "s": "s",
    "v": "V",
    "w": "W",
}
WORDS = {"string": "text", "array": "list"}


class JsonDocuments(SphinxDirective):
    """All kinds of documents, or those that the argument names."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        lines: list[str] = []
        chosen = self.arguments[0].split() if self.arguments else schema_files()
        for kind in chosen:
            path = schema_files()[kind]
            self.env.note_dependency(str(path))
            file = os.path.relpath(path, self.env.srcdir)
            text = path.read_text(encoding="utf-8")
            # References within a document are as those to another one.
            text = text.replace('"$ref": "#/', f'"$ref": "{json.loads(text)["$id"]}#/')
            lines += _section(json.loads(text), file)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _section(schema: Schema, file: str) -> Iterator[str]:
    kind = schema["title"].removeprefix("dvfs-kernel/")
    number = schema["properties"]["schema_version"]["const"]
    yield f"## {schema['title']}"
    yield ""
    yield f"{schema['description']} Version {number}; {{download}}`JSON Schema <{file}>`."
    yield ""
    skipped = ("schema", "schema_version")
    fields = {k: v for k, v in schema["properties"].items() if k not in skipped}
    yield from _table({**schema, "properties": fields}, "", f"({kind}-fields)=")
    for name, part in schema.get("$defs", {}).items():
        yield from _table(part, f"{_title(kind, name)}", f"({_anchor(kind, name)})=")


def _title(kind: str, name: str) -> str:
    return f"`{name}` of `dvfs-kernel/{kind}`"


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-{name.replace('_', '-')}"


def _table(schema: Schema, title: str, anchor: str, path: str = "") -> Iterator[str]:
    """Yield the table of an object's fields, and those of the objects in it."""
    yield anchor
    if title:
        yield ""
        yield title
    yield ""
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    inner = []
    for name, field in schema["properties"].items():
        place = f"{path}{name}"
        kind, parts = _type(field, name)
        text = field.get("description", "").replace("|", "\\|")
        if name not in schema["required"]:
            text += " May be left out."
        yield f"| `{name}` | {kind} | {text} |"
        inner += [(f"{place}{suffix}", part) for suffix, part in parts]
    yield ""
    for place, part in inner:
        yield from _table(part, f"`{place}`", "", f"{place}.")


def _type(field: Schema, name: str) -> tuple[str, list[tuple[str, Schema]]]:
    """Return a type in words with its unit, and the objects in it."""
    text, parts = _plain_type(field)
    unit = UNITS.get(name.rpartition("_")[2])
    if unit and any(word in text for word in ("number", "integer")):
        text += f", {unit}"
    return text, parts


def _plain_type(field: Schema) -> tuple[str, list[tuple[str, Schema]]]:
    if "$ref" in field:
        return _reference(field["$ref"]), []
    if "anyOf" in field:
        found = [_plain_type(choice) for choice in field["anyOf"]]
        found.sort(key=lambda pair: pair[0] == "null")
        return " or ".join(text for text, _ in found), [part for _, ps in found for part in ps]
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"]), []
    named = field.get("type", "any")
    kinds: list[str] = named if isinstance(named, list) else [named]
    text = " or ".join(WORDS.get(kind, kind) for kind in kinds)
    if "array" in kinds:
        inner, parts = _plain_type(field["items"])
        count = f" of {field['minItems']}" if field.get("maxItems") else ""
        return text.replace("list", f"list{count}: {inner}"), [(f"[]{s}", p) for s, p in parts]
    if isinstance(field.get("additionalProperties"), dict):
        text += f": name to {_plain_type(field['additionalProperties'])[0]}"
    return text, [("", field)] if field.get("properties") else []


def _reference(reference: str) -> str:
    urn, _, name = reference.partition("#/$defs/")
    kind = urn.split(":")[2]
    return f"[`{name}`](#{_anchor(kind, name)})" if name else f"[`{kind}`](#{kind}-fields)"


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("json-documents", JsonDocuments)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
