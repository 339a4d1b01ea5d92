"""A WebSocket's way in: who its client is, said in the handshake or in a message, and how long it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.background.log_fields import serving
from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import SpanContext

    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.limits.places import Brought, Place
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.transports.topics import Topic


class SocketAuth:
    """One socket's; its admission is counted, and leaves with `close`.

    ``span`` is that of the request which opens the socket, if it is traced.
    """

    __slots__ = ("_guard", "admission", "span")

    def __init__(self, guard: Guard, admission: Admission, span: SpanContext | None = None) -> None:
        self._guard = guard
        self.admission = admission
        self.span = span

    @property
    def identity(self) -> Identity | None:
        """Who the client is, as far as it said."""
        return self.admission.identity

    def authenticate(self, token: object) -> Identity:
        """Take a token for the socket; the one before holds no longer.

        Raises `TaskbeamError`, see `Guard.verify`; also ``too_many_connections``.
        """
        identity = self.verify(token)
        self.admission.identify(identity)
        return identity

    def verify(self, token: object) -> Identity:
        """Raises `TaskbeamError`, see `Guard.verify`."""
        if not isinstance(token, str):
            raise TaskbeamError(UNAUTHENTICATED)
        return self._guard.verify(token)

    def place(self, token: object, instead: Place | None = None) -> Place:
        """That of one more subscription, for whom its ``token`` is about, or, without one, the socket.

        ``instead`` is that of a subscription which ends with it. Raises `TaskbeamError`, see `Guard.verify`;
        also ``too_many_connections`` and ``too_many``.
        """
        if token is not None:
            return self.bring(token, instead)
        if self.identity is None:
            raise TaskbeamError(UNAUTHENTICATED)
        return self.admission.subscribe(instead)

    def bring(self, token: object, instead: Place | None = None) -> Brought:
        """That of a subscription with a token of its own; raises as `place`."""
        return self.admission.bring(self.verify(token), instead)

    def ask(self, identity: Identity | None, task_id: str, then: Callable[[Problem | None], None]) -> None:
        """Whether the task may be read; ``then`` is called, often at once."""
        if identity is None:
            then(UNAUTHENTICATED)
        else:
            with serving(self.admission.number):
                self._guard.access.ask(identity, task_id, then)

    def ask_about(
        self, topic: Topic, identity: Identity | None, then: Callable[[Problem | None], None]
    ) -> None:
        """The same about what a message named."""
        if identity is None:
            then(UNAUTHENTICATED)
        else:
            with serving(self.admission.number):
                topic.ask(self._guard, identity, then)

    def close(self) -> None:
        """The socket is gone."""
        self.admission.leave()
