"""The models stay in what Python 2.7 and 3 share, so that IronPython 2.7 can host them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEVICES = Path(__file__).parents[4] / "renode_platform" / "devices"
MODULES = sorted(DEVICES.glob("*.py"))

_ABSENT_SYNTAX = (
    ast.JoinedStr, ast.AnnAssign, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await,
    ast.Nonlocal, ast.NamedExpr, ast.Starred, ast.YieldFrom, ast.MatMult, ast.Match, ast.TryStar,
)  # fmt: skip
# Absent from 2.7, or with another meaning there: print is a statement, round gives a float and
# rounds halves away from zero, input evaluates.
_ABSENT_NAMES = {
    "print", "nonlocal", "round", "input", "bytes", "ascii", "exec", "FileNotFoundError",
    "PermissionError", "TimeoutError", "ConnectionError", "ModuleNotFoundError",
}  # fmt: skip
_ABSENT_METHODS = {"to_bytes", "from_bytes", "bit_count", "removeprefix", "removesuffix", "hex",
                   "isidentifier", "casefold", "iteritems", "has_key", "bit_length"}  # fmt: skip


def is_float(node):
    """Say whether an operand is a float for certain, so that `/` means the same in both."""
    if isinstance(node, ast.BinOp):
        return is_float(node.left) or is_float(node.right)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "float"
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def problems(source, name="<source>"):
    tree = ast.parse(source, name)
    found = []

    def report(node, what):
        found.append(f"{name}:{node.lineno}: {what}")

    for node in ast.walk(tree):
        if isinstance(node, _ABSENT_SYNTAX):
            report(node, type(node).__name__)
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args
            if arguments.kwonlyargs or arguments.posonlyargs:
                report(node, "keyword-only or positional-only arguments")
            every = [*arguments.args, arguments.vararg, arguments.kwarg]
            if node.returns or any(argument and argument.annotation for argument in every):
                report(node, "annotation")
        elif isinstance(node, ast.Raise) and node.cause is not None:
            report(node, "raise ... from")
        elif isinstance(node, ast.ClassDef) and (node.keywords or not node.bases):
            report(node, "class without a base (old-style in 2.7) or with keywords")
        elif isinstance(node, ast.Name) and node.id in _ABSENT_NAMES:
            report(node, f"the name {node.id}")
        elif isinstance(node, ast.Attribute) and node.attr in _ABSENT_METHODS:
            report(node, f"the method {node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "super" and not node.args:
                report(node, "super() without arguments")
            if node.func.id == "open":
                report(node, "a file")
        elif isinstance(node, ast.Import):
            report(node, "import of the standard library")
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            report(node, f"import of {node.module}, which is not a sibling")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if not is_float(node):
                report(node, f"division of what may be integers: {ast.unparse(node)}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            report(node, "a bytes literal")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module_is_in_the_common_subset(path):
    source = path.read_text(encoding="ascii")
    assert problems(source, path.name) == []


@pytest.mark.parametrize(
    "source",
    [
        "f'{1}'",
        "def f(x: int): pass",
        "def f() -> int: pass",
        "def f(*, a): pass",
        "x: int = 1",
        "def f():\n    def g():\n        nonlocal x\n    x = 1",
        "class A(object):\n    def f(self):\n        super().f()",
        "print(1)",
        "a / 2",
        "import math",
        "from os import path",
        "class A: pass",
        "(y := 1)",
        "f(*a, *b)",
        "(1).to_bytes(2, 'little')",
        "b'x'",
        "try:\n    pass\nexcept E as e:\n    raise F() from e",
    ],
)
def test_the_check_sees_what_is_not_shared(source):
    assert problems(source)


def test_models_are_there_to_be_checked():
    assert len(MODULES) > 15


_START_UP_IN_2_7 = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from devices import attach, datasheet

class Entry(object):
    def __init__(self, name, type_, address, **attributes):
        self.name, self.type, self.attributes = name, type_, attributes
        self.registrations = [("sysbus", address, None)] if address is not None else []
        self.interrupts = []

class Description(object):
    entries = [
        Entry("flash", "Memory.MappedMemory", 0x08000000, size=1 << 21),
        Entry("rcc", "Miscellaneous.STM32F4_RCC", 0x40023800),
        Entry("pwr", "Memory.ArrayMemory", 0x40007000),
        Entry("flashController", "MTD.STM32F4_FlashController", 0x40023C00),
        Entry("powerMeter", "Memory.ArrayMemory", 0x40030000),
        Entry("usart3", "UART.STM32F7_USART", 0x40004800),
        Entry("lptim1", "Timers.STM32L0_LpTimer", 0x40002400),
        Entry("hseClock", "Timers.STM32L0_LpTimer", None, frequency=50000000),
    ]
    peripherals = dict((entry.name, entry) for entry in entries)

class Host(object):
    time = 0
    platform = None
    def now_ps(self): return self.time
    def call_at(self, time_ps, callback): return None
    def cancel(self, token): pass
    def stall_until(self, time_ps): self.time = time_ps
    def wait_until(self, time_ps): self.time = time_ps
    def flash_busy(self, banks, until_ps): pass
    def clocks_changed(self, clocks):
        if self.platform: self.platform.clocks_changed(clocks)
    def violation(self, rule, message): raise Exception(message)
    def log(self, message): raise Exception(message)
    def power_changed(self): self.platform.meter.update()

host = Host()
board = host.platform = attach.build(Description, host)
board.reset()
rcc, flash = board.rcc, board.flash
def store(device, name, value):
    device.write(device.block.registers[name].offset, 4, value)
def load(device, name):
    return device.read(device.block.registers[name].offset, 4)
store(rcc, "CR", load(rcc, "CR") | 1 << 18)
store(rcc, "CR", load(rcc, "CR") | 1 << 16)
host.time += 10 * datasheet.PS_PER_US
store(rcc, "PLLCFGR", 25 | 100 << 6 | 1 << 22 | 9 << 24 | 7 << 28)
store(rcc, "CR", load(rcc, "CR") | 1 << 24)
host.time += 200 * datasheet.PS_PER_US
assert load(rcc, "CR") >> 25 & 1
store(flash, "ACR", 3)
store(rcc, "CFGR", 5 << 10 | 4 << 13 | 2)
host.time += 1000 * datasheet.PS_PER_US
board.meter.update()
sys.stdout.write("%d %.12e" % (rcc.clocks.hclk_hz, board.meter.energy_j))
"""


def test_python_2_7_reckons_as_python_3_does():
    outputs = []
    for python in (sys.executable, shutil.which("python2.7")):
        if python is None:
            pytest.skip("python2.7 is not installed")
        command = [python, "-c", _START_UP_IN_2_7, str(DEVICES.parent)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode == 127:
            pytest.skip("python2.7 is only a shim here")
        assert run.returncode == 0, run.stderr
        outputs.append(run.stdout)
    assert outputs[0].startswith("100000000 ")
    assert outputs[1] == outputs[0]
