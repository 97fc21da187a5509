"""What may be chosen for each layer."""

import numpy as np
import pytest
from networks import convolution, tensor, two_layers

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError, ScheduleError
from dvfs_kernel.exploration.design_space import DesignSpace
from dvfs_kernel.exploration.runs import Workload
from dvfs_kernel.networks.network import Network

HSE_HZ = 50_000_000
PLL, SLOW_PLL, HSE = map(ClockSetting.parse, ("pll:25/216/2", "pll:25/100/2", "hse"))


def workload(network):
    return Workload(network, np.zeros(network.tensors[0].shape, np.int8), BoardSpec(), b"elf")


def test_granularity_0_is_always_there_and_others_where_there_is_a_decoupled_form():
    space = DesignSpace.of(workload(two_layers()), HSE_HZ, [PLL], (4, 2, 4))
    assert space.granularities == (0, 2, 4)
    assert space.fits == ((0,), (0, 2, 4))
    assert space.fitting(2) == [0, 2]


def test_a_granularity_that_fits_no_layer_is_refused():
    plain = Network(
        "plain", (tensor("a", (6, 5, 2)), tensor("b", (6, 5, 4))), (convolution(),), 0, (1,)
    )
    with pytest.raises(ScheduleError, match=r"granularities 2, 4: no layer of plain .* only depth"):
        DesignSpace.of(workload(plain), HSE_HZ, [PLL], (0, 2, 4))
    assert DesignSpace.of(workload(plain), HSE_HZ, [PLL], (0,)).fits == ((0,),)
    by_default = DesignSpace.of(workload(plain), HSE_HZ, [PLL])
    assert (by_default.granularities, by_default.fits) == ((0,), ((0,),))


def test_the_hse_alone_is_a_state_only_where_it_is_asked_for():
    def states(*clocks):
        return {str(s) for s in DesignSpace.of(workload(two_layers()), HSE_HZ, clocks).states}

    without = states(PLL, SLOW_PLL)
    assert len(without) == 4
    assert states(PLL, SLOW_PLL, HSE) - without == {"hse"}


@pytest.mark.parametrize(
    ("clocks", "message"),
    [([], "there is no clock"), ([ClockSetting.parse("pll:25/432/2")], "432")],
)
def test_without_a_legal_clock_there_is_nothing_to_explore(clocks, message):
    with pytest.raises(ClockError, match=message):
        DesignSpace.of(workload(two_layers()), HSE_HZ, clocks)
