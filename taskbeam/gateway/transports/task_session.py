"""WebSocket for one task: it is told everything, and asked nothing but for a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.frames import CloseCode

from taskbeam.background.log_fields import current_connection
from taskbeam.follow.filters import picked
from taskbeam.gateway.problems import PROBLEM_OF_END, UNAUTHENTICATED, Problem, TaskbeamError
from taskbeam.gateway.transports.messages import parse_message
from taskbeam.gateway.transports.session import close_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.filters import Filter
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.hub import Hub
    from taskbeam.follow.outputs import End
    from taskbeam.gateway.auth.socket_auth import SocketAuth
    from taskbeam.gateway.delivery.part import Part
    from taskbeam.gateway.transports.session import Socket
    from taskbeam.journal.events import Start


class TaskSession:
    """Sends the task's events after the cursor, and closes with 1000 after the final one.

    A client that did not say in the handshake who it is says so first: ``{"op": "auth", "token": …}``;
    later ones take the place of a token that is about to expire.
    """

    __slots__ = ("_after", "_auth", "_closed", "_follower", "_hub", "_socket", "_task_id")

    def __init__(
        self, socket: Socket, hub: Hub, auth: SocketAuth, task_id: str, after: Start, timeout: float
    ) -> None:
        """``timeout``: seconds that the client has for its first message."""
        self._socket = socket
        self._hub = hub
        self._auth = auth
        self._task_id = task_id
        self._after = after
        self._follower: Follower | None = None
        self._closed = False
        auth.admission.attach(self)
        if auth.identity is None:
            auth.admission.expect(UNAUTHENTICATED, timeout)
        else:
            auth.ask(auth.identity, task_id, self._admit)

    def _admit(self, refusal: Problem | None) -> None:
        if self._closed:
            return
        if refusal is not None:
            self.dismiss(refusal)
        elif self._follower is None:
            self._hub.counts.began(self._after)
            self._follower = self._hub.follow(self._task_id, self._after, self, span=self._auth.span)
            if self._socket.paused:
                self.pause()

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        self._socket.send_events(events)

    def finish(self, end: End) -> None:
        problem = PROBLEM_OF_END.get(end)
        if problem is None:
            self._socket.close(CloseCode.NORMAL_CLOSURE, "")
        else:
            self.dismiss(problem)

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self._auth.admission.told(problem)
        close_for(problem, self._socket)

    # What the socket calls.

    @property
    def number(self) -> int:
        return self._auth.admission.number

    def heard(self, size: int, frames: int = 0) -> None:
        self._auth.admission.heard(size, frames)

    def received(self, text: str) -> None:
        self._auth.admission.asked()
        if self._closed:
            return
        try:
            message = parse_message(text)
            if message.get("op") == "auth":
                identity = self._auth.authenticate(message.get("token"))
                self._auth.admission.settle()
                self._auth.ask(identity, self._task_id, self._admit)
            elif self._auth.identity is None:
                raise TaskbeamError(UNAUTHENTICATED)
        except TaskbeamError as error:
            # Whoever follows a task already may say anything else: it is ignored.
            if error.problem.status != 400 or self._auth.identity is None:
                self.dismiss(error.problem)

    def pause(self) -> None:
        if self._follower is not None:
            self._follower.pause()

    def resume(self) -> None:
        if self._follower is not None:
            self._follower.resume()

    def closed(self) -> None:
        self._closed = True
        self._auth.close()
        if self._follower is not None:
            self._follower.cancel()


class FilteredTaskSession(TaskSession):
    """Sends those of the task's events that its client asked for."""

    __slots__ = ("_filter",)

    def __init__(
        self,
        socket: Socket,
        hub: Hub,
        auth: SocketAuth,
        task_id: str,
        after: Start,
        timeout: float,
        filter: Filter,  # noqa: A002
    ) -> None:
        self._filter = filter
        super().__init__(socket, hub, auth, task_id, after, timeout)

    def deliver(self, events: Sequence[Event]) -> None:
        super().deliver(picked(events, self._filter, self._hub.counts))


def task_session(
    socket: Socket, hub: Hub, auth: SocketAuth, task_id: str, part: Part, timeout: float
) -> TaskSession:
    """That of a client which asked for this part."""
    if part.filter is None:
        return TaskSession(socket, hub, auth, task_id, part.start, timeout)
    return FilteredTaskSession(socket, hub, auth, task_id, part.start, timeout, part.filter)


class RefusedSession:
    """Closes at once."""

    def __init__(self, socket: Socket, problem: Problem) -> None:
        self.number = current_connection()
        close_for(problem, socket)

    def heard(self, size: int, frames: int = 0) -> None:
        """Too late."""

    def received(self, text: str) -> None:
        """Too late."""

    def pause(self) -> None:
        """Nothing is sent."""

    def resume(self) -> None:
        """Nothing is sent."""

    def closed(self) -> None:
        """Nothing is held."""
