"""Plans: what is written is read back, and nothing else is believed."""

import copy
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.inference.deployment_plan import LayerPrediction, Plan
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import FORMS
from dvfs_kernel.storage.json_documents import validator

HSE_HZ = 50_000_000
CLOCKS = tuple(map(ClockSetting.parse, ("hse", "hsi", "pll:25/216/2", "pll:25/100/2")))
amounts = st.floats(0, 1e6)


@st.composite
def plans(draw):
    layers = draw(st.integers(1, 5))
    return Plan(
        network=draw(st.text(st.characters(exclude_categories=["Cs"]))),
        image_digest=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        bound=draw(st.sampled_from(["10 %", "180 ms"])),
        window_s=draw(amounts),
        idle=draw(st.sampled_from(abi.IdleMode)),
        latency_s=draw(amounts),
        inference_j=draw(amounts),
        window_j=draw(amounts),
        layers=tuple(LayerPrediction(draw(amounts), draw(amounts)) for _ in range(layers)),
        schedule=Schedule.uniform(layers, HSE_HZ, hfo=draw(st.sampled_from(CLOCKS))),
    )


@given(plan=plans())
def test_a_plan_comes_back_as_it_was(plan):
    assert Plan.from_dict(json.loads(plan.to_json())) == plan


PLAN = Plan(
    "vww",
    "ab" * 32,
    "10 %",
    0.1,
    abi.IdleMode.STOP,
    0.09,
    0.01,
    0.011,
    (LayerPrediction(0.04, 0.005),) * 2,
    Schedule.uniform(2, HSE_HZ),
)


def test_a_plan_is_read_from_a_file(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(PLAN.to_json(), encoding="utf-8")
    assert Plan.load(path) == PLAN


@pytest.mark.parametrize("field", sorted(PLAN.to_dict()))
def test_a_missing_field_is_named(field):
    data = PLAN.to_dict()
    del data[field]
    with pytest.raises(ScheduleError, match=field.replace("schema_version", "version None")):
        Plan.from_dict(data)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("schema",), "dvfs-kernel/schedule", "the schema is 'dvfs-kernel/schedule', version 1"),
        (("schema_version",), 2, "version 2; only 'dvfs-kernel/plan', version 1"),
        (("colour",), "red", "unknown field 'colour'"),
        (("idle",), "deep", "idle is 'deep'; allowed: sleep, gated, stop"),
        (("window_s",), "long", "a plan: window_s has to be a number of 0 or more, not 'long'"),
        (("window_s",), True, "window_s has to be a number"),
        (("window_s",), -0.1, "window_s has to be a number of 0 or more, not -0.1"),
        (("window_s",), float("nan"), "window_s has to be a number of 0 or more, not nan"),
        (("predicted",), [], "predicted has to be a JSON object"),
        (("predicted", "latency_s"), None, "predicted: latency_s has to be a number"),
        (("layers",), {}, "layers has to be a list of 2"),
        (("layers",), [{"time_s": 0, "energy_j": 0}], "layers has to be a list of 2"),
        (("layers", 1), 7, "layer 1 has to be a JSON object, not 7"),
        (("layers", 1), {"time_s": 1}, "layer 1: energy_j has to be a number"),
        (("schedule",), None, "schedule"),
        (("schedule", "hse_hz"), "fast", "hse_hz"),
    ],
)
def test_a_damaged_plan_is_told_by_its_fault(place, value, message, tmp_path):
    data = copy.deepcopy(PLAN.to_dict())
    parent = data
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    with pytest.raises(ScheduleError, match=re.escape(message)):
        Plan.from_dict(data)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ScheduleError, match=re.escape(f"{path}: ")):
        Plan.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"plan"', b"\xff\xfe", b"[" * 100_000], ids=range(6)
)
def test_another_file_is_refused_with_its_name(content, tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(ScheduleError, match=re.escape(f"{path}: ")):
        Plan.load(path)


def test_a_plan_that_cannot_be_read_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Plan.load(tmp_path / "plan.json")


@pytest.mark.parametrize("form", FORMS)
def test_every_kernel_form_is_one_of_the_document(form):
    document = json.loads(replace(PLAN, forms=(form, form)).to_json())
    validator("plan").validate(document)
    assert Plan.from_dict(document).forms == (form, form)
    document["forms"][0] = "other"
    assert not validator("plan").is_valid(document)
