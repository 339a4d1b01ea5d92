"""What a waiting person is told, and when that is worth an event. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from taskbeam.journal.events import Record
    from taskbeam.queues.estimate import Estimate

#: No live worker consumes the queue.
NO_CONSUMER = "no_consumer"

#: A place is told again when this part of those ahead has gone: so n of them make about 10 * ln(n) events.
STEP = 0.1


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """``ahead``: tasks before it in the queue. ``waiting``: what it waits for, beside its turn."""

    ahead: int
    waiting: str | None = None
    estimate: Estimate | None = None

    def members(self) -> dict[str, str]:
        """The members of a PENDING event, JSON-encoded."""
        members = {"ahead": str(self.ahead)}
        if self.waiting:
            members["waiting"] = to_json(self.waiting)
        if self.estimate:
            members["estimate"] = to_json(self.estimate.member())
        return members


@dataclass(frozen=True, slots=True)
class LastReport:
    """What the newest event of a queued task says; ``ahead`` is None where no place was told yet.

    ``at``: when that was told, or the task was sent; Unix seconds, Redis' clock.
    """

    at: float
    ahead: int | None = None
    waiting: str | None = None
    estimated: bool = False

    @classmethod
    def by(cls, record: Record) -> LastReport:
        """Read a PENDING event."""
        event = json.loads(record.body)
        ahead = event.get("ahead")
        at = record.id.epoch / 1000 if ahead is None else event["ts"]
        return cls(at, ahead, event.get("waiting"), "estimate" in event)


def is_news(place: QueuePosition, told: LastReport, now: float, interval: float) -> bool:
    """Whether there is news, ``interval`` seconds after the last or after the sending at the earliest.

    To be the next one, with a worker there and nothing known of its pace, is no news.
    """
    if now - told.at < interval:
        return False
    if told.ahead is None:
        return bool(place.ahead or place.waiting or place.estimate)
    moved = place.ahead <= told.ahead * (1 - STEP) and place.ahead < told.ahead
    return moved or place.waiting != told.waiting or (place.estimate is not None and not told.estimated)
