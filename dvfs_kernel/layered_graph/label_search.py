"""What a search for labels is asked, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "FINISHED", "OUT_OF_LABELS", "OUT_OF_TIME", "Ceilings", "Limits", "Manner", "Place", "Sample",
    "Search",
]  # fmt: skip

FINISHED = 0
OUT_OF_TIME = 1
OUT_OF_LABELS = 2


class Ceilings(NamedTuple):
    """The most cost of a wanted path; one of the two is empty, and the other holds.

    Attributes
    ----------
    lines
        (prices) at every price.
    tents
        (prices − 1, 2) at pairs of neighbouring prices, of which one pair must hold.
    """

    lines: Floats
    tents: Floats


class Limits(NamedTuple):
    """What is searched for, and when the search gives up.

    Attributes
    ----------
    bound
        Most time of a whole path.
    slack_time
        Rounding error allowed to bounds on time.
    surely_in_time
        Most time, however summed, that is certain to keep the bound.
    best_energy
        Energy of the best path known.
    step
        By how much another path must be better: 0 for real numbers, less than the unit for
        energies that are multiples of one.
    stop_at
        A path of this energy ends the search.
    label_limit
        Most labels stored.
    memory_labels
        Most memory, as a number of labels of ``BYTES_PER_LABEL``.
    deadline_s
        Latest time on the monotonic clock.
    """

    bound: float
    slack_time: float
    surely_in_time: float
    best_energy: float
    step: float
    stop_at: float
    label_limit: int
    memory_labels: int
    deadline_s: float


class Manner(NamedTuple):
    """How a search goes about it.

    Attributes
    ----------
    keep
        A label is dominated when so many before it are at least as good.
    complete
        Whether labels are completed to find one good path early.
    thin
        Width of the stretches of time of which only the best label is kept; 0: all are.
    buckets, sample_start, sample_end
        Buckets of time for a sample of completions; none if 0.
    """

    keep: int = 1
    complete: bool = False
    thin: float = 0.0
    buckets: int = 0
    sample_start: float = 0.0
    sample_end: float = 0.0


class Place(NamedTuple):
    """Where a search is.

    Attributes
    ----------
    layer, state
        Which are being worked on.
    stored
        How many labels are kept so far.
    """

    layer: int
    state: int
    stored: int


class Sample(NamedTuple):
    """Completions, the best of each bucket of time.

    Attributes
    ----------
    start, width
        Where the first bucket begins, and how wide each is.
    time, energy
        (buckets) of the completions; infinite: none yet.
    origin
        (buckets, 4) layer, label, state and price of each.
    """

    start: float
    width: float
    time: Floats
    energy: Floats
    origin: Ints


class Search(NamedTuple):
    """What a search found.

    Attributes
    ----------
    status
        ``FINISHED``, ``OUT_OF_TIME`` or ``OUT_OF_LABELS``.
    time, energy, label
        (paths) of the complete paths that are not dominated, by time; the last label of each.
    trace
        (labels) traces of all labels.
    layer_start
        (layers + 1) where each layer's labels start.
    best
        Energy, layer, label, state and price of the best completion (layer −1: none).
    sample
        Completions found by the way.
    """

    status: int
    time: Floats
    energy: Floats
    label: Ints
    trace: Ints
    layer_start: Ints
    best: Floats
    sample: Sample
