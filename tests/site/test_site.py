"""The built site: links, what it loads, and that nothing is forgotten."""

import inspect
import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import dvfs_kernel
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.storage.json_documents import schema_files

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(dvfs_kernel.__file__).parent

pytestmark = pytest.mark.board  # it runs a notebook


def text_of(site, name):
    return (site.folder / name).read_text(encoding="utf-8")


def test_every_link_leads_somewhere(site):
    """Links between notebooks lead to pages that only the whole gallery has."""
    missing = [line for line in site.broken() if not line.startswith("notebooks/")]
    assert missing == []


def test_nothing_is_loaded_from_elsewhere(site):
    assert list(site.fetched()) == []


def test_every_page_is_reachable(site):
    apart = set(site.pages) - site.reachable()
    names = {path.relative_to(site.folder).as_posix() for path in apart}
    # The form leads to the search; the others list what is listed elsewhere too.
    assert names == {"search.html", "_modules/index.html", "notebooks/index.html"}


def test_every_source_has_its_page(site):
    for path in DOCS.rglob("*.*"):
        if path.suffix in (".md", ".rst"):
            page = site.folder / path.relative_to(DOCS).with_suffix(".html")
            assert page in site.pages, page


def test_the_public_face_is_complete(site):
    names = next(page.names for path, page in site.pages.items() if path.name == "api.html")
    for name in dvfs_kernel.__all__:
        if inspect.ismodule(getattr(dvfs_kernel, name)):  # its room's page describes it
            assert name in names, name
        else:
            assert name == "__version__" or f"dvfs_kernel.{name}" in names, name


def test_every_module_is_on_a_page_of_its_room(site):
    titles = set()
    for path, page in site.pages.items():
        if path.parent.name == "rooms":
            titles |= page.names
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        needs_torch = module.endswith(".torch_training") and find_spec("torch") is None
        if module != "dvfs_kernel" and not module.endswith(".__main__") and not needs_torch:
            assert f"module-{module}" in titles, module


def test_every_command_and_option_is_described(site):
    text = text_of(site, "command-line.html")
    for name, command in cli.commands.items():
        assert f'id="dvfs-{name}"' in text, name
        for parameter in command.params:
            if parameter.opts[0].startswith("--"):
                assert f'id="cmdoption-dvfs-{name}-{parameter.opts[0].lstrip("-")}"' in text or (
                    parameter.opts[-1] in text
                ), (name, parameter.opts)


def test_every_kind_of_document_and_each_field_is_described(site):
    text = text_of(site, "json-documents.html")
    named = set(re.findall(r'<span class="pre">([a-z_0-9]+)</span>', text))

    def fields(schema):
        if isinstance(schema, dict):
            if isinstance(schema.get("properties"), dict):
                yield from schema["properties"]
            for value in schema.values():
                yield from fields(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from fields(value)

    for kind, path in schema_files().items():
        assert f"dvfs-kernel/{kind}" in text
        known = set(fields(json.loads(path.read_text())))
        assert known - {"schema", "schema_version"} <= named


def test_a_notebook_is_there_with_its_picture(site):
    text = text_of(site, "gallery.html")
    assert 'href="notebooks/1-clocks.html"' in text
    assert 'src="notebooks/1-clocks.svg"' in text
    page = text_of(site, "notebooks/1-clocks.html")
    assert "dvfs-still" in page
    assert 'href="../gallery.html"' in page
