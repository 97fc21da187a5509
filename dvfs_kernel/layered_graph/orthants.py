"""Points in several dimensions, and which of them are at most a given corner in every one.

Whether a label is dominated, and which two halves of a path go together, are the same question:
is there a point in the orthant below a corner? A tree of boxes, halved along their widest side,
answers it by leaving out the boxes whose lower corner is outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled
from dvfs_kernel.layered_graph.wall_clock import monotonic_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["LEAF", "Boxes", "box_tree", "undominated_points"]

LEAF = 24  # most points of a box that is not halved
_CHECK = 1 << 16  # boxes between two looks at the clock


class Boxes(NamedTuple):
    """A tree of boxes; the children of box i are 2 i + 1 and 2 i + 2.

    Attributes
    ----------
    order
        (points) the points, those of one box next to each other.
    first, last
        (boxes) where each box's points start and end in ``order``.
    least
        (boxes, dimensions) lower corner of each box.
    """

    order: Ints
    first: Ints
    last: Ints
    least: Floats


@compiled
def _halve(points: Floats, order: Ints, first: int, last: int, middle: int, side: int) -> None:
    """Reorder [first, last) so that no point before ``middle`` is greater than one from it on."""
    low, high = first, last - 1
    while low < high:
        pivot = points[order[(low + high) // 2], side]
        left, right = low, high
        while left <= right:
            while points[order[left], side] < pivot:
                left += 1
            while points[order[right], side] > pivot:
                right -= 1
            if left <= right:
                order[left], order[right] = order[right], order[left]
                left += 1
                right -= 1
        if middle <= right:
            high = right
        elif middle >= left:
            low = left
        else:
            return


@compiled
def box_tree(points: Floats, deadline_s: float) -> tuple[Boxes, bool]:
    """Put (points, dimensions) into boxes; tell whether there was time to."""
    count, dimensions = points.shape
    depth, size = 0, count
    while size > LEAF:
        size = (size + 1) // 2
        depth += 1
    boxes = (1 << (depth + 1)) - 1
    order = np.arange(count)
    first, last = np.zeros(boxes, np.int64), np.zeros(boxes, np.int64)
    least = np.full((boxes, dimensions), np.inf)
    last[0] = count
    unit = np.ones(dimensions)
    until_check = _CHECK
    for box in range(boxes):
        until_check -= last[box] - first[box]
        if until_check < 0:
            until_check = _CHECK
            if monotonic_s() > deadline_s:
                return Boxes(order, first, last, least), False
        widest, side = -1.0, 0
        for dimension in range(dimensions):
            low, high = np.inf, -np.inf
            for place in range(first[box], last[box]):
                value = points[order[place], dimension]
                low, high = min(low, value), max(high, value)
            least[box, dimension] = low
            if box == 0:
                unit[dimension] = high - low if high > low else 1.0
            if (high - low) / unit[dimension] > widest:
                widest, side = (high - low) / unit[dimension], dimension
        if 2 * box + 2 < boxes:
            middle = (first[box] + last[box]) // 2
            if last[box] - first[box] > 1:
                _halve(points, order, first[box], last[box], middle, side)
            first[2 * box + 1], last[2 * box + 1] = first[box], middle
            first[2 * box + 2], last[2 * box + 2] = middle, last[box]
    return Boxes(order, first, last, least), True


@compiled
def _is_dominated(
    points: Floats, boxes: Boxes, rank: Ints, margin: Floats, origin: Ints, point: int, stack: Ints
) -> tuple[bool, int]:
    """Tell whether a point of lower rank is at least as good; and how many boxes were looked at."""
    dimensions = points.shape[1]
    stack[0], used, seen = 0, 1, 0
    while used > 0:
        used -= 1
        box = stack[used]
        seen += 1
        inside = boxes.first[box] < boxes.last[box]
        for dimension in range(dimensions):
            if boxes.least[box, dimension] > points[point, dimension]:
                inside = False
                break
        if not inside:
            continue
        if 2 * box + 2 < boxes.first.size:
            stack[used], stack[used + 1] = 2 * box + 2, 2 * box + 1
            used += 2
            continue
        for place in range(boxes.first[box], boxes.last[box]):
            other = boxes.order[place]
            if rank[other] >= rank[point]:
                continue
            # the same choices, as far as resources go, have the same sums in any order
            same = origin[other] == origin[point] and origin[point] >= 0
            better = True
            for dimension in range(dimensions):
                least = points[other, dimension]
                if not (same and dimension > 2):
                    least += margin[dimension]
                if least > points[point, dimension]:
                    better = False
                    break
            if better:
                return True, seen
    return False, seen


@compiled
def undominated_points(
    points: Floats, group: Ints, groups: int, rank: Ints, margin: Floats, origin: Ints,
    effort: int, deadline_s: float,
) -> tuple[Flags, bool]:  # fmt: skip
    """Find the points that no other point of their group is at least as good as.

    Parameters
    ----------
    points
        (points, dimensions): the price of a label, its energy, its time and its resources.
    group
        (points) 0 … groups − 1.
    rank
        (points) a better point's rank is lower; of equal ones that of lower rank stays.
    margin
        (dimensions) by how much a point must be better.
    origin
        (points) points of equal number have the same resources in any order of summing; −1:
        nothing is known.
    effort
        Most boxes looked at for a group; then all that are left stay.

    Returns
    -------
    tuple of (array, bool)
        Which points stay, and whether time was left.
    """
    stays = np.ones(group.size, np.bool_)
    stack = np.empty(128, np.int64)
    sizes = np.zeros(groups + 1, np.int64)
    for label in range(group.size):
        sizes[group[label] + 1] += 1
    start = np.cumsum(sizes)
    used = start.copy()
    member = np.empty(group.size, np.int64)
    for label in range(group.size):
        member[used[group[label]]] = label
        used[group[label]] += 1
    until_check = _CHECK
    for which in range(groups):
        inside = member[start[which] : start[which + 1]]
        if inside.size < 2:
            continue
        own, ranks, origins = points[inside], rank[inside], origin[inside]
        boxes, in_time = box_tree(own, deadline_s)
        if not in_time:
            return stays, False
        spent, dropped = 0, 0
        for place in range(inside.size):
            dominated, seen = _is_dominated(own, boxes, ranks, margin, origins, place, stack)
            spent += seen
            until_check -= seen
            if dominated:
                stays[inside[place]] = False
                dropped += 1
            if until_check < 0:
                until_check = _CHECK
                if monotonic_s() > deadline_s:
                    return stays, False
            # where next to nothing is dominated, looking for it does not pay
            if spent > effort and dropped < place // 32:
                break
    return stays, True
