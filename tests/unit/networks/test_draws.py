"""Draws that decide over results: the same with every version of NumPy, as they were with 2.4."""

import ast
import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from imports import PACKAGE, ROOT, modules
from networks import tensor

from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.image import memory_plan
from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.networks.input_tensor import sample_input

#: NumPy's generators, whose streams may change; the solver's warm-up compiles and drops its result.
GENERATORS = {"default_rng", "Generator", "RandomState"}
HARMLESS = {"dvfs_kernel.layered_graph.warm_up"}

FIRST = [5, 0, 63, 87989972, 323153949, 0]
SHUFFLED = [8, 11, 4, 7, 5, 0, 1, 9, 2, 10, 6, 3]
OCTETS = [[193, 88, 107, 214], [72, 3, 249, 66], [100, 113, 251, 27]]
PLANS, INPUT, SUBSET = "6238c4dc245ed5e4", "bfcda2b154dc9385", "92edbd0917cc6710"

bounds = st.lists(st.integers(1, 300) | st.integers(1, 2**32), max_size=60)


def test_the_streams_are_these():
    """In numbers, for NumPy's generator may give others one day."""
    draws = Draws(0)
    assert [draws.below(bound) for bound in (7, 1, 100, 2**31 + 1, 2**32, 3)] == FIRST
    assert Draws(1).shuffled(12).tolist() == SHUFFLED
    assert Draws(2).octets((3, 4)).tolist() == OCTETS


@given(bounds, st.integers(0, 99))
def test_numbers_are_even_and_within_their_bounds(asked, seed):
    draws = Draws(seed)
    assert all(0 <= draws.below(bound) < bound for bound in asked)


@given(st.integers(0, 99))
def test_every_number_comes_as_often(seed):
    draws = Draws(seed)
    counts = np.bincount([draws.below(5) for _ in range(2000)], minlength=5)
    assert np.abs(counts - 400).max() < 120


@given(st.integers(0, 50), st.integers(0, 99))
def test_what_is_shuffled_is_all_there(count, seed):
    assert sorted(Draws(seed).shuffled(count).tolist()) == list(range(count))


def test_no_other_generator_decides_over_anything():
    found = {
        module
        for module, path in modules(ROOT / PACKAGE).items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in GENERATORS
        and ast.unparse(node.value) in {"np.random", "numpy.random"}
    }
    assert found == HARMLESS


def test_plans_samples_and_subsets_are_what_they_were(monkeypatch):
    """Plans whose order is drawn, made-up inputs, images of a subset: a digest of each."""
    assert digest(plan_addresses(monkeypatch)) == PLANS
    assert digest(sample_input(tensor("a", (6, 5, 2))).tolist()) == INPUT
    data = DataSet("d", np.zeros((500, 1, 1, 1), np.uint8), np.arange(500))
    assert digest(data.subset(50, 3).labels.tolist()) == SUBSET


def plan_addresses(monkeypatch):
    """Place blocks that no usual order fits into what is there."""
    random = Draws(5)
    found = []
    for _ in range(20):
        blocks = []
        for number in range(14):
            first = random.integer(0, 10)
            lifetime = memory_plan.Lifetime(first, first + random.integer(0, 6))
            blocks.append(memory_plan._Block((number,), 32 * random.integer(1, 40), lifetime))
        bound, _ = memory_plan._lower_bound(blocks, 17)
        monkeypatch.setattr(memory_plan.abi, "TENSOR_BYTES", bound)
        found.append(memory_plan._place(blocks))
    return found


def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
