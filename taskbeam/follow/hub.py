"""Tasks and feeds → channels: hands what Redis says to the channels, and carries out what they ask for."""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from taskbeam.follow.event import Event, gap_event
from taskbeam.follow.follower import Follower, TracedFollower
from taskbeam.follow.outputs import Close, Deliver, End, LookLater, Read, Stand, Subscribe, Unsubscribe
from taskbeam.follow.task_channel import TaskChannel
from taskbeam.journal.encode import to_json
from taskbeam.journal.history import History
from taskbeam.measures.follow_counts import FollowCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opentelemetry.trace import SpanContext

    from taskbeam.follow.followed import Followed
    from taskbeam.follow.follower import Sink
    from taskbeam.follow.missing import MissingJournals
    from taskbeam.follow.outputs import Output
    from taskbeam.follow.source import Source
    from taskbeam.follow.subscriber import Subscriptions
    from taskbeam.journal.events import EventId, Start
    from taskbeam.journal.history import Absence
    from taskbeam.journal.keys import JournalNames, TaskKeys
    from taskbeam.journal.reader import JournalReader
    from taskbeam.queues.audience import Audience

    #: Hears that these were written the end of what they follow.
    OnEnd = Callable[[Followed, Sequence[Follower]], None]

logger = logging.getLogger(__name__)

#: After which time a journal that could not be read is read again: seconds, at least and at the most.
READ_AGAIN = (0.1, 0.5)

#: Seconds from one look for a journal that is missing to the next; if the task speaks, it is found at once.
LOOK_AGAIN = 2.0


