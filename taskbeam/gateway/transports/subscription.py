"""One task or feed on a socket for many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.follow.filters import Passed, picked
from taskbeam.gateway.limits.places import Brought
from taskbeam.gateway.problems import PROBLEM_OF_END, UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.filters import Filter
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import End
    from taskbeam.gateway.delivery.part import Part
    from taskbeam.gateway.limits.places import Place
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.transports.multiplex_session import MultiplexSession
    from taskbeam.gateway.transports.topics import Topic
    from taskbeam.journal.events import Start


class Subscription:
    """Follows its topic once it may. Its ``place`` counts, and looks after a token for this topic alone.

    Redis has the session's ``redis_timeout`` for its first answer; then the client is to subscribe again.
    """

    __slots__ = (
        "_after",
        "_cancelled",
        "_follower",
        "_late",
        "_session",
        "_told",
        "place",
        "topic",
    )

    def __init__(
        self,
        session: MultiplexSession,
        topic: Topic,
        after: Start,
        place: Place,
    ) -> None:
        self._session = session
        self._after = after
        self._follower: Follower | None = None
        self._told = False
        self._late: asyncio.TimerHandle | None = None
        self._cancelled = False
        self.topic = topic
        self.place = place
        place.attach(self)

    @property
    def brought(self) -> Brought | None:
        """The place, if it is on account of a token that came for this topic alone."""
        return self.place if isinstance(self.place, Brought) else None

    def take(self, place: Place) -> None:
        """It goes on in another place."""
        self.place.leave()
        self.place = place
        place.attach(self)

    def admit(self, refusal: Problem | None) -> None:
        """The policy has answered, at first or to a newer token."""
        if self._cancelled:
            return
        if refusal is not None:
            self.dismiss(refusal)
        elif self._follower is None and not self._session.refuses_double(self):
            self._wait()
            hub = self._session.hub
            hub.counts.began(self._after)
            self._follower = self.topic.follow(hub, self._after, self, self._session.span)
            if self._session.socket.paused:
                self.pause()

    def _wait(self) -> None:
        """For the first answer."""
        if not self._told:
            timeout = self._session.redis_timeout
            self._late = asyncio.get_running_loop().call_later(timeout, self.dismiss, UNAVAILABLE)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def cancel(self) -> None:
        """Follow no longer, and say nothing of it."""
        self._cancelled = True
        self._wait_no_more()
        self.place.leave()
        if self._follower is not None:
            self._follower.cancel()

    def pause(self) -> None:
        if self._follower is not None:
            self._wait_no_more()
            self._follower.pause()

    def resume(self) -> None:
        if self._follower is not None:
            self._wait()
            self._follower.resume()

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        if not self._told:
            self._told = True
            self._wait_no_more()
            self._session.answer("subscribed", **self.topic.members, **self.topic.known_as)
        self._session.socket.send_events(events)

    def finish(self, end: End) -> None:
        self._session.ended(self, PROBLEM_OF_END.get(end))

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self._session.ended(self, problem)


class FilteredSubscription(Subscription):
    """Sends those events that its client asked for, and how far the cursor moves past the others."""

    __slots__ = ("_filter",)

    def __init__(
        self,
        session: MultiplexSession,
        topic: Topic,
        after: Start,
        place: Place,
        filter: Filter,  # noqa: A002
    ) -> None:
        super().__init__(session, topic, after, place)
        self._filter = filter

    def deliver(self, events: Sequence[Event]) -> None:
        wanted = picked(events, self._filter, self._session.hub.counts)
        passed = wanted.pop() if wanted and isinstance(wanted[-1], Passed) else None
        super().deliver(wanted)
        if passed is not None:
            self._session.answer("cursor", **self.topic.members, id=str(passed.id))


def subscription_to(topic: Topic, part: Part, session: MultiplexSession, place: Place) -> Subscription:
    """That of a client which asked for this part."""
    if part.filter is None:
        return Subscription(session, topic, part.start, place)
    return FilteredSubscription(session, topic, part.start, place, part.filter)
