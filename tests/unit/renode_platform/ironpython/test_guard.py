"""What Renode calls is guarded: a Python exception there would end Renode."""

import ast
from pathlib import Path

import pytest

import renode_platform

HOME = Path(renode_platform.__file__).parent / "ironpython"
#: What raises nothing: it does nothing, counts, or hands on what is there.
PLAIN = {
    "ports.py": {
        "Core._waiting",
        "RegisterPort.Reset",  # `peripheral_reset` guards what it does
        "UartPort.WriteChar",  # `at_rest` guards what it does
        "UartPort.CharWritten",
        "UartPort.QueueEmptied",
        "UartPort.Reset",
        "Registers.Size",
        "Registers.get_Size",
        "I2cSlave.Reset",
        "Timer.lambda",
        "Timer.on_due",  # of the board, which guards it
        "Line.received.append",
    },
    "board.py": {"_forget", "RenodeBoard._restart", "RenodeBoard.at_rest"},
    "channel.py": {"Channel._answer"},  # the caller is told
}


def called_by_renode(tree):
    """Yield (name, text) of what a module gives Renode to call."""
    for owner in tree.body:
        functions = {
            node.name: ast.unparse(node)
            for node in ast.walk(owner)
            if isinstance(node, ast.FunctionDef)
        }
        name = getattr(owner, "name", "")
        inside = f"{name}." if isinstance(owner, ast.ClassDef) else ""
        if isinstance(owner, ast.ClassDef):
            for function, text in functions.items():
                if function[0].isupper() or function.startswith("get_"):
                    yield inside + function, text
        for node in ast.walk(owner):
            given = None
            if isinstance(node, ast.Call) and node.args:
                form = ast.unparse(node.func)
                if form.startswith(("System.Action", "System.Func")):
                    given = node.args[0]
                elif form.endswith("ExecuteInNearestSyncedState"):
                    yield inside + "at_rest", ast.unparse(node)
            elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
                # `event += handler`; numbers are added to plain names and private fields.
                event = ast.unparse(node.target).rpartition(".")[2]
                given = node.value if event[0].isupper() else None
            if isinstance(given, ast.Lambda):
                yield inside + "lambda", ast.unparse(given)
            elif given is not None:
                wanted = ast.unparse(given).removeprefix("self.")
                prefix = inside if wanted in functions or inside else ""
                yield prefix + wanted, functions.get(wanted, "")


def unguarded(source, plain=frozenset()):
    return {
        name
        for name, text in called_by_renode(ast.parse(source))
        if name not in plain and "guarded(" not in text and not _asks_a_guarded_one(text)
    }


def _asks_a_guarded_one(text):
    return "self._read(" in text or "self._write(" in text


@pytest.mark.parametrize("path", sorted(HOME.glob("*.py")), ids=lambda path: path.name)
def test_what_renode_calls_is_guarded(path):
    assert unguarded(path.read_text(), PLAIN.get(path.name, frozenset())) == set()


def test_what_is_said_to_be_plain_is_there():
    for name, plain in PLAIN.items():
        given = {called for called, _ in called_by_renode(ast.parse((HOME / name).read_text()))}
        assert plain <= given


def test_registers_are_read_and_written_behind_the_guard():
    tree = ast.parse((HOME / "ports.py").read_text())
    registers = next(n for n in tree.body if getattr(n, "name", "") == "Registers")
    bodies = {n.name: ast.unparse(n) for n in registers.body if isinstance(n, ast.FunctionDef)}
    assert "guarded(" in bodies["_read"]
    assert "guarded(" in bodies["_write"]


@pytest.mark.parametrize(
    "source",
    [
        "class Port(Base):\n    def WriteChar(self, value):\n        self.device.take(value)",
        "def attach(machine):\n    machine.StateChanged += report",
        "class Board:\n    def place(self):\n        hook = System.Func[System.Int32](self.hear)",
        "class Board:\n    def get_Rate(self):\n        return self.device.rate()",
    ],
)
def test_a_new_hook_without_the_guard_is_seen(source):
    assert unguarded(source)
