"""A relay before Redis that strikes between two commands: it kills the writer, or cuts off its answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from threading import Event
from typing import TYPE_CHECKING

import psutil

from taskbeam.journal.scripts import APPEND
from tests.support.relay import CALM, Connection, Relay, Side

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536

#: What an append has in its bytes.
_APPEND = APPEND.digest.encode()


class Strike(Enum):
    """What happens to an append, and to whoever writes it."""

    BEFORE = "killed before Redis has the command"
    AMID = "killed when Redis has a part of the command"
    AFTER = "killed when Redis has answered"
    CUT = "alive, and never hears the answer"
    REFUSED = "alive, and Redis never has the command"

    @property
    def kills(self) -> bool:
        return self in (Strike.BEFORE, Strike.AMID, Strike.AFTER)

    def passed(self, command: bytes) -> bytes:
        """What Redis gets of the command."""
        if self in (Strike.BEFORE, Strike.REFUSED):
            return b""
        return command[: len(command) // 2] if self is Strike.AMID else command

    @property
    def answered(self) -> bool:
        """Whether Redis carries the command out."""
        return self in (Strike.AFTER, Strike.CUT)


@dataclass(slots=True)
class Order:
    """A strike that is to come, after so many more appends; and whom it kills, once that is known."""

    strike: Strike
    after: int
    done: Event
    victim: psutil.Process | None = None


class Saboteur(Relay):
    """Forwards to the Redis at ``behind``. ``children``: the processes that may be killed."""

    def __init__(self, behind: int, children: Callable[[], list[psutil.Process]]) -> None:
        super().__init__(behind)
        self._children = children
        self._order: Order | None = None
        #: How many it has killed.
        self.killed = 0

    def order(self, strike: Strike, after: int) -> Event:
        """Strike once so many more appends have passed; the event is set when it is done."""
        done = Event()
        self._order = Order(strike, after, done)
        return done

    async def admit(self, client: Side) -> Connection:
        return _Watched(self, client, await self.connect())

    def due(self, command: bytes, port: int) -> Order | None:
        """The order that is to be carried out with this command, which comes from this port.

        The worker's main process writes now and then, too. It is no child, so its writes do not count where
        somebody is to be killed.
        """
        order = self._order
        if order is None or _APPEND not in command:
            return None
        if order.strike.kills:
            order.victim = self._writer_at(port)
            if order.victim is None:
                return None
        order.after -= 1
        if order.after >= 0:
            return None
        self._order = None
        return order

    def kill(self, victim: psutil.Process) -> None:
        """Kill the child that writes; nothing else is ever killed."""
        victim.kill()
        self.killed += 1

    def _writer_at(self, port: int) -> psutil.Process | None:
        """The child whose connection comes from this port."""
        for child in self._children():
            with suppress(psutil.Error):  # it ends just now
                if port in {connection.laddr.port for connection in child.net_connections("tcp")}:
                    return child
        return None


class _Watched(Connection):
    """A writer's connection."""

    def __init__(self, saboteur: Saboteur, client: Side, server: Side) -> None:
        super().__init__(client, server, CALM)
        self._saboteur = saboteur
        self._writer = client
        self._due: Order | None = None

    async def carry(self) -> None:
        async with asyncio.TaskGroup() as both:
            up = both.create_task(self._up())
            with suppress(OSError):
                await self._down()
            up.cancel()

    async def _up(self) -> None:
        with suppress(OSError):
            await self._pass_commands()

    async def _pass_commands(self) -> None:
        while command := await self._writer.reader.read(_CHUNK):
            order = self._saboteur.due(command, self._writer.writer.get_extra_info("peername")[1])
            if order is None:
                await self.server.write(command)
                continue
            # Of a command that Redis never carries out there is no answer: the next one is to an earlier one.
            if order.strike.answered:
                self._due = order
            await self.server.write(order.strike.passed(command))
            if not order.strike.answered:
                self._carry_out(order)
        self.server.writer.write_eof()

    async def _down(self) -> None:
        while answer := await self.server.reader.read(_CHUNK):
            if self._due is not None:
                self._carry_out(self._due)
                return
            await self._writer.write(answer)

    def _carry_out(self, order: Order) -> None:
        if order.victim is not None:
            self._saboteur.kill(order.victim)
        self.cut(reset=True)
        order.done.set()
