"""Whose turn it is, where there are more than can be served at once."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Turns:
    """Goes round in the order of the names, whoever comes and goes meanwhile."""

    def __init__(self) -> None:
        self._last = ""

    def take(self, names: Iterable[str], most: int) -> list[str]:
        """So many of the names at the most: those behind the last one that was taken, then from the start."""
        ordered = sorted(names)
        if len(ordered) <= most:
            return ordered
        start = bisect_right(ordered, self._last)
        taken = [*ordered[start : start + most], *ordered[: max(start + most - len(ordered), 0)]]
        self._last = taken[-1]
        return taken
