"""REST polling: the journal as it is, or as soon as it has something newer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.follow.event import Event, GapEvent, gap_event
from taskbeam.follow.filters import Passed
from taskbeam.follow.task_channel import TaskChannel
from taskbeam.gateway.delivery.mailbox import Mailbox
from taskbeam.gateway.delivery.opening import open_task
from taskbeam.gateway.delivery.part import Part
from taskbeam.gateway.problems import PROBLEM_OF_END, TaskbeamError
from taskbeam.journal.encode import to_json
from taskbeam.journal.events import Tail
from taskbeam.journal.history import Absence, History
from taskbeam.measures.follow_counts import POLLED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from taskbeam.follow.filters import Filter
    from taskbeam.follow.followed import Followed
    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.shutdown import Shutdown
    from taskbeam.journal.events import EventId, Record, Start
    from taskbeam.journal.reader import JournalReader
    from taskbeam.measures.follow_counts import FollowCounts
    from taskbeam.queues.audience import Audience


#: Seconds after which a client is to ask again for a journal that is missing.
ASK_AGAIN = 2


class PollWait(NamedTuple):
    """How long a poll waits for something newer: so many seconds, and no longer than one of ``ends``.

    Each of them returns when it is over with the wait: the client has gone, or its token is no longer good.
    """

    seconds: float
    ends: Sequence[Callable[[], Coroutine[Any, Any, None]]]


class Polling:
    """Reads journals for those who poll. ``redis_timeout`` and ``max_wait`` are in seconds."""

    def __init__(
        self,
        hub: Hub,
        journal: JournalReader,
        audience: Audience,
        shutdown: Shutdown,
        redis_timeout: float,
        max_wait: float,
    ) -> None:
        self.counts = hub.counts
        self._hub = hub
        self._journal = journal
        self._audience = audience
        self._shutdown = shutdown
        self._redis_timeout = redis_timeout
        self._max_wait = max_wait

    async def snapshot(
        self, task_id: str, after: EventId | None = None, poll_wait: PollWait | None = None
    ) -> History:
        """The newest snapshot; one that is newer than the cursor is waited for with ``poll_wait``.

        Raises `TaskbeamError` ``unknown_task``, ``expired`` or ``records_missing``; redis-py's errors.
        """
        history = await self._look(task_id, after, 1)
        if poll_wait is not None and after is not None and _brings_no_news(history, after):
            await self.wait_for_news(task_id, Part(after), poll_wait)
            history = await self._look(task_id, after, 1)
        return self._found(task_id, after, history)

    async def events(self, task_id: str, part: Part, limit: int, poll_wait: PollWait | None = None) -> bytes:
        """The part's events as JSON ``{events, last_event_id, final}``; bodies are not parsed.

        ``last_event_id`` is the cursor for the next call, ``final`` whether that call would bring nothing.
        ``limit`` counts what the part's filter leaves out, too.
        Raises `TaskbeamError` ``unknown_task``, ``expired`` or ``records_missing``; redis-py's errors.
        """
        found = await self._look(task_id, part.start, limit, text=True)
        if poll_wait is not None and _brings_no_events(found, part.filter):
            await self.wait_for_news(task_id, _continued(part, found), poll_wait)
            found = await self._look(task_id, part.start, limit, text=True)
        history = self._found(task_id, part.start, found)
        return events_body(history, part, b'"task_id":%b' % to_json(task_id).encode(), self.counts)

    async def _look(self, task_id: str, after: Start, limit: int, *, text: bool = False) -> History | Absence:
        keys = self._hub.keys(task_id)
        found = await self._journal.read(keys, after, limit, text=text)
        if isinstance(found, History) and found.waits:
            self._audience.ask(task_id, keys)
        return found

    def _found(self, task_id: str, after: Start, found: History | Absence) -> History:
        """The history; raises `TaskbeamError` where there is none."""
        if isinstance(found, History):
            return found
        cursor = None if isinstance(after, Tail) else after
        if found is Absence.UNKNOWN and self._hub.is_known(task_id, cursor):
            found = Absence.MISSING
        missing = found is Absence.MISSING
        raise TaskbeamError(PROBLEM_OF_END[found], retry_after=ASK_AGAIN if missing else None)

    async def wait_for_news(
        self,
        name: str,
        part: Part,
        poll_wait: PollWait,
        kind: type[Followed] = TaskChannel,
    ) -> None:
        """Wait until there is something of the part, or the wait is over; raises as `open_task`."""
        mailbox = _News(self.counts)
        opening = await open_task(self._hub, name, part, self._redis_timeout, self._shutdown, kind, mailbox)
        seconds = min(poll_wait.seconds, self._max_wait)
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(end()) for end in poll_wait.ends]
        waits.append(asyncio.create_task(_numbered(opening.mailbox, seconds)))
        try:
            with self._shutdown.watched_by(opening.mailbox.restart):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            opening.follower.cancel()


class _News(Mailbox):
    """Whoever polls hears that there is something, and reads it."""

    def __init__(self, counts: FollowCounts) -> None:
        super().__init__()
        self._counts = counts

    def deliver(self, events: Sequence[Event]) -> None:
        self._counts.withheld([event for event in events if not isinstance(event, Passed)])
        for event in events:
            if isinstance(event, GapEvent):
                self._counts.missed(event.reason, -1)
        super().deliver(events)


def _brings_no_news(found: History | Absence, after: EventId) -> bool:
    """Whether the snapshot is the one that a client with this cursor has, or will be there later."""
    if isinstance(found, Absence):
        return found is not Absence.EXPIRED
    return found.last == after and not found.ended


def _brings_no_events(found: History | Absence, wanted: Filter | None) -> bool:
    if isinstance(found, Absence):
        return found is not Absence.EXPIRED
    return not found.ended and found.fits and not wanted_of(found.records, wanted)


def _continued(part: Part, found: History | Absence) -> Part:
    """Behind what was found, none of which is wanted."""
    if isinstance(found, History) and found.records:
        return part._replace(start=found.records[-1].id)
    return part


def wanted_of(records: Sequence[Record], wanted: Filter | None) -> Sequence[Record]:
    """Those of the records that the filter lets through."""
    return records if wanted is None else [each for each in records if wanted.wants(Event.of(each))]


async def _numbered(mailbox: Mailbox, seconds: float) -> None:
    """Wait for an event that moves a cursor; what a feed tells beside those is nothing to whoever polls."""
    until = asyncio.get_running_loop().time() + seconds
    while not mailbox.over:
        events = await mailbox.take(until - asyncio.get_running_loop().time())
        if not events or any(event.id is not None and not isinstance(event, Passed) for event in events):
            return


def events_body(history: History, part: Part, subject: bytes, counts: FollowCounts) -> bytes:
    """The answer to whoever polls for this part; ``subject`` is the member that says what is followed."""
    replay = history.replay(part.start)
    assert replay is not None, "the cursor is the one that was asked for"
    told = replay.records if replay.text is None else [replay.text, *replay.records]
    events, last = [Event.of(record) for record in wanted_of(told, part.filter)], history.last
    if replay.gap is not None:
        events.insert(0, gap_event(subject, replay.gap, history.snapshot))
        counts.missed(replay.gap.reason)
        last = replay.gap.resume
    if replay.records:
        last = replay.records[-1].id
    counts.told(events, how=POLLED)
    final = b"true" if history.ended and last == history.last else b"false"
    bodies = b",".join([event.body for event in events])
    return b'{"events":[%b],"last_event_id":"%d-%d","final":%b}' % (bodies, *last, final)
