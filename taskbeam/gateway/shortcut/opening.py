"""A request for an event stream, from its first moment until there is something to answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import serving
from taskbeam.gateway.problems import UNAUTHENTICATED, UNAVAILABLE
from taskbeam.gateway.shutdown import LAST_PATIENCE
from taskbeam.gateway.transports.stream import DetachedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import End
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
        self._gateway.shutdown.watch(self._hurry)
        self._admission.attach(self)
        identity = self._admission.identity
        if identity is None:
            self.dismiss(UNAUTHENTICATED)
        else:
            with serving(self._admission.number):
                self._gateway.guard.access.ask(identity, self._request.task_id, self._admit)

    def gone(self) -> None:
        self._leave()

    def _hurry(self) -> None:
        """The gateway stops, and waits for whoever is under way."""
        if self._late is not None:
            self._late.cancel()
        self._late = asyncio.get_running_loop().call_later(LAST_PATIENCE, self._unavailable)

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
        request, hub = self._request, self._gateway.hub
        self._follower = hub.follow(request.task_id, request.after, self, span=request.span)

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
        with serving(self._admission.number):
            handed_over = self._connection.hand_over(200, stream)
        if not handed_over:
            self._leave()
            return
        self._end()
        self._gateway.hub.counts.began(self._request.after)
        self._follower.sink = stream
        stream.open(self._head(), events)
        self._admission.attach(stream)

    # The end.

    def _decline(self) -> None:
        if not self._over:
            self._leave()
            with serving(self._admission.number):
                self._connection.decline()

    def _leave(self) -> None:
        self._end()
        if self._follower is not None:
            self._follower.cancel()
        self._admission.leave()

    def _end(self) -> None:
        self._over = True
        self._gateway.shutdown.forget(self._hurry)
        if self._late is not None:
            self._late.cancel()
