"""How often somebody may try a password. In this process's memory, and by a clock that is handed in."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that an attempt counts.
WINDOW = 60.0

#: Names and addresses that are kept; beyond that the one that was quiet for longest is forgotten.
MOST_KEYS = 10_000


class Attempts:
    """At most ``most`` attempts a minute for each key, such as a name or an address."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Count an attempt. 0: it may be made; else in so many seconds, and it is not counted."""
        now = self._clock()
        times = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + WINDOW - now
        times.append(now)
        while len(self._times) > MOST_KEYS:
            self._times.popitem(last=False)
        return 0.0

    def give_back(self, key: str) -> None:
        """Let the last attempt not count: it was right, and says nothing about those before."""
        if times := self._times.get(key):
            times.pop()

    def forgive(self, key: str) -> None:
        """Forget those of a key: the last one was right."""
        self._times.pop(key, None)
