"""Commands to a Redis Cluster and their replies: each goes to the master of its slot, wherever that moves."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from taskbeam.cluster.redirection import Ask, redirection
from taskbeam.cluster.slot_map import Address, slot_of
from taskbeam.journal.pipelined_connection import DEFAULT_TIMEOUT, PipelinedConnection, replies_to
from taskbeam.measures.redis_traffic import RedisTraffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.cluster.async_topology import AsyncTopology
    from taskbeam.journal.resp_connection import Part

#: Seconds that a server still has to answer once its slots have other masters: it may hang.
LAST_ANSWERS: Final = 1.0

#: Seconds until a command is sent again whose slot has its keys in halves: a random part of these.
AGAIN: Final = (0.02, 0.1)


class _Request:
    """A command on its way, and the time of the loop until which it is sent again."""

    __slots__ = ("command", "ends", "hops", "slot", "then")

    def __init__(self, command: tuple[Part, ...], then: Callable[[Any], None], ends: float) -> None:
        self.command = command
        self.then = then
        self.ends = ends
        self.slot = slot_of(first_key(command))
        self.hops = 0


class ClusterExchange:
    """A connection to each master, made when something is asked for there. Belongs to one event loop.

    What a server refuses because the slot has moved, is moving, or has no master, is sent again for as long
    as a reply may take, and so is what was under way on a lost connection. Then the error is the answer.
    """

    def __init__(
        self, topology: AsyncTopology, timeout: float = DEFAULT_TIMEOUT, traffic: RedisTraffic | None = None
    ) -> None:
        """``timeout``: seconds that a reply may take. ``traffic``: where what is sent is counted."""
        self.traffic = traffic or RedisTraffic()
        self._topology = topology
        self._timeout = timeout
        self._connections: dict[Address, PipelinedConnection] = {}
        # Those that had slots when they were asked, and those that have none any more.
        self._masters: set[Address] = set()
        self._retired: list[PipelinedConnection] = []
        self._closed = False
        topology.after_each_look(self._retire_those_without_slots)

    @property
    def connected(self) -> bool:
        """Whether there is a connection to each server that was asked so far."""
        links = self._connections.values()
        return bool(links) and all(link.connected for link in links)

    def ask(self, then: Callable[[Any], None], *command: Part) -> None:
        """Send a command; ``then`` gets the reply, or an error in its place. It may be carried out twice.

        Its first key stands behind its name; that of a script behind the number of its keys.
        """
        self._send(_Request(command, then, self._end()))

    async def execute(self, *commands: tuple[Part, ...]) -> list[Any]:
        """The replies, in order; raises redis-py's errors."""
        return await replies_to(self, commands)

    def hurry(self, timeout: float) -> None:
        """From now on wait for at most so many seconds, also for what was asked already."""
        self._timeout = min(self._timeout, timeout)
        for connection in self._connections.values():
            connection.hurry(timeout)

    async def aclose(self) -> None:
        """Close the connections; whatever has no reply yet gets an error."""
        self._closed = True
        for connection in [*self._connections.values(), *self._retired]:
            await connection.aclose()

    # Out.

    def _end(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout

    def _send(self, request: _Request) -> None:
        master = self._topology.slots.master(request.slot)
        if master is None:
            self._after_look(request, RedisConnectionError("the cluster names no master of the key's slot"))
        else:
            self._masters.add(master)
            self._to(master).ask(partial(self._replied, request, master), *request.command)

    def _to(self, address: Address) -> PipelinedConnection:
        connection = self._connections.get(address)
        if connection is None:
            connection = PipelinedConnection(self._topology.client(address), self._timeout, self.traffic)
            self._connections[address] = connection
        return connection

    def _after_look(self, request: _Request, error: Exception) -> None:
        """Send it when the cluster was asked again, unless it is too late."""
        if self._closed:
            request.then(error)  # nobody ends a look that begins now
        elif self._is_late(request):
            self._topology.look()
            request.then(error)
        else:
            self._topology.look(partial(self._again, request, error))

    def _again(self, request: _Request, error: Exception) -> None:
        if self._closed or self._is_late(request):
            request.then(error)
        else:
            self._send(request)

    def _is_late(self, request: _Request) -> bool:
        return asyncio.get_running_loop().time() >= min(request.ends, self._end())

    def _retire_those_without_slots(self) -> None:
        """Nobody waits long for the answers of a server that hangs, once others have its slots."""
        if self._closed:
            return
        gone = self._masters.difference(self._topology.slots.masters)
        self._masters -= gone
        for address in gone:
            if (connection := self._connections.pop(address, None)) is not None:
                connection.hurry(LAST_ANSWERS)
                self._retired.append(connection)
                asyncio.get_running_loop().call_later(2 * LAST_ANSWERS, self._drop, connection)

    def _drop(self, connection: PipelinedConnection) -> None:
        if connection in self._retired:
            self._retired.remove(connection)
            connection.drop()

    # In.

    def _replied(self, request: _Request, asked: Address, reply: Any) -> None:
        if not isinstance(reply, Exception):
            request.then(reply)
            return
        said = redirection(reply)
        if said is None:
            self._failed(request, reply)
            return
        address = Address(said.address.host or asked.host, said.address.port)
        request.hops += 1
        match said.asks:
            case Ask.MOVED:
                self._topology.moved(said.slot, address)
                # Where two servers name each other, it waits until the cluster agrees.
                if request.hops == 1:
                    self._send(request)
                else:
                    self._after_look(request, reply)
            case Ask.ONCE if not self._is_late(request):
                # One goes right behind the other: both are in the same queue, in this order.
                connection = self._to(address)
                connection.ask(_ignore, "ASKING")
                connection.ask(partial(self._replied, request, address), *request.command)
            case Ask.LATER if not self._is_late(request):
                pause = random.uniform(*AGAIN)
                asyncio.get_running_loop().call_later(pause, self._again, request, reply)
            case _:
                self._after_look(request, reply)

    def _failed(self, request: _Request, error: Exception) -> None:
        if isinstance(error, ResponseError):
            request.then(error)
        else:
            self._after_look(request, error)


def first_key(command: tuple[Part, ...]) -> str | bytes:
    """The key that says where a command goes. Raises `ValueError` for a command without one."""
    place = 3 if command[0] in ("EVALSHA", "EVAL", b"EVALSHA", b"EVAL") else 1
    key = command[place] if len(command) > place else None
    if not isinstance(key, (str, bytes)):
        raise ValueError(f"{command[0]!r} names no key, so it goes to no server of a cluster")
    return key


def _ignore(reply: Any) -> None:
    """`ASKING` is answered by OK, or together with the command behind it by an error."""
