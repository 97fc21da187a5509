"""Forms, clocks and flash chosen together; options and points as plain arrays."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_classifier import its_data, tiny_classifier

from dvfs_kernel.approximation.search.choice import choose_skips
from dvfs_kernel.approximation.search.code_cost import CodeCost
from dvfs_kernel.approximation.search.space import build_space
from dvfs_kernel.errors import ArgumentError, DataSetError, NetworkTooLargeError
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.image.forms import with_forms
from dvfs_kernel.networks.layers.weighted import FORMS, PACKED, STREAMED, UNPACKED, WINOGRAD
from dvfs_kernel.studies.joint.form_options import (
    FORM_DTYPE,
    FlashNeed,
    FormOptions,
    flash_need,
    useful,
)
from dvfs_kernel.studies.joint.joint_problem import FLASH, JointProblem


def test_flash_of_forms_adds_up_to_the_image():
    network = tiny_classifier()
    need = flash_need(network)
    for forms in itertools.product(*(layer or {PACKED: 0} for layer in need.layers)):
        made = with_forms(network, dict(enumerate(forms)))
        whole = len(image.build(made, memory_plan.plan(made)).data)
        counted = need.rest_bytes + sum(
            layer[form] for layer, form in zip(need.layers, forms, strict=True) if layer
        )
        assert whole <= counted + 64  # code that layers share counts for each
        assert counted - whole < 4096
    assert UNPACKED not in need.layers[2]  # a weight that is used once


def test_a_budget_below_packed_layers_says_the_least():
    need = flash_need(tiny_classifier())
    need.require(need.packed_bytes, "tiny")
    with pytest.raises(NetworkTooLargeError, match=f"{need.packed_bytes} bytes of flash"):
        need.require(need.packed_bytes - 1, "tiny")


def test_only_options_that_nothing_beats_stay():
    random = np.random.default_rng(0)
    rows = np.zeros(60, FORM_DTYPE)
    rows["state"] = random.integers(0, 3, 60)
    rows["form"] = random.integers(0, len(FORMS), 60)
    for name in ("time_s", "energy_j", "flash_bytes"):
        rows[name] = random.integers(1, 6, 60)
    rows[1] = rows[0]
    kept = useful(rows)
    assert 0 < len(kept) < len(rows)
    costs = ("time_s", "energy_j", "flash_bytes")
    for row in rows:
        same = kept[kept["state"] == row["state"]]
        assert any(all(other[name] <= row[name] for name in costs) for other in same)
    for row, other in itertools.permutations(kept, 2):
        worse = all(other[name] <= row[name] for name in costs)
        assert not (row["state"] == other["state"] and worse)


def test_cycles_fall_as_pairs_go():
    network = tiny_classifier()
    train, _ = its_data(network)
    space = build_space(network, train)
    (ladder,) = space.ladders
    cost = CodeCost(network)
    cycles = [cost(space.plan((level,))) for level in range(len(ladder))]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[-1] < cycles[0]


def test_what_is_chosen_keeps_its_loss_on_search_images():
    network = tiny_classifier()
    train, test = its_data(network)
    choice = choose_skips(network, train, test, (0, 5), budget_s=20, slack_errors=0)
    assert choice.calibration_images + choice.search_images == len(train)
    assert choice.points[0].point.plan.name == "exact"
    for loss, _ in choice.losses:
        assert choice.chosen(loss).point.assessment.loss_points <= loss
    costs = [point.point.cost for point in choice.points]
    assert costs[1:] == sorted(costs[1:], reverse=True)


def test_losses_and_data_that_cannot_be():
    network = tiny_classifier()
    train, test = its_data(network)
    with pytest.raises(ArgumentError, match="percentage points from 0"):
        choose_skips(network, train, test, (-1,))
    with pytest.raises(ArgumentError, match="0 to"):
        choose_skips(network, train, test, (100,))
    with pytest.raises(DataSetError, match="at least 300"):
        choose_skips(network, train.subset(120), test, (1,))


def options(rows):
    """Rows of one layer: (form, state, hops, time, energy, flash)."""
    found = np.zeros(len(rows), FORM_DTYPE)
    for row, (form, state, hops, time_s, energy_j, flash) in zip(found, rows, strict=True):
        row["form"], row["state"], row["hops"] = FORMS.index(form), state, hops
        row["time_s"], row["energy_j"], row["flash_bytes"] = time_s, energy_j, flash
    return found


def pooled_options():
    """A convolution and its pooling layer, at two clocks."""
    convolution = options(
        [(PACKED, 0, False, 8.0, 5.0, 10), (PACKED, 1, False, 4.0, 6.0, 10),
         (PACKED, 1, True, 5.0, 5.5, 10), (WINOGRAD, 0, False, 2.0, 1.0, 40),
         (WINOGRAD, 1, False, 1.0, 2.0, 40)]
    )  # fmt: skip
    pool = options(
        [(PACKED, 0, False, 2.0, 0.5, 0), (PACKED, 1, False, 1.0, 0.75, 0),
         (STREAMED, 0, False, 0.25, 0.125, 0), (STREAMED, 1, False, 0.125, 0.0625, 0)]
    )  # fmt: skip
    return FormOptions((convolution, pool), FlashNeed(0, ({}, {})), {0: 1})


def test_a_packed_convolution_counts_with_the_kernel_of_its_pooling():
    convolution, pool = pooled_options().together().layers
    assert convolution["time_s"].tolist() == [10.0, 5.0, 6.0, 2.0, 1.0]
    assert convolution["energy_j"].tolist() == [5.5, 6.75, 6.25, 1.0, 2.0]
    assert pool["time_s"].tolist() == [0.25, 0.125]
    apart = pooled_options().only(PACKED).layers
    assert [len(rows) for rows in apart] == [3, 2]


@pytest.mark.parametrize(
    ("budget_bytes", "bound_s", "forms", "energy_j"),
    [
        (40, 3.0, "winograd", 1.125), (40, 1.5, "winograd", 2.0625),
        (39, 12.0, "packed", 5.625), (39, 6.0, "packed", 6.3125), (39, 5.5, "packed", 6.8125),
    ],
)  # fmt: skip
def test_pooling_follows_the_clock_of_its_convolution(budget_bytes, bound_s, forms, energy_j):
    together = pooled_options().together()
    plain = SimpleNamespace(time_s=np.zeros((2, 2)), energy_j=np.zeros((2, 2)))
    problem = JointProblem(
        exploration=SimpleNamespace(space=SimpleNamespace(states=("slow", "fast"))),
        switching=SimpleNamespace(select=lambda _: plain, cost=lambda *_: (0.0, 0.0)),
        idle=SimpleNamespace(power_w=0.0),
        options=together.layers,
        budget_bytes=budget_bytes,
        followers=together.fused,
    )
    solution = problem.graph.solve(bound_s, budgets={FLASH: budget_bytes})
    rows = problem.rows(solution.choice)
    assert FORMS[rows[0]["form"]] == forms
    assert rows[0]["state"] == rows[1]["state"]
    assert rows["energy_j"].sum() == energy_j
    assert problem.quickest("fast")["state"].tolist() == [1, 1]
