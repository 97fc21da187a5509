"""Rules that stood in several places stand in one: a new twin is named by its line."""

import ast
import re
from collections.abc import Iterator

import pytest
from imports import PACKAGE, ROOT

from renode_platform.devices import datasheet as ds

FOLDERS = (PACKAGE, "renode_platform")
#: What ends the name of a physical quantity.
UNIT = re.compile(r"(^|_)(hz|mhz|s|ps|ns|us|ms|j|a|v|w|c|ohm|baud|ticks|second)$", re.IGNORECASE)
ROUNDING = {"int", "round", "floor", "ceil", "trunc", "rint"}

#: Products and quotients of quantities that are rounded where they stand, and why they may be.
ROUNDED = {
    "dvfs_kernel/errors.py": "of a Fraction",
    "dvfs_kernel/evidence/measurement/sensor_view.py": "counts samples, and models a converter",
    "dvfs_kernel/evidence/self_test/diagnosis.py": "guesses a clock that was measured to 1 %",
    "dvfs_kernel/link/ina219_sampling.py": "a tick is added to it",
    "dvfs_kernel/report/charts/timeline.py": "pixels of a chart",
    "dvfs_kernel/report/timeline.py": "marks of an axis",
    "dvfs_kernel/widgets/clock_tree.py": "the end of a slider",
    "dvfs_kernel/studies/solved.py": "the end of a slider",
    "renode_platform/devices/ina219.py": "a converter's steps",
    "renode_platform/devices/power_meter.py": "a register's steps",
    "renode_platform/devices/serial_line.py": "bits at a rate that is a quotient itself",
}
#: Frequencies that the data sheet and the paper give; their modules may name them.
FREQUENCIES = {
    *(16_000_000, 216_000_000, 50_000_000, 8_000_000, 25_000_000),
    *(ds.LSE_HZ, ds.HSI_HZ, ds.SYSCLK_MAX_HZ),
}
HOMES = {
    "renode_platform/devices/datasheet.py": "of the chip",
    "dvfs_kernel/clocks/lists.py": "of the paper",
    "dvfs_kernel/widgets/exercises.py": "given by the question",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


SOURCES = tuple(sources())


def names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def found(rule, allowed=()):
    """Return place and text of every node that a rule holds of, outside the modules allowed."""
    return [
        f"{path}:{node.lineno}: {ast.unparse(node)}"
        for path, tree in SOURCES
        if path not in allowed
        for node in ast.walk(tree)
        if rule(node)
    ]


def multiplies(node):
    return any(
        isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div)
        for part in ast.walk(node)
    )


def rounds_a_product(node):
    """Tell whether a product of quantities is made whole, or one that has been read once more."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
    inside = set(names(node.args[0]))
    of_quantity = multiplies(node.args[0]) and any(UNIT.search(name) for name in inside)
    return called in ROUNDING and (of_quantity or "parse" in inside)


def tells_megahertz_cut_short(node):
    """Tell whether a frequency is written with six digits: 33.333333 MHz is another with them."""
    return (
        isinstance(node, ast.FormattedValue)
        and isinstance(node.value, ast.BinOp)
        and isinstance(node.value.op, ast.Div)
        and any(name.lower().endswith("hz") for name in names(node.value.left))
        and node.format_spec is not None
        and ast.unparse(node.format_spec) in {"f'g'", "'g'"}
    )


def asks_what_the_pll_does(node):
    """Tell whether a condition puts together what `ClockState.keeps_pll` and its twin say."""
    return isinstance(node, ast.BoolOp) and {"pll", "on_hse"} <= set(names(node))


def lists_dae_operators(node):
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        return False
    values = {getattr(part, "value", None) for part in node.elts if isinstance(part, ast.Constant)}
    return {"depthwise", "pointwise"} <= values or {"DEPTHWISE", "POINTWISE"} <= set(names(node))


def types_a_frequency(node):
    """Tell whether a number of the data sheet is typed in for something that is in hertz."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named, value = [name for target in targets for name in names(target)], node.value
    elif isinstance(node, ast.BinOp | ast.Compare):
        named, value = list(names(node)), node
    else:
        return False
    return (
        value is not None
        and any(name.lower().endswith("hz") for name in named)
        and any(
            isinstance(part, ast.Constant)
            and isinstance(part.value, int | float)
            and part.value in FREQUENCIES
            for part in ast.walk(value)
        )
    )


def passes_a_frequency(node):
    """The same of arguments and of their defaults."""
    if isinstance(node, ast.keyword):
        pairs = [(node.arg or "", node.value)]
    elif isinstance(node, ast.FunctionDef):
        taken = [*node.args.posonlyargs, *node.args.args]
        defaults = [None] * (len(taken) - len(node.args.defaults)) + node.args.defaults
        pairs = [(arg.arg, value) for arg, value in zip(taken, defaults, strict=True)]
        pairs += [
            (arg.arg, value)
            for arg, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        ]
    else:
        return False
    return any(
        isinstance(value, ast.Constant)
        and (
            (name.endswith("_hz") and value.value in FREQUENCIES)
            or (name == "hse" and value.value is not None)
        )
        for name, value in pairs
    )


def takes_a_lock_time_of_another_form(node):
    """Tell whether a name for the lock time promises anything but a `PllLock` or what makes one."""
    if isinstance(node, ast.arg):
        name, annotation = node.arg, node.annotation
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        name, annotation = node.target.id, node.annotation
    else:
        return False
    return (
        name == "pll_lock"
        and annotation is not None
        and ast.unparse(annotation) not in {"PllLock", "PllLockLike", "PllLockLike | None"}
    )


RULES = {
    "a product of quantities is rounded by whole_units": (rounds_a_product, ROUNDED),
    "a frequency is told by megahertz": (tells_megahertz_cut_short, {}),
    "ClockState says what the PLL does": (
        asks_what_the_pll_does,
        {"dvfs_kernel/clocks/state.py": "its home"},
    ),
    "dae_form says which operators have a DAE form": (
        lists_dae_operators,
        {"dvfs_kernel/image/dae_form.py": "its home"},
    ),
    "the data sheet has the frequencies": (types_a_frequency, HOMES),
    "no frequency is passed as a number": (passes_a_frequency, HOMES),
    "a lock time is a PllLock": (
        takes_a_lock_time_of_another_form,
        {"dvfs_kernel/boards/emulator/options.py": "what the device models take"},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_it_stands_once(rule):
    holds, allowed = RULES[rule]
    assert found(holds, allowed) == []


@pytest.mark.parametrize("rule", RULES)
def test_what_is_allowed_is_still_there(rule):
    holds, allowed = RULES[rule]
    paths = {line.partition(":")[0] for line in found(holds)}
    assert set(allowed) - set(HOMES) <= paths


TWINS = {
    "a product of quantities is rounded by whole_units": "int(hse_mhz * 1e6)",
    "a frequency is told by megahertz": "f'{hse_hz / 1e6:g} MHz'",
    "ClockState says what the PLL does": "state.pll is None or not state.on_hse",
    "dae_form says which operators have a DAE form": "('pointwise', 'depthwise')",
    "the data sheet has the frequencies": "CORE_HZ = 216e6",
    "no frequency is passed as a number": "def f(hse='50MHz'): pass",
    "a lock time is a PllLock": "pll_lock: str | float = 'typ'",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_twin_is_found(rule):
    holds, _ = RULES[rule]
    assert any(holds(node) for node in ast.walk(ast.parse(TWINS[rule])))
