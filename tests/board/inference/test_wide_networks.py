"""Tensors that lie across two memories come in and out by the debug port as one."""

import numpy as np
import pytest
from wide_networks import SRAM2, wide_input, wide_output

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board


@pytest.mark.parametrize("make", [wide_input, wide_output])
def test_a_tensor_across_sram1_and_sram2_comes_in_and_out_whole(make):
    network = make()
    data = sample_input(network.tensors[network.input])
    with VirtualBoard() as board:
        deployment = Deployment(network, board, by_debugger=True)
        addresses = deployment.image.plan.addresses
        assert any(
            address < SRAM2 < address + tensor.bytes
            for address, tensor in zip(addresses, network.tensors, strict=True)
        )
        (output,) = deployment.infer(data, Schedule.uniform(1, 50_000_000)).outputs
    assert np.array_equal(output, reference.run(network, data)[network.outputs[0]])
