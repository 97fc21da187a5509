"""What a thread of the package raises reaches somebody: by who waits for it, or by its end."""

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import dvfs_kernel

PACKAGE = Path(dvfs_kernel.__file__).parent
ROOMS = ("boards", "exploration", "api", "commands")


def targets(tree):
    """Return the names of what a module runs in threads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Thread":
            words = {word.arg: word.value for word in node.keywords}
            yield ast.unparse(words["target"]).rpartition(".")[2]


def is_guarded(function):
    """Tell whether everything that a function does is in a try that takes whatever is raised."""
    body = [node for node in function.body if not isinstance(node, ast.Expr)]
    return (
        len(body) == 1
        and isinstance(body[0], ast.Try)
        and any(
            handler.type is None or ast.unparse(handler.type) == "BaseException"
            for handler in body[0].handlers
        )
    )


def unguarded(source):
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return [
        name for name in targets(tree) if name not in functions or not is_guarded(functions[name])
    ]


def test_every_thread_tells_what_it_raises():
    found = {
        path.relative_to(PACKAGE).as_posix(): names
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        if (names := unguarded(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "Thread(target=warm_up, daemon=True).start()",
        "def run():\n    work()\nthreading.Thread(target=run).start()",
        "def run():\n  try:\n    work()\n  except ValueError:\n    pass\nThread(target=run)",
    ],
)
def test_a_thread_whose_errors_go_nowhere_is_seen(source):
    assert unguarded(source)


def test_a_worker_whose_watch_fails_ends():
    program = """
    import os, sys, time
    from dvfs_kernel.exploration.runs import local_processes

    def fail():
        raise OSError("nobody to ask")

    local_processes.os.getppid = fail
    local_processes._begin_worker(0)
    time.sleep(60)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=os.environ,
    )
    assert done.returncode == 1
    assert "nobody to ask" in done.stderr
