"""A queue of things that happen at moments of virtual time."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EventQueue"]

_CANCELLED_MOST = 1000


class EventQueue:
    """Callbacks ordered by time; callbacks of the same time run in the order they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._next_token = 1

    def __len__(self) -> int:
        return len(self._callbacks)

    def call_at(self, time_ps: int, callback: Callable[[], None]) -> int:
        """Add a callback and return the token that cancels it."""
        token = self._next_token
        self._next_token += 1
        heapq.heappush(self._heap, (time_ps, token))
        self._callbacks[token] = callback
        return token

    def cancel(self, token: int | None) -> None:
        """Forget a callback; a token that has run or was cancelled is ignored."""
        if token is None or self._callbacks.pop(token, None) is None:
            return
        # A timer that is set anew all the time leaves entries behind whose time is far away.
        if len(self._heap) > 2 * len(self._callbacks) + _CANCELLED_MOST:
            self._heap = [
                (time_ps, kept) for time_ps, kept in self._heap if kept in self._callbacks
            ]
            heapq.heapify(self._heap)

    @property
    def next_time_ps(self) -> int | None:
        """Time of the earliest callback, ``None`` where there is none."""
        heap = self._heap
        while heap:
            time_ps, token = heap[0]
            if token in self._callbacks:
                return time_ps
            heapq.heappop(heap)
        return None

    def run_due(self, now_ps: Callable[[], int]) -> bool:
        """Run the callbacks whose time has come, those that they add for now included.

        Parameters
        ----------
        now_ps
            Tells the time; asked again after each callback, which may move it.

        Returns
        -------
        bool
            Whether any ran.
        """
        ran = False
        while (time_ps := self.next_time_ps) is not None and time_ps <= now_ps():
            _, token = heapq.heappop(self._heap)
            self._callbacks.pop(token)()
            ran = True
        return ran

    def clear(self) -> None:
        """Forget everything; tokens given out stay unknown."""
        self._heap.clear()
        self._callbacks.clear()
