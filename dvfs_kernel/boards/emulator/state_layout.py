"""Gives words of the native hooks' array their places, so that nobody has to number them."""

from __future__ import annotations

__all__ = ["Flags", "Layout"]


class Layout:
    """Places one behind the other.

    Attributes
    ----------
    size : int
        Words that are taken: where the next one begins.
    """

    def __init__(self) -> None:
        self.size = 0

    def take(self, words: int = 1, *, align: int = 1) -> int:
        """Return where a stretch of words begins, at a multiple of a number."""
        begin = -(-self.size // align) * align
        self.size = begin + words
        return begin


class Flags:
    """Bits of a word, one after the other."""

    def __init__(self) -> None:
        self._next = 1

    def take(self) -> int:
        """Return the next bit."""
        bit = self._next
        self._next = bit << 1
        return bit
