"""What an instruction is taken to cost on Renode is what it costs on the embedded board."""

import pytest

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks import zoo
from renode_platform.ironpython.core_time import MEAN_COST

pytestmark = pytest.mark.board


def test_the_mean_is_that_of_the_built_in_network():
    network = zoo.load("vww")
    with VirtualBoard() as board:
        deployment = Deployment(network, board, by_debugger=True)
        schedule = Schedule.uniform(len(network.layers), deployment.board.hse_hz)
        truth = deployment.infer(zoo.sample_input("vww"), schedule).inference_truth
    counted = [piece.counters for stretch in truth.stretches for piece in stretch.pieces]
    found = (
        sum(counters.cycles for counters in counted),
        sum(counters.instructions for counters in counted),
        sum(counters.busy_cycles for counters in counted),
        sum(counters.flash_words for counters in counted),
    )
    assert found == pytest.approx(MEAN_COST, rel=0.05)
