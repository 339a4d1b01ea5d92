"""Task id → channel: feeds what Redis says into the channels, and carries out what they ask for."""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial
from typing import TYPE_CHECKING, Protocol

from taskbeam.follow.channel import Channel, Close, Deliver, End, Read, Subscribe, Unsubscribe
from taskbeam.follow.event import Event, gap_event
from taskbeam.journal.encode import to_json
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.history import History
from taskbeam.journal.keys import TaskKeys, task_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.channel import Output
    from taskbeam.follow.subscriber import Subscriber
    from taskbeam.journal.history import Absence
    from taskbeam.journal.reader import JournalReader
    from taskbeam.queues.audience import Audience

logger = logging.getLogger(__name__)

#: Records that one read brings at the most, so that a long replay is written in pieces.
READ_LIMIT = 500

#: After which time a journal that could not be read is read again: seconds, at least and at the most.
READ_AGAIN = (0.1, 0.5)


class Sink(Protocol):
    """Where a follower's events go. Neither method may raise or wait."""

    def deliver(self, events: Sequence[Event]) -> None:
        """Events in order; the first delivery admits the follower, and may be empty."""

    def finish(self, end: End) -> None:
        """Nothing more comes."""


class Follower:
    """One client following one task."""

    __slots__ = ("_hub", "_paused_at", "channel", "sink")

    def __init__(self, hub: Hub, sink: Sink) -> None:
        self._hub = hub
        self.sink = sink
        self.channel: TaskChannel | None = None
        self._paused_at: tuple[str, EventId | None] | None = None

    def cancel(self) -> None:
        """Stop following."""
        self._paused_at = None
        self._hub.leave(self)

    def pause(self) -> None:
        """The client is slow: leave the live set, and keep nothing but the cursor."""
        if self.channel is not None:
            task_id = self.channel.task_id
            self._paused_at = (task_id, self._hub.leave(self))

    def finish(self, end: End) -> None:
        """The channel let the follower go."""
        self.channel = None
        self._paused_at = None
        self.sink.finish(end)

    def resume(self) -> None:
        """The client is ready again: catch up from the journal."""
        if self._paused_at is not None:
            (task_id, cursor), self._paused_at = self._paused_at, None
            self._hub.join(self, task_id, cursor)


class TaskChannel:
    """A channel and the names of its task."""

    __slots__ = ("keys", "rules", "task_id")

    def __init__(self, task_id: str, keys: TaskKeys) -> None:
        self.task_id = task_id
        self.keys = keys
        self.rules: Channel[Follower] = Channel()


class Hub:
    """All followers of this gateway process."""

    def __init__(self, reader: JournalReader, audience: Audience, key_prefix: str) -> None:
        self._reader = reader
        self._audience = audience
        self._prefix = key_prefix
        self._channels: dict[bytes, TaskChannel] = {}
        self._subscriber: Subscriber | None = None

    def attach(self, subscriber: Subscriber) -> None:
        """Where to subscribe; the subscriber in turn calls `subscribed`, `published` and `lost`."""
        self._subscriber = subscriber

    def keys(self, task_id: str) -> TaskKeys:
        """The task's names in Redis."""
        return task_keys(task_id, self._prefix)

    # Followers.

    def follow(self, task_id: str, after: EventId | None, sink: Sink) -> Follower:
        """Send the task's events after the cursor to the sink, from now to the end."""
        follower = Follower(self, sink)
        self.join(follower, task_id, after)
        return follower

    def join(self, follower: Follower, task_id: str, after: EventId | None) -> None:
        keys = self.keys(task_id)
        name = keys.channel.encode()
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = TaskChannel(task_id, keys)
        follower.channel = channel
        self._carry_out(name, channel, channel.rules.join(follower, after))

    def leave(self, follower: Follower) -> EventId | None:
        channel, follower.channel = follower.channel, None
        if channel is None:
            return None
        cursor, outputs = channel.rules.leave(follower)
        self._carry_out(channel.keys.channel.encode(), channel, outputs)
        return cursor

    # Redis.

    def subscribed(self, name: bytes) -> None:
        """Redis acknowledged a subscription."""
        channel = self._channels.get(name)
        if channel is not None:
            self._carry_out(name, channel, channel.rules.subscribed())

    def published(self, name: bytes, payload: bytes) -> None:
        """Redis published a record."""
        channel = self._channels.get(name)
        if channel is None:
            return
        try:
            record = Record.parse(payload)
        except ValueError:
            logger.warning("Ignoring a message on %r that is no Taskbeam record", name)
            return
        self._carry_out(name, channel, channel.rules.published(record))

    def lost(self) -> list[bytes]:
        """The connection to Redis was lost; returns what to subscribe to again."""
        for channel in self._channels.values():
            channel.rules.lost()
        return list(self._channels)

    # What the channels ask for.

    def _carry_out(self, name: bytes, channel: TaskChannel, outputs: list[Output[Follower]]) -> None:
        for output in outputs:
            match output:
                case Deliver():
                    self._deliver(channel, output)
                case Close(members, end):
                    for member in members:
                        member.finish(end)
                case Read(after):
                    self._reader.ask(channel.keys, after, READ_LIMIT, partial(self._read, name, channel))
                case Subscribe():
                    if self._subscriber is not None:
                        self._subscriber.subscribe(name)
                case Unsubscribe():
                    self._drop(name, channel)

    @staticmethod
    def _deliver(channel: TaskChannel, output: Deliver[Follower]) -> None:
        events = [Event.of(record) for record in output.records]
        if output.gap is not None and output.snapshot is not None:
            task_id = to_json(channel.task_id).encode()
            events.insert(0, gap_event(task_id, output.gap, output.snapshot))
        for member in output.members:
            member.sink.deliver(events)

    def _drop(self, name: bytes, channel: TaskChannel) -> None:
        if self._channels.get(name) is channel:
            del self._channels[name]
            self._audience.unfollow(channel.task_id)
            if self._subscriber is not None:
                self._subscriber.unsubscribe(name)

    def _read(self, name: bytes, channel: TaskChannel, answer: History | Absence | Exception) -> None:
        if self._channels.get(name) is not channel:
            return
        if isinstance(answer, Exception):
            logger.warning("Cannot read the journal of task %s, trying again: %s", channel.task_id, answer)
            pause = random.uniform(*READ_AGAIN)
            asyncio.get_running_loop().call_later(pause, self._read_failed, name, channel)
            return
        if isinstance(answer, History) and answer.waits:
            self._audience.follow(channel.task_id, channel.keys)
        self._carry_out(name, channel, channel.rules.history(answer))

    def _read_failed(self, name: bytes, channel: TaskChannel) -> None:
        if self._channels.get(name) is channel:
            self._carry_out(name, channel, channel.rules.read_failed())
