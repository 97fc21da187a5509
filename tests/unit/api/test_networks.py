"""Networks by name, and what they are given where nothing is given."""

import numpy as np
import pytest

import dvfs_kernel as dvfs
from dvfs_kernel.api.network import input_of
from dvfs_kernel.networks import zoo


def test_the_trained_ones_have_a_record():
    known = {name: dvfs.builtin_record(name) for name in dvfs.builtin_networks()}
    assert [name for name, record in known.items() if record is None] == list(zoo.SEEDED)
    for record in known.values():
        assert record is None or isinstance(record, dvfs.TrainingRecord)
    with pytest.raises(dvfs.FileFormatError, match="'resnet' is no built-in network; these are"):
        dvfs.builtin_record("resnet")


@pytest.mark.parametrize("name", zoo.NAMES)
def test_the_sample_is_the_input_where_there_is_no_other(name):
    assert np.array_equal(input_of(dvfs.load(name), None), zoo.sample_input(name))
