"""After a warm-up nothing is left to compile."""

import subprocess
import sys

SCRIPT = """
from dvfs_kernel.layered_graph.warm_up import warm_up
warm_up()
import numpy as np
from numba.core import event
from dvfs_kernel.layered_graph import LayeredGraph
compiled = []
class Listener(event.Listener):
    def on_start(self, event): compiled.append(event.data)
    def on_end(self, event): pass
random = np.random.default_rng(1)
costs = 0.1 * (1 - np.eye(4))
graph = LayeredGraph(
    random.uniform(1, 2, (9, 12)), random.uniform(1, 2, (9, 12)), random.integers(0, 4, (9, 12)),
    switch_time=costs, switch_energy=costs, entry_time=costs[0], entry_energy=costs[0],
)
with event.install_listener("numba:compile", Listener()):
    graph.solve(13.0)
    graph.frontier()
print(len(compiled))
"""


def test_a_warm_solver_compiles_nothing():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"
