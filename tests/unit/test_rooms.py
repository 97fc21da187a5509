"""The house: few rooms, imports that point one way, no circles, a root like a table of contents."""

import ast

import networkx as nx
import pytest
from imports import PACKAGE, ROOMS, ROOT, imports, modules

#: What Python itself asks for.
PYTHONS = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed", "__pycache__"}
NAMES_MAX = 18
LINES_MAX = 500


@pytest.fixture(scope="module")
def known():
    return modules()


@pytest.fixture(scope="module")
def edges(known):
    return imports(known)


def room_of(module):
    """Return the place of a module's room in the order; None for the package's own modules."""
    name = module.removeprefix(f"{PACKAGE}.")
    fitting = [room for room in ROOMS if name == room or name.startswith(f"{room}.")]
    return ROOMS.index(max(fitting, key=len)) if fitting else None


def test_every_module_is_in_a_room(known):
    outside = {module for module in known if room_of(module) is None}
    assert outside == {PACKAGE, f"{PACKAGE}.__main__"}


def test_rooms_import_from_those_before_them_only(edges):
    backwards = [
        f"{importer} imports {imported}"
        for importer, names in edges.items()
        for imported in names
        if room_of(importer) is not None
        and room_of(imported) is not None
        and room_of(imported) > room_of(importer)
    ]
    assert backwards == []


def test_no_import_goes_around_the_order(known):
    # A module by a text would be one that nobody sees; the face and a room's own names are seen.
    named = [
        f"{module}: {ast.unparse(node)}"
        for module, path in known.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("import_module", "__import__"))
        and module != PACKAGE
        and not ast.unparse(node.args[0]).startswith("f'{__name__}.")
    ]
    assert named == []


def test_nothing_imports_in_a_circle(edges):
    # The package itself is the face: it imports nothing before it is asked for a name.
    graph = nx.DiGraph(
        (importer, imported)
        for importer, names in edges.items()
        for imported in names - {importer, PACKAGE}
    )
    circles = [sorted(circle) for circle in nx.strongly_connected_components(graph)]
    assert [circle for circle in circles if len(circle) > 1] == []


def test_the_root_reads_like_a_table_of_contents():
    names = {path.name for path in (ROOT / PACKAGE).iterdir()} - PYTHONS
    assert names == {
        room if (ROOT / PACKAGE / room).is_dir() else f"{room}.py"
        for room in ROOMS
        if "." not in room
    }
    assert len(names) <= NAMES_MAX


def test_commands_stand_on_the_face(edges):
    deeper = [
        f"{importer} imports {imported}"
        for importer, names in edges.items()
        if importer.startswith(f"{PACKAGE}.commands")
        for imported in names
        if imported not in {PACKAGE, f"{PACKAGE}.errors"}
        and not imported.startswith(f"{PACKAGE}.commands")
    ]
    assert deeper == []


def test_a_file_can_be_read_in_one_sitting(known):
    lengths = {
        module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in known.items()
    }
    assert {module: length for module, length in lengths.items() if length > LINES_MAX} == {}


def test_a_room_says_what_it_is_for(known):
    for module, path in known.items():
        if path.name == "__init__.py":
            assert path.read_text(encoding="utf-8").startswith('"""'), module
