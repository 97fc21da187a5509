"""What is behind a module: imports are followed, and every change is another digest."""

import ast

import pytest
from imports import PACKAGE, ROOT, modules

from dvfs_kernel.storage import sources
from dvfs_kernel.storage.sources import (
    code_digest,
    files_behind,
    libraries_behind,
    package_digest,
    sources_digest,
)

FILES = {
    "dvfs_kernel/__init__.py": "",
    "dvfs_kernel/root.py": """
from typing import TYPE_CHECKING
import numpy.linalg
from dvfs_kernel.room import near
from dvfs_kernel.room.named import Thing
if TYPE_CHECKING:
    from dvfs_kernel.room.typed import Type
else:
    import dvfs_kernel.room.otherwise
def late():
    try:
        from dvfs_kernel.room.late import more
    except ImportError:
        import dvfs_kernel.room.instead
    match more:
        case 1:
            import dvfs_kernel.room.matched
""",
    "dvfs_kernel/room/__init__.py": "from dvfs_kernel.room.offered import Offer",
    "dvfs_kernel/room/near.py": "from dvfs_kernel import root",
    "dvfs_kernel/room/named.py": "from renode_platform.devices import b",
    "dvfs_kernel/room/numbers.toml": "a = 1",
    "dvfs_kernel/room/picture.png": "",
    **{
        f"dvfs_kernel/room/{name}.py": ""
        for name in ("typed", "late", "instead", "matched", "offered", "more")
    },
    "renode_platform/__init__.py": "",
    "renode_platform/board.repl": "a",
    "renode_platform/devices/__init__.py": "",
    "renode_platform/devices/a.py": "",
    "renode_platform/devices/b.py": "from . import a\nfrom ..other import c",
    "renode_platform/other/__init__.py": "",
    "renode_platform/other/c.py": "",
    "renode_platform/other/d.py": "",
}


def forget():
    for kept in (
        sources.sources_digest,
        sources.code_digest,
        sources.package_digest,
        sources._path,
        sources._imports,
    ):
        kept.cache_clear()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of its own in place of this one."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sources, "_ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def names(files, folder):
    return {path.relative_to(folder).as_posix() for path in files}


def test_imports_are_followed_wherever_they_stand(folder):
    room = ("near", "named", "typed", "late", "instead", "matched", "__init__")
    assert names(files_behind("dvfs_kernel.root"), folder) == {
        "dvfs_kernel/__init__.py",
        "dvfs_kernel/root.py",
        *(f"dvfs_kernel/room/{name}.py" for name in room),
        "dvfs_kernel/room/numbers.toml",
        "renode_platform/__init__.py",
        "renode_platform/board.repl",
        "renode_platform/devices/__init__.py",
        "renode_platform/devices/a.py",
        "renode_platform/devices/b.py",
        "renode_platform/other/__init__.py",
        "renode_platform/other/c.py",
    }
    whole = files_behind("renode_platform.*")
    assert names(whole, folder) == {name for name in FILES if name.startswith("renode_platform")}
    assert set(libraries_behind("dvfs_kernel.root")) == {"numpy"}
    assert libraries_behind("dvfs_kernel.room.near") == libraries_behind("dvfs_kernel.root")


@pytest.mark.parametrize("digest", [code_digest, sources_digest, lambda _: package_digest()])
def test_every_change_is_another_digest(folder, digest):
    changes = (
        lambda: None,
        lambda: (folder / "dvfs_kernel/room/late.py").write_text("a = 1"),
        lambda: (folder / "dvfs_kernel/room/numbers.toml").write_text("a = 2"),
        (folder / "dvfs_kernel/room/more.toml").touch,
        lambda: (folder / "renode_platform/other/c.py").write_text("import dvfs_kernel.room.more"),
    )
    found = []
    for change in changes:
        change()
        forget()
        found.append(digest("dvfs_kernel.root"))
    assert len(set(found)) == len(changes)


def test_another_version_of_a_library_is_another_digest(monkeypatch):
    before = sources_digest("dvfs_kernel.storage.array_file")
    monkeypatch.setattr(sources, "libraries_behind", lambda *_: {"numpy": "0.0.1"})
    sources.sources_digest.cache_clear()
    assert sources_digest("dvfs_kernel.storage.array_file") != before
    sources.sources_digest.cache_clear()


def test_libraries_of_libraries_count_and_extras_do_not():
    found = libraries_behind("dvfs_kernel.boards.spec", "dvfs_kernel.storage.rows")
    assert {"capstone", "llvmlite", "numba", "numpy", "unicorn"} <= set(found)
    assert not {"pandas", "distributed", "pyrenode3"} & set(found)


def test_no_module_imports_by_a_text():
    """It could not be followed; faces of packages find the names that they offer by one."""
    for module, path in modules(ROOT / PACKAGE).items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            dynamic = isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "import_module", "importlib.import_module", "__import__",
            }  # fmt: skip
            assert not dynamic or path.name == "__init__.py", f"{module} imports by a text"
