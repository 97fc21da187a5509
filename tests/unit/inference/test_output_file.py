"""Outputs as files: what a tensor is called is no way out of a folder."""

import io
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.inference.output_file import member_name, output_bytes


def archive_of(names):
    outputs = {name: np.full(3, number) for number, name in enumerate(names)}
    result = SimpleNamespace(
        network=SimpleNamespace(name="net"),
        outputs=tuple(outputs.values()),
        named_outputs=lambda: outputs,
    )
    return output_bytes(result, ".npz")


@pytest.mark.parametrize(
    ("tensor", "member"),
    [
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall:0"),
        ("model/dense/BiasAdd", "model/dense/BiasAdd"),
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("/root", "_/root"),
        ("C:/windows", "C_/windows"),
        ("..\\x", ".._x"),
        ("a//./.. /b", "a/_/_/_/b"),
        ("a\0\nb", "a__b"),
        ("", "_"),
    ],
)
def test_names_lead_nowhere_but_down(tensor, member):
    assert member_name(tensor) == member


@given(st.text(alphabet="./\\:aC\0~", max_size=12))
def test_no_name_leads_out(tensor):
    name = member_name(tensor)
    assert not name.startswith(("/", "C:"))
    assert not {"", ".", ".."} & set(name.split("/"))
    assert "\\" not in name
    assert member_name(name) == name


def test_outputs_whose_names_become_the_same_are_all_there():
    with np.load(io.BytesIO(archive_of(["../a", "_/a", "./a", "b" * 100_000]))) as found:
        assert {name: found[name][0] for name in found.files} == {
            "_/a": 0, "_/a_": 1, "_/a__": 2, "b" * 512: 3,
        }  # fmt: skip


def test_the_same_outputs_are_the_same_bytes():
    assert archive_of(["a", "b"]) == archive_of(["a", "b"])
    with zipfile.ZipFile(io.BytesIO(archive_of(["a"]))) as archive:
        assert archive.testzip() is None
