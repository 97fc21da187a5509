"""``public-face`` and ``room``: what the package offers, and what is in a room of it."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import dvfs_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

PACKAGE = dvfs_kernel.__name__
ROOMS = "rooms/"
# Modules that cannot be looked into without a package, which an extra brings and a site can lack.
_NEEDING = {f"{PACKAGE}.approximation.training.torch_training": "torch"}


class PublicFace(SphinxDirective):
    """Everything in ``dvfs_kernel.__all__``: what is called, what comes back, what goes wrong."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each kind, with a table and an entry for each name."""
        kinds: dict[str, list[str]] = {title: [] for title in _KINDS.values()}
        for name, value in _offered().items():
            kinds[_KINDS[_directive(value)]].append(name)
        lines: list[str] = []
        for title, names in kinds.items():
            if names:
                lines += [
                    title,
                    "-" * len(title),
                    "",
                    *_entries(title, sorted(names, key=str.lower)),
                ]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


_KINDS = {
    "autofunction": "Functions",
    "autoclass": "Results and values",
    "automodule": "Modules",
    "autodata": "Constants",
    "autoexception": "Errors",
}


def _entries(title: str, names: list[str]) -> Iterator[str]:
    if title != "Constants":  # whose types are all that a table could tell
        yield from (".. autosummary::", "   :nosignatures:", "")
        yield from (f"   ~{PACKAGE}.{name}" for name in names)
        yield ""
    for name in names:
        value = _offered()[name]
        yield from (name, "~" * len(name), "")
        if inspect.ismodule(value):  # whose own page is that of its room
            yield from (f".. automodule:: {value.__name__}", "   :no-index:", "")
            continue
        yield f".. {_directive(value)}:: {PACKAGE}.{name}"
        yield from ("   :members:", "") if inspect.isclass(value) else ("",)


@cache
def _offered() -> dict[str, object]:
    names = [name for name in getattr(dvfs_kernel, "__all__", ()) if not name.startswith("__")]
    return {name: getattr(dvfs_kernel, name) for name in names}


def _directive(value: object) -> str:
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    if inspect.ismodule(value):
        return "automodule"
    return "autofunction" if callable(value) else "autodata"


class Room(SphinxDirective):
    """Every module of a room, or the one that is named."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a section for each module."""
        lines = []
        for name in _modules(self.arguments[0]):
            title = name.removeprefix(f"{PACKAGE}.")
            lines += [title, "-" * len(title), "", f".. automodule:: {name}"]
            # What is imported from elsewhere has its place there.
            own = _own(name)
            lines += [*([f"   :members: {', '.join(own)}"] if own else []), "", ""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _modules(name: str) -> Iterator[str]:
    if name.rpartition(".")[2] == "__main__":
        return
    if name in _NEEDING and importlib.util.find_spec(_NEEDING[name]) is None:
        return
    yield name
    module = importlib.import_module(name)
    for found in sorted(
        pkgutil.iter_modules(getattr(module, "__path__", ())), key=lambda m: m.name
    ):
        yield from _modules(f"{name}.{found.name}")


def _own(name: str) -> list[str]:
    """Return the names that a module defines for others and the package does not offer."""
    module = importlib.import_module(name)
    offered = list(_offered().values())
    exported = getattr(module, "__all__", ())
    return [
        member
        for member in exported
        if not member.startswith("_")
        and getattr(getattr(module, member), "__module__", name) == name
        and not any(getattr(module, member) is value for value in offered)
    ]


def rooms() -> list[str]:
    """Return the names of the rooms, and of modules that stand beside them."""
    found = pkgutil.iter_modules(dvfs_kernel.__path__)
    return sorted(module.name for module in found if module.name != "__main__")


def tell_types(_app: Sphinx) -> None:
    """Give modules the names that only a type checker imports, so that annotations can be read.

    All modules are there by then: what would be a circle at their import is none now.
    """
    for name in _modules(PACKAGE):
        module = importlib.import_module(name)
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                for statement in node.body:
                    code = compile(ast.Module([statement], []), name, "exec")
                    with suppress(ImportError):  # what is optional and not here
                        exec(code, vars(module))  # noqa: S102  the project's own imports


def name_fully(_app: Sphinx, tree: nodes.document) -> None:
    """Let a short name mean what it means in its module, and not what else is called so.

    A type such as ``bytes`` is no link at all, and none to an attribute of that name.
    """
    for node in list(tree.findall(addnodes.pending_xref)):
        if node.get("refdomain") != "py":
            continue
        name = node["reftarget"]
        if hasattr(builtins, name):
            node.replace_self(node.children)
            continue
        module = sys.modules.get(_module_of(node))
        value = getattr(module, name, None) if name.isidentifier() else None
        if inspect.isclass(value) or inspect.isfunction(value):
            node["reftarget"] = f"{value.__module__}.{value.__qualname__}"


def _module_of(node: nodes.Element) -> str:
    """Return where a reference stands: a signature says it, what is below a title knows it."""
    place = node
    while place is not None and not isinstance(place, addnodes.desc_signature):
        place = place.parent
    return (place or node).get("module" if place else "py:module") or ""


def lead_back(_app: Sphinx, page: str, _template: str, context: dict[str, Any], *_: Any) -> None:
    """Let sources lead back to where their names are described.

    The extension takes every name of a module for one of the package, where one of them is.
    """
    if page.startswith("_modules/"):
        module = page.removeprefix("_modules/").replace("/", ".")
        place = module.removeprefix(PACKAGE)
        link = rf'(class="viewcode-back" href="[^"#]*{ROOMS}[^"#]*#{PACKAGE})(?!{place})'
        context["body"] = re.sub(link, rf"\g<1>{place}", context["body"])


def check_rooms(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Warn of rooms without a page."""
    for room in rooms():
        if f"{ROOMS}{room}" not in env.found_docs:
            logger.warning("%s.%s has no page %s%s.rst", PACKAGE, room, ROOMS, room)
    return []


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known."""
    app.add_directive("public-face", PublicFace)
    app.add_directive("room", Room)
    app.connect("builder-inited", tell_types)
    app.connect("doctree-read", name_fully)
    app.connect("html-page-context", lead_back)
    app.connect("env-updated", check_rooms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
