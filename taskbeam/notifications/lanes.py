"""Whose turn it is: a lane for each host, so that a slow one holds up no other, and all are in order. Pure.

A host is

| state   | at once | who wants to ask it |
|---------|---------|---------------------|
| new     | 4       | waits here |
| quick   | 32      | waits here |
| slow    | 2       | waits here if few do, else goes back to the queue for some seconds |
| resting | none    | goes back to the queue until it has rested |

A host becomes quick with an answer, slow with a request that is under way for longer than `SLOW`, and rests
after one that failed: twice as long each time. Then it is new.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")

#: Seconds after which a request that is under way makes its host a slow one.
SLOW = 1.0

#: How many wait here for a slow host, and seconds for which the others go back to the queue.
SLOW_WAITING, SLOW_PAUSE = 4, 2.0

#: Seconds that a host rests, the first time and at most.
FIRST_REST, LAST_REST = 1.0, 300.0


class Pace(Enum):
    """The states; the value is how many requests a host has at once."""

    NEW = 4
    QUICK = 32
    SLOW = 2
    RESTING = 0


class Back(NamedTuple, Generic[Item]):
    """What goes back to the queue, and for how many seconds."""

    item: Item
    seconds: float


class _Lane(Generic[Item]):
    def __init__(self) -> None:
        self.pace = Pace.NEW
        self.waiting: deque[Item] = deque()
        #: When each request that is under way began.
        self.began: list[float] = []
        self.failures = 0
        self.rests_until = 0.0


class Lanes(Generic[Item]):
    """All lanes of one sender. Times are seconds of any one clock.

    Args:
        at_once: requests under way, to all hosts.
        slow: seconds after which one that is under way makes its host a slow one.
    """

    def __init__(self, at_once: int, slow: float = SLOW) -> None:
        self._at_once = at_once
        self._slow = slow
        self._lanes: dict[str, _Lane[Item]] = {}
        self._under_way = 0

    @property
    def waiting(self) -> int:
        """How many wait here for hosts that are not slow: their turn comes soon."""
        return sum(len(lane.waiting) for lane in self._lanes.values() if lane.pace is not Pace.SLOW)

    @property
    def under_way(self) -> int:
        """How many requests are under way."""
        return self._under_way

    def offer(self, host: str, item: Item, now: float) -> Back[Item] | None:
        """Somebody wants to ask a host. Returns it where it goes back to the queue."""
        lane = self._lanes.setdefault(host, _Lane())
        if lane.pace is Pace.RESTING and lane.rests_until <= now:
            lane.pace = Pace.NEW
        if lane.pace is Pace.RESTING:
            return Back(item, lane.rests_until - now)
        if lane.pace is Pace.SLOW and len(lane.waiting) >= SLOW_WAITING:
            return Back(item, SLOW_PAUSE)
        lane.waiting.append(item)
        return None

    def begin(self, now: float) -> list[tuple[str, Item]]:
        """Whose turn it is: of each lane the first, then the second, as far as there is room."""
        begun = []
        while self._under_way < self._at_once:
            ready = [
                (host, lane)
                for host, lane in self._lanes.items()
                if lane.waiting and len(lane.began) < lane.pace.value
            ]
            if not ready:
                break
            for host, lane in ready[: self._at_once - self._under_way]:
                lane.began.append(now)
                self._under_way += 1
                begun.append((host, lane.waiting.popleft()))
        return begun

    def look(self, now: float) -> list[Back[Item]]:
        """What goes back, because its host has become slow."""
        back = []
        for host, lane in list(self._lanes.items()):
            if not lane.began and not lane.waiting and lane.rests_until + LAST_REST < now:
                del self._lanes[host]
            elif lane.pace in (Pace.NEW, Pace.QUICK) and lane.began and now - min(lane.began) > self._slow:
                lane.pace = Pace.SLOW
                back += _cleared(lane, SLOW_PAUSE, keeping=SLOW_WAITING)
        return back

    def ended(
        self, host: str, began: float, now: float, *, answered: bool, rest: float = 0.0
    ) -> list[Back[Item]]:
        """A request is over, and what waited for its host may go back.

        ``began``: when it did. ``answered``: the host did what it should; else it rests, ``rest`` or longer.
        """
        lane = self._lanes[host]
        lane.began.remove(began)
        self._under_way -= 1
        if answered:
            lane.failures = 0
            if lane.pace is not Pace.RESTING:
                lane.pace = Pace.QUICK if now - began <= self._slow else Pace.SLOW
            return []
        lane.failures += 1
        pause = max(min(FIRST_REST * 2 ** (lane.failures - 1), LAST_REST), min(rest, LAST_REST))
        lane.pace, lane.rests_until = Pace.RESTING, max(lane.rests_until, now + pause)
        return _cleared(lane, lane.rests_until - now)


def _cleared(lane: _Lane[Item], seconds: float, keeping: int = 0) -> list[Back[Item]]:
    """Who waits goes back, but for the first so many."""
    back = [Back(item, seconds) for item in list(lane.waiting)[keeping:]]
    while len(lane.waiting) > keeping:
        lane.waiting.pop()
    return back
