"""One client that follows, and where its events go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from opentelemetry.trace import SpanContext

    from taskbeam.follow.event import Event
    from taskbeam.follow.followed import Followed
    from taskbeam.follow.hub import Hub
    from taskbeam.follow.outputs import End
    from taskbeam.journal.events import Start


#: What most followers were told of tasks that stand somewhere.
NOTHING: frozenset[int] = frozenset()


class Sink(Protocol):
    """Where a follower's events go. Neither method may raise or wait."""

    def deliver(self, events: Sequence[Event]) -> None:
        """Events in order; the first delivery admits the follower, and may be empty."""

    def finish(self, end: End) -> None:
        """Nothing more comes."""


class Follower:
    """One client following one task or feed."""

    __slots__ = ("_hub", "_paused_at", "_stood", "channel", "sink")

    def __init__(self, hub: Hub, sink: Sink) -> None:
        self._hub = hub
        self.sink = sink
        self.channel: Followed | None = None
        self._paused_at: tuple[str, type[Followed], Start] | None = None
        self._stood: Set[int] = NOTHING

    def cancel(self) -> None:
        """Stop following."""
        self._wait_no_more()
        self._hub.leave(self)

    def pause(self) -> None:
        """The client is slow: leave the live set, and keep nothing but the cursor."""
        if self.channel is not None:
            name, kind = self.channel.name, type(self.channel)
            self._paused_at = (name, kind, self._hub.leave(self))
            self._hub.counts.pauses += 1
            self._hub.counts.paused += 1

    def stand(self, told: Mapping[int, Event]) -> list[Event]:
        """It goes live, and the tasks of its feed stand so; returns what it was not told when it last did.

        A slow client may pause at just that. It would never come to an end if it began with all of it again.
        """
        before, self._stood = self._stood, frozenset(told)
        return [event for digest, event in told.items() if digest not in before]

    def finish(self, end: End) -> None:
        """The channel let the follower go."""
        self.channel = None
        self._wait_no_more()
        self.sink.finish(end)

    def resume(self) -> None:
        """The client is ready again: catch up from the journal."""
        if self._paused_at is not None:
            name, kind, cursor = self._paused_at
            self._wait_no_more()
            self._hub.join(self, name, cursor, kind)

    def _wait_no_more(self) -> None:
        if self._paused_at is not None:
            self._paused_at = None
            self._hub.counts.paused -= 1


class TracedFollower(Follower):
    """One whose client traces its own request, to which the delivery of the end is linked."""

    __slots__ = ("span",)

    def __init__(self, hub: Hub, sink: Sink, span: SpanContext) -> None:
        super().__init__(hub, sink)
        self.span = span
