"""One task on a socket for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.problems import PROBLEM_OF_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.channel import End
    from taskbeam.follow.event import Event
    from taskbeam.follow.hub import Follower, Hub
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.transports.multiplex_session import MultiplexSession
    from taskbeam.journal.events import EventId


class Subscription:
    """Follows the task once it may; ``admission`` looks after a token that came for this task alone."""

    __slots__ = ("_after", "_cancelled", "_follower", "_hub", "_session", "_told", "admission", "task_id")

    def __init__(
        self,
        session: MultiplexSession,
        hub: Hub,
        task_id: str,
        after: EventId | None,
        admission: Admission | None,
    ) -> None:
        self._session = session
        self._hub = hub
        self._after = after
        self._follower: Follower | None = None
        self._told = False
        self._cancelled = False
        self.task_id = task_id
        self.admission = admission
        if admission is not None:
            admission.attach(self)

    def admit(self, refusal: Problem | None) -> None:
        """The policy has answered, at first or to a newer token."""
        if self._cancelled:
            return
        if refusal is not None:
            self.dismiss(refusal)
        elif self._follower is None:
            self._follower = self._hub.follow(self.task_id, self._after, self)

    def cancel(self) -> None:
        """Follow no longer, and say nothing of it."""
        self._cancelled = True
        if self.admission is not None:
            self.admission.leave()
        if self._follower is not None:
            self._follower.cancel()

    def pause(self) -> None:
        if self._follower is not None:
            self._follower.pause()

    def resume(self) -> None:
        if self._follower is not None:
            self._follower.resume()

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        if not self._told:
            self._told = True
            self._session.answer("subscribed", task_id=self.task_id)
        self._session.socket.send_events(events)

    def finish(self, end: End) -> None:
        self._session.ended(self, PROBLEM_OF_END.get(end))

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self._session.ended(self, problem)
