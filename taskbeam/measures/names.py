"""A count for each name, of as many names as a time series database bears: clients may make names up."""

from __future__ import annotations

from collections import Counter

#: Names that are kept apart, the first ones that come, and what the others are called together.
MOST_NAMES, OTHERS = 100, "other"


class CountByName:
    """Of so many names at the most."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Count one of this name."""
        known = name in self._counts or len(self._counts) < self._most
        self._counts[name if known else OTHERS] += 1

    def items(self) -> list[tuple[str, int]]:
        """Each name with its count."""
        return list(self._counts.items())