class Hub:
    """All followers of this gateway process."""

    def __init__(
        self,
        reader: JournalReader,
        audience: Audience,
        missing: MissingJournals,
        names: JournalNames,
        on_end: OnEnd | None = None,
        source: Source | None = None,
        counts: FollowCounts | None = None,
    ) -> None:
        """``source``: who writes the journals of tasks because they are followed, if somebody does.

        ``counts``: where it counts what it delivers.
        """
        self.counts = counts or FollowCounts()
        self._publish = self._carry_out if self.counts.latency is None else self._carry_out_timed
        self._reader = reader
        self._on_end = on_end
        self._missing = missing
        self._audience = audience
        self._names = names
        self._source = source
        self._channels: dict[bytes, Followed] = {}
        self._subscriber: Subscriptions | None = None

    def attach(self, subscriber: Subscriptions) -> None:
        """Where to subscribe; the subscriber in turn calls `subscribed`, `published` and `lost`."""
        self._subscriber = subscriber

    def keys(self, task_id: str) -> TaskKeys:
        """The task's names in Redis."""
        return self._names.task(task_id)

    def is_known(self, task_id: str, cursor: EventId | None) -> bool:
        """Whether a task without a journal is known, by a client's cursor or by whoever follows it here."""
        name = self.keys(task_id).channel.encode()
        if cursor is None and (channel := self._channels.get(name)) is not None:
            cursor = channel.rules.cursor
        return self._missing.is_evidence(name, cursor)

    # Followers.

    def follow(
        self,
        name: str,
        after: Start,
        sink: Sink,
        kind: type[Followed] = TaskChannel,
        span: SpanContext | None = None,
    ) -> Follower:
        """Send the events after the cursor to the sink, from now to the end.

        ``name`` is a task's id, or with `FeedChannel` as its ``kind`` that of a feed. ``span`` is that of the
        client's request, if it is traced.
        """
        follower = Follower(self, sink) if span is None else TracedFollower(self, sink, span)
        self.join(follower, name, after, kind)
        return follower

    def join(self, follower: Follower, name: str, after: Start, kind: type[Followed]) -> None:
        keys = kind.names(name, self._names)
        channel_name = keys.channel.encode()
        channel = self._channels.get(channel_name)
        if channel is None:
            is_evidence = partial(self._missing.is_evidence, channel_name)
            channel = self._channels[channel_name] = kind(name, keys, is_evidence)
        follower.channel = channel
        self.counts.subscriptions += 1
        cursor = self._start(kind) if after is None else after
        self._carry_out(channel_name, channel, channel.rules.join(follower, cursor))

    def leave(self, follower: Follower) -> Start:
        channel, follower.channel = follower.channel, None
        if channel is None:
            return None
        self.counts.subscriptions -= 1
        cursor, outputs = channel.rules.leave(follower)
        self._carry_out(channel.keys.channel.encode(), channel, outputs)
        return cursor

    # Redis.

    def subscribed(self, name: bytes) -> None:
        """Redis acknowledged a subscription."""
        channel = self._channels.get(name)
        if channel is None:
            return
        if self._source is not None and isinstance(channel, TaskChannel):
            self._source.when_settled(channel.name, partial(self._ready, name, channel))
        else:
            self._ready(name, channel)

    def published(self, name: bytes, payload: bytes) -> None:
        """Redis published a record."""
        self.counts.heard += 1
        channel = self._channels.get(name)
        if channel is not None:
            channel.heard(name, payload, self._publish)

    def lost(self) -> list[bytes]:
        """The connection to Redis was lost; returns what to subscribe to again."""
        for channel in self._channels.values():
            channel.rules.lost()
        return list(self._channels)

    def interrupted(self, names: Iterable[bytes]) -> None:
        """What is published to these does not come, until their subscriptions are acknowledged again."""
        for name in names:
            if (channel := self._channels.get(name)) is not None:
                channel.rules.lost()

    # Publications that were lost.

    def followed(self) -> list[bytes]:
        """The channels of all tasks that are followed here."""
        return list(self._channels)

    def positions(self, names: Iterable[bytes]) -> dict[bytes, EventId]:
        """Where the live followers of these channels are."""
        positions = {}
        for name in names:
            channel = self._channels.get(name)
            if channel is not None and (position := channel.rules.position) is not None:
                positions[name] = position
        return positions

    def missed(self, name: bytes, position: EventId) -> None:
        """The journal did not end at the position some time ago."""
        channel = self._channels.get(name)
        if channel is not None and (outputs := channel.rules.missed(position)):
            logger.info(
                "%s: an event did not come as published; reading its journal",
                channel.name,
                extra=channel.about,
            )
            self._carry_out(name, channel, outputs)

    # What the channels ask for.

    def _carry_out(self, name: bytes, channel: Followed, outputs: list[Output[Follower]]) -> None:
        for output in outputs:
            match output:
                case Deliver():
                    self._deliver(channel, output)
                case Stand():
                    self._stand(output)
                case Close(members, end):
                    self.counts.subscriptions -= len(members)
                    for member in members:
                        member.finish(end)
                    self._closed(channel, members, end, outputs)
                case Read(after):
                    channel.read(self._reader, after, partial(self._read, name, channel, monotonic()))
                case Subscribe():
                    self._subscribe(name, channel)
                case LookLater():
                    self._look_later(name, channel)
                case Unsubscribe():
                    self._drop(name, channel)

    def _carry_out_timed(self, name: bytes, channel: Followed, outputs: list[Output[Follower]]) -> None:
        """What follows of what was published just now."""
        self._carry_out(name, channel, outputs)
        for output in outputs:
            if isinstance(output, Deliver):
                self.counts.delivered(output.records)

    def _deliver(self, channel: Followed, output: Deliver[Follower]) -> None:
        events = [Event.of(record) for record in output.records]
        if output.gap is not None and output.snapshot is not None:
            subject = b'"%b":%b' % (channel.member, to_json(channel.name).encode())
            events.insert(0, gap_event(subject, output.gap, output.snapshot))
            self.counts.missed(output.gap.reason, len(output.members))
        self.counts.told(events, len(output.members))
        for member in output.members:
            member.sink.deliver(events)

    def _stand(self, output: Stand[Follower]) -> None:
        standing = {hash(record.body): Event.of(record) for record in output.records}
        for member in output.members:
            events = member.stand(standing)
            if events:
                self.counts.told(events)
                member.sink.deliver(events)

    def _closed(
        self, channel: Followed, members: Sequence[Follower], end: End, outputs: Sequence[Output[Follower]]
    ) -> None:
        """A client that comes back may have the final record already: then none is delivered with them."""
        if self._on_end is not None and end is End.FINISHED and any(map(_brings_end, outputs)):
            self._on_end(channel, members)

    def _start(self, kind: type[Followed]) -> EventId | None:
        return kind.start if self._source is None or kind is not TaskChannel else self._source.start

    def _subscribe(self, name: bytes, channel: Followed) -> None:
        if self._source is not None and isinstance(channel, TaskChannel):
            self._source.follow(channel.name)
        if self._subscriber is not None:
            self._subscriber.subscribe(name)

    def _ready(self, name: bytes, channel: Followed) -> None:
        if self._channels.get(name) is channel:
            self._carry_out(name, channel, channel.rules.subscribed())

    def _drop(self, name: bytes, channel: Followed) -> None:
        if self._channels.get(name) is channel:
            del self._channels[name]
            channel.unwatched(self._audience)
            if self._source is not None and isinstance(channel, TaskChannel):
                self._source.unfollow(channel.name)
            if self._subscriber is not None:
                self._subscriber.unsubscribe(name)

    def _read(
        self, name: bytes, channel: Followed, began: float, answer: History | Absence | Exception
    ) -> None:
        if self._channels.get(name) is not channel:
            return
        if isinstance(answer, Exception):
            logger.warning(
                "Cannot read the journal of %s, trying again: %s", channel.name, answer, extra=channel.about
            )
            pause = random.uniform(*READ_AGAIN)
            asyncio.get_running_loop().call_later(pause, self._read_failed, name, channel)
            return
        if isinstance(answer, History):
            self._missing.found(name)
            channel.watched(self._audience, answer)
        outputs = channel.rules.history(answer)
        self._carry_out(name, channel, outputs)
        self.counts.replay_seconds.observe(monotonic() - began)
        for output in outputs:
            if isinstance(output, Deliver):
                self.counts.replayed += len(output.records) * len(output.members)

    def _read_failed(self, name: bytes, channel: Followed) -> None:
        if self._channels.get(name) is channel:
            self._carry_out(name, channel, channel.rules.read_failed())

    def _look_later(self, name: bytes, channel: Followed) -> None:
        if channel.next_look is None:
            loop = asyncio.get_running_loop()
            channel.next_look = loop.call_later(LOOK_AGAIN, self._look_again, name, channel)

    def _look_again(self, name: bytes, channel: Followed) -> None:
        channel.next_look = None
        if self._channels.get(name) is channel:
            self._carry_out(name, channel, channel.rules.look_again())


def _brings_end(output: Output[Follower]) -> bool:
    return isinstance(output, Deliver) and bool(output.records) and output.records[-1].final
