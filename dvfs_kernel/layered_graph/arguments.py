"""What callers give, checked, and put into the arrays that the searches work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Pair = tuple[ArrayLike | None, ArrayLike | None]

__all__ = ["prepare", "ragged_like"]

_MAGNITUDE_MAX = 1e150  # sums and products of such numbers stay finite
_NOTHING: Pair = (None, None)


def prepare(
    time: ArrayLike | Sequence[ArrayLike],
    energy: ArrayLike | Sequence[ArrayLike],
    state: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    switch: Pair = _NOTHING,
    entry: Pair = _NOTHING,
    leave: Pair = _NOTHING,
    names: tuple[str, str] = ("time", "energy"),
    signed: bool = False,
) -> Prepared:
    """Check the arguments of a layered graph, and prepare it for searches.

    Parameters
    ----------
    time, energy, state
        As for `LayeredGraph`.
    switch, entry, leave
        (time, energy) costs of switching, entry and exit.
    names
        What time and energy are called in messages.
    signed
        Whether times may be negative.
    """
    times, sizes = _ragged(names[0], time, np.float64)
    energies, energy_sizes = _ragged(names[1], energy, np.float64)
    _check_sizes(names[1], energy_sizes, sizes, names[0])
    _check_finite(names[0], times, sizes)
    _check_finite(names[1], energies, sizes)
    if not signed:
        _check_not_negative(names[0], times, sizes)
    states = np.zeros(times.size, np.int64)
    if state is not None:
        states, state_sizes = _ragged("state", state, np.int64)
        _check_sizes("state", state_sizes, sizes, names[0])
    count = _state_count(states, sizes, switch, (*entry, *leave))
    switch_time, switch_energy = _switching(switch, sizes.size, count)
    return Prepared(
        times,
        energies,
        states,
        sizes,
        switch_time,
        switch_energy,
        _ends("entry", entry, count),
        _ends("exit", leave, count),
    )


def ragged_like(name: str, values: ArrayLike | Sequence[ArrayLike], sizes: Ints) -> Floats:
    """Return finite numbers, one for each option of the layers, end to end."""
    numbers, own_sizes = _ragged(name, values, np.float64)
    _check_sizes(name, own_sizes, sizes, "time")
    _check_finite(name, numbers, sizes)
    return numbers


def _ragged(
    name: str, values: ArrayLike | Sequence[ArrayLike], dtype: type
) -> tuple[NDArray[Any], Ints]:
    """Return all layers end to end, and their sizes."""
    try:
        rows = [np.asarray(row) for row in values]  # type: ignore[union-attr]
    except TypeError as error:
        raise LayeredGraphError(
            f"{name} is {values!r}; it must be a 2-D array or one array per layer"
        ) from error
    if not rows:
        raise LayeredGraphError(f"{name} has no layers; at least one is needed")
    for index, row in enumerate(rows):
        if row.ndim != 1:
            raise LayeredGraphError(
                f"{name} of layer {index} has {row.ndim} dimensions; it must have one"
            )
        if row.size == 0:
            raise LayeredGraphError(f"layer {index} has no options; it must have at least one")
        allowed = "iu" if dtype is np.int64 else "iuf"
        if row.dtype.kind not in allowed:
            wanted = "integers" if dtype is np.int64 else "real numbers"
            raise LayeredGraphError(
                f"{name} of layer {index} is of type {row.dtype}; it must be {wanted}"
            )
    sizes = np.array([row.size for row in rows], np.int64)
    return np.ascontiguousarray(np.concatenate(rows), dtype=dtype), sizes


def _check_sizes(name: str, sizes: Ints, expected: Ints, model: str) -> None:
    if sizes.size != expected.size:
        raise LayeredGraphError(
            f"{name} has {sizes.size} layers; it must have {expected.size}, as {model} does"
        )
    wrong = np.flatnonzero(sizes != expected)
    if wrong.size:
        layer = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of layer {layer} has {sizes[layer]} options; "
            f"it must have {expected[layer]}, as {model} does"
        )


def _place(index: int, sizes: Ints) -> str:
    first = np.concatenate([[0], np.cumsum(sizes)])
    layer = int(np.searchsorted(first, index, side="right")) - 1
    return f"layer {layer}, option {index - first[layer]}"


def _check_finite(name: str, values: Floats, sizes: Ints) -> None:
    wrong = np.flatnonzero(~(np.abs(values) <= _MAGNITUDE_MAX))
    if wrong.size:
        index = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of {_place(index, sizes)} is {values[index]}; "
            f"it must be a finite number, at most {_MAGNITUDE_MAX:g} in size"
        )


def _check_not_negative(name: str, values: Floats, sizes: Ints) -> None:
    wrong = np.flatnonzero(values < 0)
    if wrong.size:
        index = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of {_place(index, sizes)} is {values[index]}; it must not be negative"
        )


def _state_count(
    states: Ints,
    sizes: Ints,
    switch: Pair,
    ends: tuple[ArrayLike | None, ...],
) -> int:
    negative = np.flatnonzero(states < 0)
    if negative.size:
        index = int(negative[0])
        raise LayeredGraphError(
            f"state of {_place(index, sizes)} is {states[index]}; it must not be negative"
        )
    for matrix in (*switch, *ends):
        if matrix is not None:
            shape = np.shape(matrix)
            count = shape[-1] if shape else 0
            if int(states.max()) >= count:
                index = int(states.argmax())
                raise LayeredGraphError(
                    f"state of {_place(index, sizes)} is {states[index]}; "
                    f"switching, entry and exit are given for states 0 … {count - 1}"
                )
            return count
    return 1 if all(matrix is None for matrix in switch) else int(states.max()) + 1


def _cost(name: str, values: ArrayLike, shapes: tuple[tuple[int, ...], ...]) -> Floats:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise LayeredGraphError(f"{name} is of type {array.dtype}; it must be real numbers")
    array = np.ascontiguousarray(array, dtype=np.float64)
    if array.shape not in shapes:
        allowed = " or ".join(str(shape) for shape in shapes)
        raise LayeredGraphError(f"{name} has shape {array.shape}; it must have {allowed}")
    wrong = ~((np.abs(array) <= _MAGNITUDE_MAX) | (array == np.inf))
    if "time" in name:
        wrong |= array < 0
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        kind = "a number that is not negative" if "time" in name else "a finite number"
        raise LayeredGraphError(
            f"{name}{list(place)} is {array[place]}; it must be {kind}, or +inf to forbid it"
        )
    return array


def _switching(switch: Pair, layers: int, count: int) -> tuple[Floats, Floats]:
    one = (count, count)
    shapes = (
        (one, (layers - 1, count, count))
        if layers > 1
        else (one, (0, count, count), (1, count, count))
    )
    parts = []
    for name, values in zip(("switch_time", "switch_energy"), switch, strict=True):
        array = np.zeros(one) if values is None else _cost(name, values, shapes)
        parts.append(array.reshape(-1, count, count))
    if 0 in (parts[0].shape[0], parts[1].shape[0]):
        parts = [np.zeros((1, count, count))] * 2
    boundaries = max(part.shape[0] for part in parts)
    time, energy = (np.array(np.broadcast_to(part, (boundaries, count, count))) for part in parts)
    forbidden = np.isinf(time) | np.isinf(energy)
    time[forbidden] = energy[forbidden] = np.inf
    return time, energy


def _ends(name: str, ends: Pair, count: int) -> Floats:
    rows = [
        np.zeros(count) if values is None else _cost(f"{name}_{part}", values, ((count,),))
        for part, values in zip(("time", "energy"), ends, strict=True)
    ]
    both = np.array(rows)
    both[:, np.isinf(both).any(axis=0)] = np.inf
    return both
