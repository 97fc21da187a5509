"""Layers by their names and numbers."""

from types import SimpleNamespace

import pytest

from dvfs_kernel.errors import UnknownLayerError
from dvfs_kernel.networks.by_name import ByName


def layers(*names):
    return ByName(SimpleNamespace(name=name) for name in names)


def test_names_numbers_and_slices():
    found = layers("stem", "middle", "head")
    assert found["head"] is found[2] is found[-1]
    assert [layer.name for layer in found[1:]] == ["middle", "head"]
    assert len(found) == len(list(found)) == 3


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("tail", "no layer has the name 'tail'; the layers are stem, twin, twin"),
        ("twin", "2 layers have the name 'twin'"),
        (3, "there is no layer 3; 0 to 2 is allowed"),
        (-4, "there is no layer -4; 0 to 2 is allowed"),
    ],
)
def test_what_is_not_there_is_told(key, message):
    with pytest.raises(UnknownLayerError, match=message) as caught:
        layers("stem", "twin", "twin")[key]
    assert isinstance(caught.value, LookupError)


def test_few_words_stand_for_many_layers():
    assert repr(layers(*"abcdef")) == "<6 layers: a, b, c, …>"
    assert repr(layers("a")) == "<1 layers: a>"
