"""Stages of a search for labels keep what they say, held against all their candidates."""

import numpy as np
import pytest

from dvfs_kernel.layered_graph.compact import Graph
from dvfs_kernel.layered_graph.label_buffers import new_buffers
from dvfs_kernel.layered_graph.label_search import (
    FINISHED,
    OUT_OF_LABELS,
    OUT_OF_TIME,
    Ceilings,
    Limits,
    Place,
)
from dvfs_kernel.layered_graph.label_stages import (
    Sources,
    arrive,
    begin,
    keep,
    room_to_keep,
    share,
    take_only_option,
    take_option,
    whole_paths,
)
from dvfs_kernel.layered_graph.merging import TRACE_SHIFT, new_pair, new_run
from dvfs_kernel.layered_graph.switching import link_states
from dvfs_kernel.layered_graph.wanted_region import Step, find_region, new_region

STATES, OPTIONS = 3, 4
LIMITS = Limits(1e9, 0.0, 1e9, np.inf, 0.0, -np.inf, 10**6, 10**6, np.inf)
NO_TENTS = np.empty((0, 2))
SEEDS = pytest.mark.parametrize("seed", range(5))


def undominated(candidates):
    """Return (time, energy, …) by time, without those that another is at least as good as."""
    found, least = [], np.inf
    for one in sorted(candidates):
        if one[1] < least:
            found.append(one)
            least = one[1]
    return found


def labels(run, size, start=0):
    return list(zip(*(column[start : start + size].tolist() for column in run), strict=True))


