"""What the HTTP protocol and whoever answers requests without ASGI expect of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.gateway.server.detach import DetachedProtocol


class Connection(Protocol):
    """A request that has come as a whole, and its connection."""

    url: bytes

    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """The header as it came, names in lower case."""

    def client_host(self) -> str | None:
        """Where the client is, behind a trusted proxy, too."""

    def default_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the server says in every answer."""

    def hand_over(self, status: int, protocol: DetachedProtocol) -> bool:
        """Let ``protocol`` write the answer; False = the client is gone already."""

    def decline(self) -> None:
        """Let the application answer after all."""

    def unavailable(self) -> None:
        """Answer that the service is unavailable for now."""


class Pending(Protocol):
    """A request that will be answered by one of the connection's methods."""

    def begin(self) -> None:
        """Called once, before anything else."""

    def gone(self) -> None:
        """The client is gone."""


class Shortcut(Protocol):
    """Answers the requests that it understands; the others are the application's."""

    def stream(self, connection: Connection) -> Pending | None:
        """A GET is to be answered; None = by the application."""

    def socket(self, connection: Connection) -> bool:
        """Whether a request to speak WebSocket was answered; False = the application is to."""
