"""What a WebSocket session and its socket expect of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from taskbeam.gateway.problems import TOO_MANY_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.gateway.problems import Problem

#: Seconds that a client has to answer a close frame, and that it has where others need its place.
CLOSE_TIMEOUT, CROWDED_TIMEOUT = 5.0, 1.0


class Socket(Protocol):
    """An accepted WebSocket. None of its methods waits."""

    @property
    def paused(self) -> bool:
        """Whether the client is slow now. Who begins to follow then waits for `Session.resume`."""

    def send_events(self, events: Sequence[Event]) -> None:
        """One text message per event."""

    def send_text(self, payload: bytes) -> None:
        """One text message, UTF-8."""

    def close(self, code: int, reason: str, timeout: float = CLOSE_TIMEOUT) -> None:
        """Begin the closing handshake; the client has ``timeout`` seconds for its part of it."""


def close_for(problem: Problem, socket: Socket) -> None:
    """Close with what a browser can read: it sees no HTTP status."""
    crowded = problem is TOO_MANY_CONNECTIONS
    socket.close(problem.close, problem.code, CROWDED_TIMEOUT if crowded else CLOSE_TIMEOUT)


class Session(Protocol):
    """What is spoken on a socket."""

    @property
    def number(self) -> int:
        """What log lines call the connection; 0 = nothing."""

    def heard(self, size: int, frames: int = 0) -> None:
        """The client sent this many bytes, and so many frames that end no message."""

    def received(self, text: str) -> None:
        """The client sent a text message."""

    def pause(self) -> None:
        """The client is slow."""

    def resume(self) -> None:
        """The client has read what was sent."""

    def closed(self) -> None:
        """The socket is gone."""
