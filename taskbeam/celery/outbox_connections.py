"""The connections over which a backend's entries leave: its own, made as the pool makes those of Celery."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.retry import Retry

from taskbeam.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from redis import Redis
    from redis.connection import AbstractConnection

    from taskbeam.journal.writer import Writer

#: Seconds that an append may take before Redis counts as away.
DEADLINE = 1.0

#: Seconds that one may take which is tried again in any case. A server that vanishes does not close its
#: connections: whoever waits for longer stands still though another one has its place.
PATIENCE = 5.0

#: Seconds until a connection must be there whose replies may take as long as the pool's.
CONNECT_DEADLINE = 10.0


class OutboxConnections:
    """Made as ``client``'s pool makes them. Nothing is tried again here: the outbox knows what waits."""

    def __init__(self, client: Callable[[], Redis]) -> None:
        self._client = client

    def make(self, deadline: float | None = None) -> AbstractConnection:
        """One that is not connected yet; ``deadline``: seconds that a reply may take, None = as the pool."""
        pool = self._client().connection_pool
        kwargs = bounded(pool.connection_kwargs, deadline)
        connection: AbstractConnection = pool.connection_class(**kwargs)
        return connection

    def make_quick(self) -> AbstractConnection:
        """One whose replies take no longer than an append may."""
        return self.make(DEADLINE)

    def writer(self, *, patient: bool) -> Writer:
        """What appends entries: within the deadline of an append, or within some seconds."""
        return JournalWriter(partial(self.make, PATIENCE) if patient else self.make_quick)

    def server(self, key: str) -> Hashable:  # noqa: ARG002
        """There is one only."""
        return ""

    def answers(self, server: Hashable = "") -> bool:  # noqa: ARG002
        """Whether it takes what is written."""
        return answers(self.make_quick)

    def serves(self, server: Hashable) -> bool:  # noqa: ARG002
        """It has all keys."""
        return True


def bounded(arguments: Mapping[str, Any], deadline: float | None) -> dict[str, Any]:
    """redis-py's arguments of a connection that tries nothing twice.

    ``deadline``: seconds that a reply may take, and connecting; None = a reply as long as the arguments say.
    """
    kwargs = dict(arguments, retry=Retry(NoBackoff(), 0))
    if deadline is not None:
        kwargs["socket_timeout"] = deadline
    if "path" not in kwargs:
        kwargs["socket_connect_timeout"] = deadline or CONNECT_DEADLINE
    return kwargs


def answers(make: Callable[[], AbstractConnection]) -> bool:
    """Whether the server to which ``make`` makes a connection takes what is written."""
    try:
        connection = make()
        try:
            connection.connect()
            # Not PING: a server that has paused its writers for a failover holds back what may write.
            connection.send_command("EVAL", "return 1", 0)
            connection.read_response()
        finally:
            connection.disconnect()
    except Exception:  # a credential provider may raise anything
        return False
    return True
