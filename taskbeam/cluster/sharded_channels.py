"""Sharded channels that a process listens to, each at the master of its slot, wherever that is by now."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbeam.background.backoff import Backoff
from taskbeam.background.logger import logger_for
from taskbeam.cluster.redirection import Ask, redirection
from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis.client import PubSub

    from taskbeam.cluster.redirection import Redirection
    from taskbeam.cluster.slot_map import Address
    from taskbeam.cluster.topology import Topology

logger = logger_for(__name__)

#: Seconds from one try to the next where a server does not take a subscription: a random part of a limit that
#: doubles.
FIRST_PAUSE, LAST_PAUSE = 0.05, 1.0

#: Seconds that the rest of a message may take whose beginning is there.
REST = 1.0


@dataclass(slots=True)
class Heard:
    """What has come.

    - ``messages``: in the order of each channel.
    - ``begun``: channels from which everything is heard that is published from now on. What was published
      before is not.
    """

    messages: deque[bytes] = field(default_factory=deque)
    begun: list[bytes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.messages or self.begun)


class ShardedChannels:
    """Subscriptions that follow their slots. Not for two threads at once.

    A server publishes to a sharded channel as long as it has the channel's slot, and then ends the
    subscription. So the channel is subscribed to anew where the map says, as it is when a connection is lost,
    and is among what has ``begun``.
    """

    def __init__(
        self,
        topology: Topology,
        connect: Callable[[Address], PubSub],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``connect`` makes the subscriptions at a server, unconnected; nothing is tried twice in it."""
        self._topology = topology
        self._connect = connect
        self._clock = clock
        self._servers: dict[Address, PubSub] = {}
        # Those that were asked for a sign of life, and have sent nothing since.
        self._silent: set[Address] = set()
        # Where each channel is subscribed to; and those that are to be, in their order.
        self._places: dict[bytes, Address] = {}
        self._due: dict[bytes, None] = {}
        # Whether the map is to be read, or read anew, before the next channel is subscribed to.
        self._is_old = True
        self._backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)
        self._again = float("-inf")
        # Tries in vain since something was heard, and whether the log says so.
        self._failures = 0
        self._told = False

    @property
    def wanted(self) -> list[bytes]:
        """The channels, wherever they are."""
        return [*self._places, *self._due]

    @property
    def sockets(self) -> Iterator[Any]:
        """Of the servers, to wait for what comes."""
        for server in self._servers.values():
            connection: Any = server.connection
            if connection is not None and connection._sock is not None:
                yield connection._sock

    @property
    def pause(self) -> float | None:
        """Seconds after which `settle` has something to do; None = all is where it belongs."""
        return max(self._again - self._clock(), 0.0) if self._due else None

    def want(self, channel: bytes) -> None:
        """Listen to it; `settle` subscribes."""
        if channel not in self._places:
            self._due[channel] = None

    def release(self, channel: bytes) -> None:
        """Listen to it no longer."""
        self._due.pop(channel, None)
        address = self._places.pop(channel, None)
        if address is not None:
            try:
                self._servers[address].sunsubscribe(channel)
            except REDIS_AWAY as error:
                self._lose(address, error)

    def settle(self) -> bool:
        """Subscribe where that is due, and return whether there is a server more to wait for.

        What a server does not take is tried again a little later.
        """
        if self.pause != 0.0:
            return False
        if self._is_old:
            self._is_old = False
            self._topology.refresh()
        before, failed = set(self._servers), set()
        for channel in list(self._due):
            address = self._topology.known(slot_of(channel))
            if address is None:
                self._is_old = True
                self._wait("it has no master", f"slot {slot_of(channel)}")
            elif address not in failed:
                try:
                    self._server(address).ssubscribe(channel)
                except REDIS_AWAY as error:
                    failed.add(address)
                    self._lose(address, error)
                else:
                    del self._due[channel]
                    self._places[channel] = address
        return not self._servers.keys() <= before

    def read(self, heard: Heard) -> None:
        """Add all that has come; waits for nothing but the rest of a message."""
        for address, server in list(self._servers.items()):
            try:
                while _has_more(server):
                    self._silent.discard(address)
                    # Not `get_message`: it reads nothing where nothing is subscribed to.
                    response = server.parse_response(block=False, timeout=REST)
                    if response is not None:
                        self._take(address, server.handle_message(response), heard)
            except REDIS_AWAY as error:
                said = redirection(error)
                if said is not None and said.asks is Ask.MOVED:
                    self._move(address, said)
                else:
                    self._lose(address, error)

    def look_after(self) -> None:
        """Ask each server for a sign of life. Who has sent nothing since it was asked before is left.

        A server that vanishes does not close its connections.
        """
        for address, server in list(self._servers.items()):
            if address in self._silent:
                self._lose(address, ConnectionError("it does not answer"))
                continue
            try:
                server.ping()
                self._silent.add(address)
            except REDIS_AWAY as error:
                self._lose(address, error)

    def close(self) -> None:
        """Close all connections; nothing is wanted any more."""
        for server in self._servers.values():
            server.close()
        for each in (self._servers, self._silent, self._places, self._due):
            each.clear()

    def _server(self, address: Address) -> PubSub:
        if address not in self._servers:
            self._servers[address] = self._connect(address)
        return self._servers[address]

    def _take(self, address: Address, message: dict[str, Any], heard: Heard) -> None:
        channel = message["channel"]
        if self._places.get(channel) != address:
            return  # it was released, or is elsewhere by now
        match message["type"]:
            case "smessage":
                heard.messages.append(message["data"])
            case "ssubscribe":
                heard.begun.append(channel)
                self._recover()
            case "sunsubscribe":
                self._is_old = True
                self._place_anew(channel)

    def _move(self, asked: Address, said: Redirection) -> None:
        """The server has none of the slot's channels."""
        self._topology.follow(said, asked)
        self._place_anew(*(each for each in self._placed_at(asked) if slot_of(each) == said.slot))
        self._again = self._clock() + self._backoff.next()

    def _lose(self, address: Address, error: Exception) -> None:
        """Nothing is heard from the server until its channels are subscribed to anew."""
        self._servers.pop(address).close()
        self._silent.discard(address)
        self._is_old = True
        self._topology.doubt(address)
        self._place_anew(*self._placed_at(address))
        self._wait(error, address)

    def _placed_at(self, address: Address) -> list[bytes]:
        return [channel for channel, place in self._places.items() if place == address]

    def _place_anew(self, *channels: bytes) -> None:
        for channel in channels:
            del self._places[channel]
            self._due[channel] = None

    def _wait(self, why: Exception | str, where: Address | str) -> None:
        self._again = self._clock() + self._backoff.next()
        self._failures += 1
        # Redis may have closed a connection that was idle. Whoever cannot open another one says so.
        if self._failures > 1 and not self._told:
            self._told = True
            logger.warning(
                "Cannot hear results at %s; trying again, and meanwhile get() looks for them every few "
                "seconds: %s",
                where,
                why,
            )

    def _recover(self) -> None:
        self._backoff.reset()
        self._failures = 0
        if self._told and not self._due:
            self._told = False
            logger.warning("All results are heard again")


def _has_more(server: PubSub) -> bool:
    connection: Any = server.connection
    return connection is not None and bool(connection.can_read(timeout=0))
