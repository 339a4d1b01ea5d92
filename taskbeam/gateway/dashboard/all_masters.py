"""The commands by which the operators' list reads journals, to all masters of a Redis Cluster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError, TimeoutError  # noqa: A004

from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

    from taskbeam.cluster.control import ControlClient
    from taskbeam.cluster.slot_map import Address
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.resp_connection import Part

#: Seconds that the answers to one pipeline may take: less than the lease of whoever publishes.
PATIENCE = 2.0

#: More than a cluster has masters: https://valkey.io/topics/cluster-spec/.
MOST_MASTERS = 1024


class AllMasters:
    """What the dashboard asks of a client. A server that does not answer costs its own tasks alone."""

    def __init__(self, redis: ControlClient, exchange: Exchange) -> None:
        self._topology = redis.topology
        self._exchange = exchange

    def pipeline(self, *, transaction: bool) -> Pipeline:  # noqa: ARG002
        """Commands with keys of any slots; they are not of one moment."""
        return Pipeline(self._exchange)

    async def getrange(self, key: str, first: int, last: int) -> bytes:
        """As GETRANGE. Raises redis-py's errors."""
        [found] = await self._exchange.execute(("GETRANGE", key, first, last))
        return cast("bytes", found)

    async def scan(self, cursor: int, match: str, count: int) -> tuple[int, list[bytes] | None]:
        """As SCAN, from one master to the next. None in place of the keys of one that does not answer."""
        node, place = divmod(cursor, MOST_MASTERS)
        masters = sorted(self._topology.slots.masters)
        if place >= len(masters):
            return 0, []
        try:
            keys: list[bytes] | None
            async with asyncio.timeout(PATIENCE):
                node, keys = await self._scan(masters[place], node, match, count)
        except REDIS_AWAY:
            node, keys = 0, None
        if not node:
            place = (place + 1) % len(masters)
        return node * MOST_MASTERS + place, keys

    async def _scan(self, master: Address, cursor: int, match: str, count: int) -> tuple[int, list[bytes]]:
        """Over a connection of its own: all keys are looked through once."""
        pool = self._topology.client(master).connection_pool
        connection = cast("AbstractConnection", pool.make_connection())
        try:
            await connection.connect()
            await connection.send_command("SCAN", cursor, "MATCH", match, "COUNT", count)
            found, keys = cast("tuple[bytes, list[bytes]]", await connection.read_response())
        finally:
            await connection.disconnect(nowait=True)
        return int(found), keys


class Pipeline:
    """Commands that are sent together."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._commands: list[tuple[Part, ...]] = []

    def hget(self, key: str, field: str) -> None:
        self._commands.append(("HGET", key, field))

    def hmget(self, key: str, *fields: str) -> None:
        self._commands.append(("HMGET", key, *fields))

    def lrange(self, key: str, first: int, last: int) -> None:
        self._commands.append(("LRANGE", key, first, last))

    def getrange(self, key: str, first: int, last: int) -> None:
        self._commands.append(("GETRANGE", key, first, last))

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        """The answers, in order; an error in the place of one that did not come, or was a refusal."""
        end = asyncio.get_running_loop().time() + PATIENCE
        answers = await asyncio.gather(*(self._ask(command, end) for command in self._commands))
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, RedisError):
                    raise answer
        return answers

    async def _ask(self, command: tuple[Part, ...], end: float) -> Any:
        try:
            async with asyncio.timeout_at(end):
                [answer] = await self._exchange.execute(command)
        except RedisError as error:
            return error
        except OSError as error:
            return TimeoutError(str(error))
        return answer
