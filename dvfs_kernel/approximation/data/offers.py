"""What a place offers: the parts of a data set, each read when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dvfs_kernel.approximation.data.data_set import DataSet

__all__ = ["ImageShape", "Offer"]

#: Height, width and channels that pictures are brought to; None: as they are.
ImageShape: TypeAlias = "tuple[int, int, int] | None"


@dataclass(frozen=True, eq=False)
class Offer(ByContent):
    """The parts of a data set.

    Parameters
    ----------
    form
        In which form it is, for people: ``"CIFAR-10 archive"``.
    parts
        ``"train"``, ``"test"`` or ``"all"``, and what reads it.
    """

    form: str
    parts: Mapping[str, Callable[[], DataSet]]
