"""Threads of the package are few, and each has an owner that tells what went wrong in it."""

import ast

from imports import PACKAGE, ROOT, modules

#: Where a thread may begin, and who tells of its failure.
OWNED = {
    "api/serve.py": "ServedBoard.wait raises it",
    "commands/boot.py": "reads a terminal, whose end is the end of what is typed",
    "evidence/measurement/jls_process.py": "ends with its process, which its owner asks and ends",
    "exploration/runs/local_processes.py": "ends its process with the parent, and tells why",
    "layered_graph/warm_up.py": "warming_up joins it, and raises it",
    "widgets/task.py": "the panel shows it",
}
_BEGINNINGS = {"Thread", "Timer", "start_new_thread"}


def beginnings(tree):
    """Return the lines in which a thread is made."""
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in _BEGINNINGS
    )


def test_every_thread_has_an_owner():
    found = {
        path.relative_to(ROOT / PACKAGE).as_posix()
        for path in modules().values()
        if beginnings(ast.parse(path.read_text("utf-8")))
    }
    assert found == set(OWNED)


def test_a_thread_is_seen_however_it_is_made():
    source = "Thread(target=f).start()\nthreading.Timer(1, f)\nother(f)\n"
    assert beginnings(ast.parse(source)) == [1, 2]