class Layer:
    """Labels of a layer before, in random runs, and what a search on two layers works in."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        count = STATES * OPTIONS
        start = np.arange(2 * STATES + 1) * OPTIONS
        self.switch = rng.integers(0, 3, (2, 1, STATES, STATES)).astype(float)
        self.graph = Graph(
            rng.uniform(1, 2, 2 * count), rng.uniform(1, 2, 2 * count), start, *self.switch,
            rng.uniform(0, 1, (2, STATES)), rng.uniform(0, 1, (2, STATES)),
        )  # fmt: skip
        self.buffers = new_buffers(self.graph, 1)
        self.arrivals, self.taken = new_pair(1024), new_pair(1024)
        self.before = new_run(1024)
        self.by_state, size = [], 0
        for state in range(STATES):
            points = rng.integers(0, 40, (12, 2)).astype(float).tolist()
            run = undominated(
                (t, e, (size + number) << TRACE_SHIFT) for number, (t, e) in enumerate(points)
            )
            for column, values in zip(self.before, zip(*run, strict=True), strict=True):
                column[size : size + len(run)] = values
            self.by_state.append(run)
            size += len(run)
            self.buffers.before_start[state + 1] = size
        self.size = size
        self.links = link_states(self.switch[0, 0], self.switch[1, 0], True)
        self.region = new_region(np.array([0.0, 1.0]))
        self.want(np.full(2, np.inf))

    def want(self, ceiling):
        assert find_region(self.region, np.zeros(2), 0.0, Ceilings(ceiling, NO_TENTS), LIMITS)

    def shared(self, limits=LIMITS):
        sources = Sources(self.before, new_run(1024))
        shared, self.arrivals, size = share(
            sources, self.arrivals, self.buffers, self.links, limits, 0
        )
        return shared, size

    def arrived(self, state, limits=LIMITS):
        shared, _ = self.shared()
        self.arrivals, size = arrive(
            self.arrivals, Sources(self.before, shared), self.links, self.region, self.buffers,
            limits, Place(1, state, 0),
        )  # fmt: skip
        return size

    def took(self, state, size, limits=LIMITS):
        self.taken, length = take_option(
            self.taken, self.arrivals.run, size, self.graph, self.region, self.buffers, limits,
            Place(1, state, 0),
        )  # fmt: skip
        return length


def costs(run):
    return [one[:2] for one in run]


@SEEDS
def test_shared_runs_are_their_members_merged(seed):
    layer = Layer(seed)
    shared, size = layer.shared()
    starts, members = layer.buffers.shared_start, layer.links.member_start
    assert size == starts[members.size - 1]
    for group in range(members.size - 1):
        states = layer.links.member[members[group] : members[group + 1]]
        expected = undominated(one for state in states for one in layer.by_state[state])
        found = labels(shared, starts[group + 1] - starts[group], starts[group])
        assert costs(found) == costs(expected)


@SEEDS
def test_what_arrives_is_every_label_behind_its_switch(seed):
    for state in range(STATES):
        layer = Layer(seed)
        size = layer.arrived(state)
        (times,), (energies,) = layer.switch[0], layer.switch[1]
        expected = undominated(
            (t + times[origin, state], e + energies[origin, state], trace)
            for origin, run in enumerate(layer.by_state)
            for t, e, trace in run
        )
        assert costs(labels(layer.arrivals.run, size)) == costs(expected)


@SEEDS
def test_what_is_not_wanted_does_not_arrive(seed):
    everything, layer = Layer(seed), Layer(seed)
    ceiling = np.array([30.0, 45.0])  # energy ≤ 30, energy + time ≤ 45
    layer.want(ceiling)
    every = labels(everything.arrivals.run, everything.arrived(0))
    some = labels(layer.arrivals.run, layer.arrived(0))
    assert costs(some) == [(t, e) for t, e, _ in every if e <= 30.0 and e + t <= 45.0]


def test_a_path_begins_where_it_may():
    arrivals = new_run(1024)
    entry = np.array([[0.5, np.inf], [2.0, 1.0]])
    assert begin(arrivals, entry, 0) == 1
    assert labels(arrivals, 1) == [(0.5, 2.0, -(1 << TRACE_SHIFT))]
    assert begin(arrivals, entry, 1) == 0


@SEEDS
def test_an_option_is_taken_by_every_arrival_and_named(seed):
    layer = Layer(seed)
    size = layer.arrived(1)
    arrivals = labels(layer.arrivals.run, size)
    length = layer.took(1, size)
    first = layer.graph.start[STATES + 1]
    expected = undominated(
        (t + layer.graph.time[option], e + layer.graph.energy[option], trace + option)
        for option in range(first, first + OPTIONS)
        for t, e, trace in arrivals
    )
    assert labels(layer.taken.run, length) == expected


def test_the_only_option_is_added_in_place():
    run = new_run(1024)
    run[0][:2], run[1][:2], run[2][:2] = (1.0, 2.0), (4.0, 3.0), (7 << TRACE_SHIFT, 0)
    take_only_option(run, 2, Step(0.5, 0.25, 9))
    assert labels(run, 2) == [(1.5, 4.25, (7 << TRACE_SHIFT) + 9), (2.5, 3.25, 9)]


def test_kept_labels_have_their_own_numbers():
    layer = Layer(0)
    made, trace, ended = room_to_keep(
        new_run(1024), np.empty(1024, np.int64), 3, 1500, 10, layer.buffers, LIMITS
    )
    assert ended == FINISHED
    assert made[0].size >= 1503
    assert trace.size >= 1510
    taken = new_run(1024)
    taken[0][:2], taken[1][:2], taken[2][:2] = (1.0, 2.0), (4.0, 3.0), (70, 71)
    keep(made, trace, 3, 10, taken, 2)
    assert trace[10:12].tolist() == [70, 71]
    assert labels(made, 2, 3) == [(1.0, 4.0, 10 << TRACE_SHIFT), (2.0, 3.0, 11 << TRACE_SHIFT)]


def test_more_labels_than_the_limit_end_the_search_as_they_are():
    layer = Layer(0)
    run, before = new_run(1024), np.arange(1024)
    few = LIMITS._replace(label_limit=11)
    made, trace, ended = room_to_keep(run, before, 0, 2, 10, layer.buffers, few)
    assert ended == -OUT_OF_LABELS
    assert made[0].size == run[0].size
    assert trace.tolist() == before.tolist()


@SEEDS
def test_whole_paths_are_those_in_time(seed):
    layer = Layer(seed)
    leave = layer.graph.leave
    limits = LIMITS._replace(bound=25.0)
    arrivals, size = whole_paths(
        layer.arrivals, layer.before, layer.size, leave, layer.buffers, limits, layer.size
    )
    expected = undominated(
        (t + leave[0, state], e + leave[1, state], trace >> TRACE_SHIFT)
        for state, run in enumerate(layer.by_state)
        for t, e, trace in run
        if t + leave[0, state] <= 25.0
    )
    assert labels(arrivals.run, size) == expected


@pytest.mark.parametrize("stage", ["arrived", "took"])
def test_a_deadline_behind_ends_a_stage_at_its_next_look(stage):
    layer = Layer(1)
    late = LIMITS._replace(deadline_s=0.0)
    size = layer.arrived(0)
    layer.buffers.until_check[0] = 0
    found = layer.arrived(0, late) if stage == "arrived" else layer.took(0, size, late)
    assert found == -OUT_OF_TIME
