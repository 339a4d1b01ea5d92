"""A request for an event stream, from its first moment until there is something to answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.gateway.problems import UNAUTHENTICATED, UNAVAILABLE
from taskbeam.gateway.transports.stream import DetachedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.follow.channel import End
    from taskbeam.follow.event import Event
    from taskbeam.follow.hub import Follower
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.runtime import Runtime
    from taskbeam.gateway.shortcut.interface import Connection
    from taskbeam.gateway.shortcut.plain_request import PlainRequest


class ShortcutOpening:
    """Follows the task; its first delivery opens the stream, any other answer the application gives."""

    __slots__ = ("_admission", "_connection", "_follower", "_gateway", "_head", "_late", "_over", "_request")

    def __init__(
        self,
        gateway: Runtime,
        request: PlainRequest,
        connection: Connection,
        admission: Admission,
        head: Callable[[], bytes],
    ) -> None:
        """``head`` makes the head of the answer; ``admission`` ends with the stream, or before it begins."""
        self._gateway = gateway
        self._request = request
        self._connection = connection
        self._admission = admission
        self._head = head
        self._follower: Follower | None = None
        self._late: asyncio.TimerHandle | None = None
        self._over = False

    # What the connection calls.

    def begin(self) -> None:
        timeout = self._gateway.settings.redis_timeout
        self._late = asyncio.get_running_loop().call_later(timeout, self._unavailable)
        self._admission.attach(self)
        identity = self._admission.identity
        if identity is None:
            self.dismiss(UNAUTHENTICATED)
        else:
            self._gateway.guard.access.ask(identity, self._request.task_id, self._admit)

    def gone(self) -> None:
        self._leave()

    # What the policy, the clock and the guard call.

    def _admit(self, refusal: Problem | None) -> None:
        if self._over:
            return
        if refusal is UNAVAILABLE:
            self._unavailable()
        elif refusal is not None:
            self.dismiss(refusal)
        else:
            self._follow()

    def _follow(self) -> None:
        self._follower = self._gateway.hub.follow(self._request.task_id, self._request.after, self)

    def dismiss(self, problem: Problem) -> None:  # noqa: ARG002
        """The application says why."""
        self._decline()

    def _unavailable(self) -> None:
        self._leave()
        self._connection.unavailable()

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        if events:
            self._open(events)
        else:
            # Where there is nothing to catch up on, the end may follow at once.
            asyncio.get_running_loop().call_soon(self._open, ())

    def finish(self, end: End) -> None:  # noqa: ARG002
        self._decline()

    def _open(self, events: Sequence[Event]) -> None:
        if self._over:
            return
        assert self._follower is not None
        stream = DetachedStream(self._follower, self._gateway.heartbeats, self._admission)
        if not self._connection.hand_over(200, stream):
            self._leave()
            return
        self._end()
        self._follower.sink = stream
        stream.open(self._head(), events)
        self._admission.attach(stream)

    # The end.

    def _decline(self) -> None:
        if not self._over:
            self._leave()
            self._connection.decline()

    def _leave(self) -> None:
        self._end()
        if self._follower is not None:
            self._follower.cancel()
        self._admission.leave()

    def _end(self) -> None:
        self._over = True
        if self._late is not None:
            self._late.cancel()
