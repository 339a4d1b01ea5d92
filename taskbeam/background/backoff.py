"""How long to wait before another try: a random part of a limit that doubles ("full jitter")."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Backoff:
    """Seconds to wait, one try after the other: between 0 and a limit that grows from ``first`` to ``last``.

    Many who lost the same server do not come back to it at the same moment.
    """

    def __init__(
        self, first: float, last: float, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._first = first
        self._last = last
        self._uniform = uniform
        self._limit = first

    def next(self) -> float:
        """Return the seconds until the next try."""
        pause = self._uniform(0.0, self._limit)
        self._limit = min(self._limit * 2, self._last)
        return pause

    def reset(self) -> None:
        """It worked: begin with short pauses again."""
        self._limit = self._first
