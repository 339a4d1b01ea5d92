"""WebSocket for one task: it is told everything, and asked nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.frames import CloseCode

from ..ends import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.events import EventId

    from ..channel import End
    from ..event import Event
    from ..hub import Hub
    from .session import Socket


class TaskSession:
    """Sends the task's events after the cursor, and closes with 1000 after the final one."""

    __slots__ = ("_follower", "_socket")

    def __init__(self, socket: Socket, hub: Hub, task_id: str, after: EventId | None) -> None:
        self._socket = socket
        self._follower = hub.follow(task_id, after, self)

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        self._socket.send_events(events)

    def finish(self, end: End) -> None:
        problem = PROBLEMS.get(end)
        if problem is None:
            self._socket.close(CloseCode.NORMAL_CLOSURE, "")
        else:
            self._socket.close(problem.close, problem.code)

    # What the socket calls.

    def received(self, text: str) -> None:
        """A client has nothing to say here."""

    def pause(self) -> None:
        self._follower.pause()

    def resume(self) -> None:
        self._follower.resume()

    def closed(self) -> None:
        self._follower.cancel()


class RefusedSession:
    """Closes at once, with the code that a browser can read (it sees no HTTP status)."""

    def __init__(self, socket: Socket, code: int, reason: str) -> None:
        socket.close(code, reason)

    def received(self, text: str) -> None:
        """Too late."""

    def pause(self) -> None:
        """Nothing is sent."""

    def resume(self) -> None:
        """Nothing is sent."""

    def closed(self) -> None:
        """Nothing is held."""
