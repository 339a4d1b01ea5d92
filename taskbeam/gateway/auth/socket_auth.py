"""A WebSocket's way in: who its client is, said in the handshake or in a message, and how long it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.problems import Problem


class SocketAuth:
    """One socket's; its admission is counted, and leaves with `close`."""

    __slots__ = ("_guard", "admission")

    def __init__(self, guard: Guard, admission: Admission) -> None:
        self._guard = guard
        self.admission = admission

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

    def watch(self, identity: Identity) -> Admission:
        """Look after a token that came for one task only."""
        return self._guard.admissions.watch(identity)

    def ask(self, identity: Identity | None, task_id: str, then: Callable[[Problem | None], None]) -> None:
        """Whether the task may be read; ``then`` is called, often at once."""
        if identity is None:
            then(UNAUTHENTICATED)
        else:
            self._guard.access.ask(identity, task_id, then)

    def close(self) -> None:
        """The socket is gone."""
        self.admission.leave()
