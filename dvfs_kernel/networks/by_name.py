"""Things of a network's layers, had by the layers' names or by their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar, overload

from dvfs_kernel.errors import UnknownLayerError

__all__ = ["ByName"]


class _Named(Protocol):
    @property
    def name(self) -> str:
        """The layer's name."""
        ...


T_co = TypeVar("T_co", bound=_Named, covariant=True)


class ByName(Sequence[T_co]):
    """A sequence of what belongs to one layer each.

    Parameters
    ----------
    items
        One for each layer, in their order.

    Examples
    --------
    >>> from types import SimpleNamespace as Layer
    >>> layers = ByName([Layer(name="stem", macs=9), Layer(name="head", macs=4)])
    >>> layers["head"].macs, layers[0].name, len(layers)
    (4, 'stem', 2)
    """

    def __init__(self, items: Iterable[T_co]) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, key: int | str) -> T_co: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[T_co]: ...

    def __getitem__(self, key: int | str | slice) -> T_co | Sequence[T_co]:
        """Return what belongs to a layer.

        Raises
        ------
        UnknownLayerError
            No layer, or more than one, has that name or number.
        """
        if isinstance(key, slice):
            return self._items[key]
        if isinstance(key, str):
            found = [item for item in self._items if item.name == key]
            if len(found) == 1:
                return found[0]
            names = ", ".join(item.name for item in self._items)
            fault = f"{len(found)} layers have" if found else "no layer has"
            raise UnknownLayerError(f"{fault} the name {key!r}; the layers are {names}")
        try:
            return self._items[key]
        except IndexError:
            raise UnknownLayerError(
                f"there is no layer {key}; 0 to {len(self._items) - 1} is allowed"
            ) from None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._items)

    def __repr__(self) -> str:
        first = ", ".join(item.name for item in self._items[:3])
        more = ", …" if len(self._items) > len(self._items[:3]) else ""
        return f"<{len(self._items)} layers: {first}{more}>"
