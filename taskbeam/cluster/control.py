"""A client of one slot of a cluster: its connections go to whichever server is the slot's master.

What all workers and gateways share (leases, tickets, revocations, …) has one hash tag, so one server has
all of it, and an ordinary client of redis-py can use it. It connects as that of a Sentinel does: who the
master is, is asked for each new connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool, Connection, ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import FullJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

from taskbeam.cluster.redirection import Ask, redirection
from taskbeam.cluster.slot_map import CONTROL_SLOT, Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.cluster.async_topology import AsyncTopology

#: Seconds between two tries of a command that was refused, at the most.
LONGEST_PAUSE = 0.25


class RefusedHereError(RedisConnectionError):
    """The server is not, or not yet, the one that can carry out the command; nothing of it was done."""


class ControlConnection(Connection):
    """A connection to the master of the control slot."""

    def __init__(self, *, topology: AsyncTopology, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._topology = topology

    async def _connect(self) -> None:
        """Open the socket. redis-py, which makes its own errors of those here, greets the server next."""
        try:
            async with asyncio.timeout(self._topology.timeout):
                await self._connect_to_master()
        except TimeoutError:
            self._topology.look()
            raise

    async def _connect_to_master(self) -> None:
        while True:
            self.host, self.port = await self._topology.master(CONTROL_SLOT)
            try:
                await super()._connect()  # type: ignore[no-untyped-call]
            except OSError:
                self._topology.look()
            else:
                return

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """A reply, as redis-py reads it. Raises `RefusedHereError` where another server has to give it."""
        try:
            return await super().read_response(*args, **options)
        except ResponseError as error:
            if not self._is_misplaced(error):
                raise
            await self.disconnect(nowait=True)
            raise RefusedHereError(f"{type(error).__name__}: {error}") from error
        except RedisConnectionError:
            self._topology.look()
            raise

    def _is_misplaced(self, error: ResponseError) -> bool:
        """Whether the command is to be sent again, over a new connection; the map is put right."""
        asked = redirection(error)
        if asked is None:
            if isinstance(error, ReadOnlyError):
                self._topology.look()
            return isinstance(error, ReadOnlyError)
        if asked.asks is Ask.MOVED:
            if asked.slot != CONTROL_SLOT:
                return False  # a key without the tag is not for this client
            self._topology.moved(asked.slot, Address(asked.address.host or self.host, asked.address.port))
        elif asked.asks is Ask.NO_MASTER:
            self._topology.look()
        return True


class ControlSSLConnection(ControlConnection, SSLConnection):
    """The same with TLS."""


class ControlClient(Redis):
    """An ordinary client, of the control slot alone. ``topology``: of the cluster that the slot is in."""

    topology: AsyncTopology

    @classmethod
    def of(cls, topology: AsyncTopology, arguments: Mapping[str, Any]) -> ControlClient:
        """Make an unconnected client.

        Args:
            topology: who knows the slot's master.
            arguments: redis-py's connection arguments without host and port. ``max_connections`` bounds the
                pool; with a ``timeout``, whoever comes when all are in use waits for so many seconds.
        """
        # What was refused was not done, so it may be sent again; nothing else is.
        tries = int(topology.timeout * 2 / LONGEST_PAUSE)
        retry = Retry(FullJitterBackoff(LONGEST_PAUSE, 0.02), tries, (RefusedHereError,))
        secure = issubclass(arguments.get("connection_class", Connection), SSLConnection)
        pool = (BlockingConnectionPool if "timeout" in arguments else ConnectionPool)(
            **{
                **arguments,
                "connection_class": ControlSSLConnection if secure else ControlConnection,
                "topology": topology,
                "retry": retry,
            }
        )
        client = cls(connection_pool=pool)
        client.auto_close_connection_pool = True
        client.topology = topology
        return client

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the connections, and end a look at the cluster."""
        await super().aclose(close_connection_pool)
        await self.topology.aclose()
