"""What a subscription on a socket for many is about: a task, or a feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from taskbeam.follow.feed_channel import FeedChannel
from taskbeam.gateway.auth.feed_access import feed_called
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import SpanContext

    from taskbeam.follow.follower import Follower, Sink
    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.problems import Problem
    from taskbeam.journal.events import Start
    from taskbeam.journal.feeds.names import FeedName


@dataclass(frozen=True, slots=True)
class TaskTopic:
    """A task."""

    task_id: str

    @property
    def members(self) -> dict[str, str]:
        """How messages name it."""
        return {"task_id": self.task_id}

    @property
    def known_as(self) -> dict[str, str]:
        """How its events name it, where that may be otherwise."""
        return {}

    def ask(self, guard: Guard, identity: Identity, then: Callable[[Problem | None], None]) -> None:
        """Whether the identity may read it; ``then`` is called, often at once."""
        guard.access.ask(identity, self.task_id, then)

    def follow(self, hub: Hub, after: Start, sink: Sink, span: SpanContext | None) -> Follower:
        """Send what comes after the cursor to the sink; due once `ask` said yes. ``span``: see `Hub`."""
        return hub.follow(self.task_id, after, sink, span=span)


@dataclass(slots=True, unsafe_hash=True)
class FeedTopic:
    """A feed, by the name that the client has for it. Whose `owner:me` is, the first `ask` says for good."""

    name: str
    _feed: FeedName | None = field(default=None, init=False, compare=False)

    @property
    def members(self) -> dict[str, str]:
        """How messages name it."""
        return {"feed": self.name}

    @property
    def known_as(self) -> dict[str, str]:
        """How its events name it; known from the first `ask` on."""
        return {"name": str(self._feed)}

    def ask(self, guard: Guard, identity: Identity, then: Callable[[Problem | None], None]) -> None:
        """Whether the identity may read it; ``then`` is called at once."""
        try:
            self._feed = self._feed or feed_called(self.name, identity)
        except TaskbeamError as error:
            then(error.problem)
        else:
            then(guard.feeds.refusal(identity, self._feed))

    def follow(self, hub: Hub, after: Start, sink: Sink, span: SpanContext | None) -> Follower:
        """Send what comes after the cursor to the sink; due once `ask` said yes. ``span``: see `Hub`."""
        return hub.follow(str(self._feed), after, sink, FeedChannel, span)


Topic: TypeAlias = TaskTopic | FeedTopic
