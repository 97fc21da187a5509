"""After a warm-up nothing is left to compile, or to load."""

import subprocess
import sys
import threading

import pytest

from dvfs_kernel.layered_graph import warm_up as module
from dvfs_kernel.layered_graph.warm_up import warming_up

SCRIPT = """
import sys
import numpy as np
from numba.core.dispatcher import Dispatcher
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.layered_graph.warm_up import warm_up

def ready():
    found = [value for name, module in sorted(sys.modules.items())
             if name.startswith("dvfs_kernel.layered_graph")
             for value in vars(module).values() if isinstance(value, Dispatcher)]
    return sum(len(one.signatures) for one in found)

budgets = sys.argv[1] == "budgets"
counts = [ready()]
warm_up(budgets=budgets)
counts.append(ready())
random = np.random.default_rng(1)
costs = 0.1 * (1 - np.eye(4))
graph = LayeredGraph(
    random.uniform(1, 2, (9, 12)), random.uniform(1, 2, (9, 12)), random.integers(0, 4, (9, 12)),
    switch_time=costs, switch_energy=costs, entry_time=costs[0], entry_energy=costs[0],
    resources={"flash": random.integers(1, 9, (9, 12)), "loss": random.uniform(0, 1, (9, 12))},
)
graph.solve(13.0)
graph.frontier()
if budgets:
    graph.solve(16.0, budgets={"flash": 25, "loss": 3})
print(*counts, ready())
"""


@pytest.mark.parametrize("kind", ["plain", "budgets"])
def test_a_warm_solver_has_everything_ready(kind):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind], capture_output=True, text=True, check=True
    )
    before, warm, after = map(int, done.stdout.split())
    assert before < warm == after


def test_what_goes_wrong_in_the_thread_is_told(monkeypatch):
    def broken(*, budgets):
        raise RuntimeError(f"budgets {budgets}")

    monkeypatch.setattr(module, "warm_up", broken)
    with pytest.raises(RuntimeError, match="budgets True"), warming_up(budgets=True):
        pass


def test_the_thread_ends_with_its_block(monkeypatch):
    go_on, seen = threading.Event(), []

    def slow(*, budgets):
        go_on.wait(10)
        seen.append(budgets)

    monkeypatch.setattr(module, "warm_up", slow)
    with warming_up():
        go_on.set()
    assert seen == [False]
    assert "dvfs-warm-up" not in {thread.name for thread in threading.enumerate()}


def test_a_block_that_raises_does_not_wait(monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(module, "warm_up", lambda **_: go_on.wait(10))
    with pytest.raises(KeyboardInterrupt), warming_up():
        raise KeyboardInterrupt
    assert not go_on.is_set()
    go_on.set()
