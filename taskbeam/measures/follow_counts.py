"""What is told to those who follow: counted for each event and all who get it, and not for each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Protocol

from taskbeam.measures.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How events get to a client: as they happen, or as the answer to whoever asks.
PUSHED, POLLED = "pushed", "polled"

#: Stands in front of whatever a task says, and inside a JSON string its quotes would be escaped.
_TS = b'"ts":'


class HasBody(Protocol):
    """An event, or a record: ``body`` is its JSON."""

    @property
    def body(self) -> bytes: ...


@dataclass(slots=True)
class FollowCounts:
    """Of one gateway.

    - ``heard``: records that Redis published to it.
    - ``events``, ``bytes``: what clients were given, by how it got to them; the bytes are those of the JSON.
    - ``replayed``: of the events that were pushed, those that a journal was read for.
    - ``gaps``: those that clients were told of, by reason.
    - ``opened``: streams, sockets and subscriptions that began; ``resumed``: of them, those with a cursor.
    - ``subscriptions``: those that follow now. ``paused``: those that wait until their client reads again;
      ``pauses``: how often one began to.
    - ``replay_seconds``: from the moment when a journal is to be read to the moment when it was told.
    - ``latency``: seconds from a record's ``ts`` to the moment when all who are live were given it, as far as
      the clocks of the machines agree; None = nobody asks.
    """

    heard: int = 0
    events: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    resumed: int = 0
    subscriptions: int = 0
    paused: int = 0
    pauses: int = 0
    replay_seconds: Histogram = field(default_factory=Histogram)
    latency: Histogram | None = None

    def told(self, events: Sequence[HasBody], members: int = 1, how: str = PUSHED) -> None:
        """So many members are given these events."""
        self.events[how] += len(events) * members
        self.bytes[how] += sum([len(event.body) for event in events]) * members

    def withheld(self, events: Sequence[HasBody]) -> None:
        """One of those members does not pass them on to a client."""
        self.told(events, -1)

    def missed(self, reason: str, members: int = 1) -> None:
        """So many members are told of a gap."""
        self.gaps[reason] += members

    def began(self, cursor: object) -> None:
        """A client follows from the cursor, or without one."""
        self.opened += 1
        self.resumed += cursor is not None

    def delivered(self, records: Iterable[HasBody]) -> None:
        """Records that were published just now have reached all who are live."""
        if self.latency is None:
            return
        now = time()
        for record in records:
            at = said_at(record.body)
            if at is not None:
                self.latency.observe(max(now - at, 0.0))


def said_at(body: bytes) -> float | None:
    """When an event was written, in Unix seconds; None where it does not say so. Nothing of it is parsed."""
    start = body.find(_TS)
    if start < 0:
        return None
    start += len(_TS)
    try:
        return float(body[start : body.index(b",", start)])
    except ValueError:
        return None
