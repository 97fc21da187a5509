"""The rooms of the package, and which module imports which, read from the source."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "dvfs_kernel"
#: A room may import from those before it in this list, never from one behind it.
ROOMS = (
    "errors",
    "storage",
    "layered_graph",
    "link",
    "networks",
    "clocks",
    "boards.emulator",
    "boards",
    "image",
    "inference",
    "exploration",
    "approximation",
    "optimisation",
    "studies",
    "evidence",
    "report",
    "api",
    "widgets",
    "commands",
)


def modules(folder=ROOT / PACKAGE):
    """Return the path of every module by its dotted name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(known):
    """Return the modules that each module imports, for type checkers only ones among them."""
    return {name: set(_imported(path, known)) for name, path in known.items()}


def _imported(path, known):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = [
                full if (full := f"{node.module}.{alias.name}") in known else node.module
                for alias in node.names
            ]
        else:
            continue
        yield from (name for name in names if name in known)
