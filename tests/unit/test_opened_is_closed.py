"""Whoever opens a board, a line, a file or a process owns it, and closes it whatever happens."""

import ast

import pytest
from imports import PACKAGE, ROOT, modules

#: What gives something that has to be closed, by the last part of its name.
OPENERS = {
    *("VirtualBoard", "NucleoBoard", "RenodeBoard", "RenodeMachine", "SerialLine", "PtyServer"),
    *("JlsProcess",),
    *("open", "open_board", "opened", "board_for_schedule", "SampleFile", "ReadyBoards"),
    *("Popen", "Serial", "mkdtemp", "TemporaryDirectory", "NamedTemporaryFile", "ZipFile"),
    *("ThreadPoolExecutor", "ProcessPoolExecutor", "LocalProcesses", "openpty", "pipe", "Client"),
}
#: Places that do otherwise, and why.
REASONS = {
    # Whoever asks for one of these gets what is open, as a context manager.
    "dvfs_kernel.exploration.runs.executors:_here": "one thread and its boards, until Python ends",
    "dvfs_kernel.exploration.runs.ready_boards:boards_of_thread": "a worker's, until it ends",
    "dvfs_kernel.boards.nucleo.pty_server:PtyServer.__init__": "pipes come first or not at all",
    "dvfs_kernel.evidence.measurement.trace_file:read_jls": "closed with the process that reads it",
    # No file: a browser, and a channel of Renode's.
    "dvfs_kernel.commands.docs:docs": "opens a page in a browser",
}


def name_of(call):
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


class Opened(ast.NodeVisitor):
    """Collects calls that open something, where nothing sees to it that it is closed."""

    def __init__(self):
        self.loose, self.found = [], 0
        self._parents, self._names, self._closing = [], [], []

    def generic_visit(self, node):
        self._parents.append(node)
        super().generic_visit(node)
        self._parents.pop()

    def visit_ClassDef(self, node):
        methods = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        self._closing.append(bool(methods & {"close", "shutdown", "__exit__"}))
        self._named(node)
        self._closing.pop()

    def visit_FunctionDef(self, node):
        self._named(node)

    def _named(self, node):
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def visit_Call(self, node):
        if name_of(node) in OPENERS:
            self.found += 1
            if not self._is_closed(node):
                self.loose.append((".".join(self._names), node.lineno))
        self.generic_visit(node)

    def _is_closed(self, node):
        child = node
        for parent in reversed(self._parents):
            if isinstance(parent, ast.withitem | ast.Return):
                return True  # closed behind the block; or whoever asked for it does
            if isinstance(parent, ast.Call) and name_of(parent) in {"enter_context", "register"}:
                return True
            if isinstance(parent, ast.Assign | ast.AnnAssign):
                return self._is_owned(parent)
            if isinstance(parent, ast.stmt):
                return False
            child = parent
        del child
        return False

    def _is_owned(self, assigned):
        """Tell whether an object keeps it that can be closed, and nothing fails behind it."""
        target = assigned.targets[0] if isinstance(assigned, ast.Assign) else assigned.target
        if not isinstance(target, ast.Attribute) or not (self._closing and self._closing[-1]):
            return False
        if self._names[-1] != "__init__":
            return True  # who has the object closes it
        place = self._parents.index(assigned)
        around = self._parents[place - 1]
        if isinstance(around, ast.Try) or assigned is around.body[-1]:
            return True
        behind = around.body[around.body.index(assigned) + 1 :]
        return all(is_safe(statement) for statement in behind)


def is_safe(statement):
    """Tell whether nothing is lost by what a statement raises: it closes, or calls nothing."""
    if isinstance(statement, ast.Try):
        return any(
            isinstance(node, ast.Call) and name_of(node) == "close"
            for handler in statement.handlers
            for node in ast.walk(handler)
        )
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return all(name_of(call)[:1].isupper() or name_of(call) == "bytearray" for call in calls)


def loose_in(text):
    visitor = Opened()
    visitor.visit(ast.parse(text))
    return visitor


def test_all_that_is_opened_is_closed():
    found, loose = 0, {}
    for module, path in modules(ROOT / PACKAGE).items():
        visitor = loose_in(path.read_text("utf-8"))
        found += visitor.found
        loose |= {f"{module}:{name}": line for name, line in visitor.loose}
    assert {place: line for place, line in loose.items() if place not in REASONS} == {}
    assert found > 30
    assert set(REASONS) <= set(loose), "a reason for what is not there any more"


GOOD = """
def f(stack):
    with VirtualBoard() as board, a.open() as other:
        return stack.enter_context(VirtualBoard())
class Owner:
    def __init__(self):
        self.board = VirtualBoard()
        try:
            self.board.flash()
        except BaseException:
            self.board.close()
            raise
        self.one = One()
    def close(self): ...
"""


@pytest.mark.parametrize(
    "bad",
    [
        "def f():\n    board = VirtualBoard()\n    board.flash()",
        "def f():\n    deployment = Deployment(network, spec.open())",
        "class A:\n    def __init__(self):\n        self.board = VirtualBoard()",
        "class A:\n    def __init__(self):\n        self.a = pipe()\n        f()\n    close = 1",
    ],
)
def test_a_board_that_nobody_closes_is_seen(bad):
    assert loose_in(bad).loose
    assert loose_in(GOOD).loose == []
