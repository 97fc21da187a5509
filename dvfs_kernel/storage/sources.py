"""What computes something: its sources and libraries, for the name under which a result is kept.

What a module computes follows from its source, from what it imports, from the data files beside
these modules, and from the libraries that they compute with. All of that is read from the import
statements, so nothing has to be listed and nothing can be forgotten. The interpreter's own version
does not count: figures are the same in every Python.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "code_digest",
    "files_behind",
    "libraries_behind",
    "package_digest",
    "sources_digest",
]

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("dvfs_kernel", "renode_platform")
_PROJECT: Final = "dvfs-kernel"
# What modules read beside themselves: parameters, layouts, descriptions of boards.
_DATA_SUFFIXES: Final = {".repl", ".resc", ".toml"}
_WHOLE: Final = ".*"


@cache
def sources_digest(*modules: str) -> str:
    """Return the SHA-256 of everything that modules compute with, in hexadecimal digits.

    Parameters
    ----------
    modules
        Dotted names; ``package.*`` for all modules of a package, where imports do not tell.
    """
    digest = _digest_of(files_behind(*modules))
    for name, version in libraries_behind(*modules).items():
        digest.update(f"{name}=={version}\0".encode())
    return digest.hexdigest()


@cache
def code_digest(module: str) -> bytes:
    """Return the SHA-256 of the sources that a module computes with, without libraries."""
    return _digest_of(files_behind(module)).digest()


@cache
def package_digest() -> str:
    """Return the SHA-256 of all sources there are, in hexadecimal digits."""
    files = {
        path
        for package in _PACKAGES
        for path in (_ROOT / package).rglob("*")
        if path.suffix in {".py", *_DATA_SUFFIXES}
    }
    return _digest_of(sorted(files)).hexdigest()


def files_behind(*modules: str) -> tuple[Path, ...]:
    """Return the files of this package that modules compute with, in order.

    A package on the way to a module counts with its own file, not with what it imports for others.
    """
    names = _modules_behind(modules)
    around = {
        ".".join(name.split(".")[:end]) for name in names for end in range(name.count(".") + 1)
    }
    files = {path for name in names | around - {""} if (path := _path(name)) is not None}
    data = {
        path
        for folder in {path.parent for path in files}
        for path in folder.iterdir()
        if path.suffix in _DATA_SUFFIXES
    }
    return tuple(sorted(files | data))


def libraries_behind(*modules: str) -> dict[str, str]:
    """Return the versions of the libraries that modules compute with, by name, in order.

    They are among what the package requires, and what that requires itself: extras read and write
    files and decide over nothing.
    """
    required = _required()
    names = {
        library
        for module in _modules_behind(modules)
        for imported in _imports(module)
        for library in _providers(imported.partition(".")[0])
        if required is None or library in required
    }
    versions: dict[str, str] = {}
    for name in names:
        _add_versions(name, versions)
    return dict(sorted(versions.items()))


def _digest_of(files: Iterable[Path]) -> hashlib._Hash:
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_ROOT).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest


# ---- modules ---------------------------------------------------------------------------------


def _modules_behind(roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [name for root in roots for name in _expanded(root)]
    while waiting:
        name = waiting.pop()
        if name not in found and _path(name) is not None:
            found.add(name)
            waiting += _imports(name)
    return found


def _expanded(root: str) -> Iterator[str]:
    if not root.endswith(_WHOLE):
        yield root
        return
    folder = _ROOT.joinpath(*root.removesuffix(_WHOLE).split("."))
    for path in folder.rglob("*.py"):
        yield ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module of this package; None for anything else."""
    parts = module.split(".")
    if parts[0] not in _PACKAGES:
        return None
    place = _ROOT.joinpath(*parts)
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _imports(module: str) -> frozenset[str]:
    """Return the modules that a module of this package imports, anywhere in it.

    For type checkers, too: they tell what a module is given, whose methods it calls.
    """
    path = _path(module)
    if path is None:
        return frozenset()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_bytes())
    return frozenset(_imported(tree.body, package))


def _imported(statements: Iterable[ast.stmt], package: str) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            outer = package.split(".")
            begin = outer[: len(outer) - statement.level + 1] if statement.level else []
            base = ".".join([*begin, *([statement.module] if statement.module else [])])
            for alias in statement.names:
                name = f"{base}.{alias.name}"
                yield base if _path(name) is None else name
        else:
            for field in ("body", "orelse", "handlers", "finalbody", "cases"):
                yield from _imported(getattr(statement, field, ()), package)


# ---- libraries -------------------------------------------------------------------------------


@cache
def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requirements(of: Distribution) -> Iterator[str]:
    """Yield what a distribution requires without its extras."""
    for line in of.requires or ():
        found = re.match(r"[\w.-]+", line)
        if found is not None and "extra ==" not in line:
            yield re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def _required() -> frozenset[str] | None:
    """Return what this package requires; None where it runs without being installed."""
    project = _installed(_PROJECT)
    return None if project is None else frozenset(_requirements(project))


@cache
def _providers(imported: str) -> tuple[str, ...]:
    """Return the distributions that bring a module of others; none for Python's own."""
    if imported in _PACKAGES or imported in sys.stdlib_module_names:
        return ()
    if _installed(imported) is not None:
        return (imported.lower(),)
    return tuple(name for name in _required() or () if imported in _top_level(name))


@cache
def _top_level(name: str) -> frozenset[str]:
    found = _installed(name)
    if found is None:
        return frozenset()
    declared = (found.read_text("top_level.txt") or "").split()
    return frozenset(declared or (path.parts[0] for path in found.files or ()))


def _add_versions(name: str, versions: dict[str, str]) -> None:
    found = _installed(name)
    if found is None or name in versions:
        return
    versions[name] = found.version
    for further in _requirements(found):
        _add_versions(further, versions)
