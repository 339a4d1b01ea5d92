"""What a WebSocket session and its socket expect of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event


class Socket(Protocol):
    """An accepted WebSocket. None of its methods waits."""

    def send_events(self, events: Sequence[Event]) -> None:
        """One text message per event."""

    def send_text(self, payload: bytes) -> None:
        """One text message, UTF-8."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""


class Session(Protocol):
    """What is spoken on a socket."""

    def heard(self, size: int) -> None:
        """The client sent this many bytes."""

    def received(self, text: str) -> None:
        """The client sent a text message."""

    def pause(self) -> None:
        """The client is slow."""

    def resume(self) -> None:
        """The client has read what was sent."""

    def closed(self) -> None:
        """The socket is gone."""
