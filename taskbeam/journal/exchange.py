"""Commands to Redis and their replies, for whoever reads journals: on one server, or on many of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.resp_connection import Part
    from taskbeam.measures.redis_traffic import RedisTraffic


class Exchange(Protocol):
    """Sends each command to the server that has its keys. Belongs to one event loop.

    ``traffic``: where what is sent is counted.
    """

    traffic: RedisTraffic

    @property
    def connected(self) -> bool:
        """Whether there is a connection now; there is none before something is asked for."""

    def ask(self, then: Callable[[Any], None], *command: Part) -> None:
        """Send a command; ``then`` gets the reply, or one of redis-py's errors in its place.

        Its first key stands behind its name; that of a script behind the number of its keys.
        """

    async def execute(self, *commands: tuple[Part, ...]) -> list[Any]:
        """The replies, in order; raises redis-py's errors."""

    def hurry(self, timeout: float) -> None:
        """From now on wait for at most so many seconds, also for what was asked already."""

    async def aclose(self) -> None:
        """Close the connections; whatever has no reply yet gets an error."""
