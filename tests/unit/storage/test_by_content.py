"""Every dataclass can be compared and, if it is frozen, hashed: what holds arrays, by content."""

import ast
import dataclasses
import importlib
import re
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from imports import PACKAGE, ROOT, modules
from networks import two_layers

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.exploration.runs import Workload
from dvfs_kernel.storage.by_content import ByContent, content_digest

#: Modules that need an extra which the tests do not bring.
WITHOUT = {"dvfs_kernel.approximation.training.torch_training"}
TABLE = {"dict", "Mapping", "defaultdict", "Counter"}
LIST = {"list", "Sequence", "set"}


def array_names():
    """Return the names by which annotations mean arrays."""
    names = {"NDArray", "ndarray"}
    for path in modules(ROOT / PACKAGE).values():
        for node in ast.parse(path.read_text("utf-8")).body:
            told = ast.unparse(node)
            if isinstance(node, ast.Assign | ast.AnnAssign) and "NDArray" in told.partition("=")[2]:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id[:1].isupper():
                    names.add(target.id)
    return names


ARRAY = array_names()


def dataclasses_there():
    found = {}
    for name in modules(ROOT / PACKAGE):
        if name in WITHOUT or name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and dataclasses.is_dataclass(value):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return dict(sorted((key, one) for key, one in found.items() if key.startswith(PACKAGE)))


CLASSES = dataclasses_there()


def value_for(field, number):
    words = set(re.findall(r"\w+", str(field.type)))
    if words & ARRAY:
        return np.arange(4) + number
    if words & TABLE:
        return {"a": number, "b": 2}
    if words & LIST:
        return [number, 2]
    return (number, "a text")


def made(kind, number):
    """Make an object without its constructor: what its fields may hold does not matter here."""
    one = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(one, field.name, value_for(field, number))
    return one


def own_answer(kind):
    """Tell whether somebody thought about equality: by hand, by content, or by identity."""
    equal = next(vars(base)["__eq__"] for base in kind.__mro__ if "__eq__" in vars(base))
    return equal is object.__eq__ or (
        equal.__code__.co_filename != "<string>" and equal is not ByContent.__eq__
    )


@pytest.mark.parametrize("name", CLASSES)
def test_objects_of_one_content_are_equal(name):
    kind = CLASSES[name]
    if own_answer(kind):
        return
    first, same, other = made(kind, 1), made(kind, 1), made(kind, 3)
    assert first == same
    assert (first != other) == bool(dataclasses.fields(kind))
    assert first != object()
    words = set(re.findall(r"\w+", " ".join(str(field.type) for field in dataclasses.fields(kind))))
    # A list says that who has the object may change it.
    if kind.__dataclass_params__.frozen and not words & LIST - {"Sequence"}:
        assert len({first, same, other}) == 1 + (first != other)


def test_there_are_classes_of_each_kind():
    assert len(CLASSES) > 200
    assert sum(issubclass(kind, ByContent) for kind in CLASSES.values()) > 25


def workload(**changes):
    network = two_layers()
    data = np.zeros(network.tensors[0].shape, np.int8)
    return Workload(
        **{"network": network, "data": data, "board": BoardSpec(), "firmware": b"", **changes}
    )


def test_networks_layers_and_workloads_are_equal_by_what_they_hold():
    assert two_layers() == two_layers()
    assert two_layers().layers[0] != two_layers().layers[1]
    assert len({two_layers(), two_layers()}) == 1
    assert workload() == workload()
    assert hash(workload()) == hash(workload())
    other = np.ones(two_layers().tensors[0].shape, np.int8)
    assert len({workload(), workload(data=other), workload(board=BoardSpec(pll_lock="max"))}) == 3


arrays = hnp.arrays(
    st.sampled_from([np.int8, np.int16, np.float64]), st.lists(st.integers(0, 3), max_size=3)
)
values = st.recursive(
    st.none() | st.integers() | st.text() | arrays,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def plain(value):
    """Return what is equal, in Python's own sense, for values that should have one digest."""
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, tuple | list):
        return (type(value).__name__, *map(plain, value))
    if isinstance(value, dict):
        return ("table", frozenset((key, plain(one)) for key, one in value.items()))
    return (type(value).__name__, value)


@given(values, values)
def test_digests_are_equal_for_equal_values_and_no_others(first, second):
    assert (content_digest(first) == content_digest(second)) == (plain(first) == plain(second))


def test_tables_are_equal_in_any_order():
    assert content_digest({"a": 1, "b": 2}) == content_digest(MappingProxyType({"b": 2, "a": 1}))
