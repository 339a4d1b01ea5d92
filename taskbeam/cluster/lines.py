"""A thread's lines to the masters of a cluster, and calls that go to a key's slot, wherever it is by now."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError, ResponseError, TimeoutError  # noqa: A004

from taskbeam.cluster.redirection import Ask, Redirection, redirection
from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.line import Line, Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis.connection import AbstractConnection

    from taskbeam.cluster.slot_map import Address
    from taskbeam.cluster.topology import Topology

#: Seconds from one try to the next while a slot moves, or has no master.
PAUSE = 0.02


class _Held(threading.local):
    """A thread's lines by their servers, the process that opened them, and the thread as a writer.

    ``busy``: it is in the middle of a call. ``until``: the moment (monotonic, s) up to which it tries.
    """

    def __init__(self) -> None:
        self.lines: dict[Address, Line] = {}
        self.pid = 0
        self.numbers = Numbers()
        self.busy = False
        self.until = 0.0


class Lines:
    """Each thread has its own.

    What a server refuses, because its slot has moved, is moving or has no master, is sent again for
    ``patience`` seconds.
    """

    def __init__(
        self, topology: Topology, connect: Callable[[Address], AbstractConnection], patience: float
    ) -> None:
        """``connect`` makes an unconnected connection, whose timeouts are the deadline of one reply."""
        self._topology = topology
        self._connect = connect
        self._patience = patience
        self._held = _Held()

    @property
    def busy(self) -> bool:
        """Whether this thread is in the middle of a call here, which a signal handler may interrupt."""
        return self._held.busy

    @property
    def numbers(self) -> Numbers:
        """Those that this thread gives its entries."""
        return self._held.numbers

    @property
    def open(self) -> list[tuple[Address, Line]]:
        """Those that this thread has, with their servers."""
        return list(self._held.lines.items())

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A call begins, and with it the seconds for which it is tried; one may be part of another."""
        held = self._held
        if held.pid != os.getpid():
            # After a fork the sockets are the parent's.
            held.lines, held.numbers, held.pid = {}, Numbers(), os.getpid()
        before = held.busy, held.until
        held.busy, held.until = True, time.monotonic() + self._patience
        try:
            yield
        finally:
            held.busy, held.until = before

    def server(self, key: str) -> Address | None:
        """The master of the key's slot, as far as it is known; asks nobody."""
        return self._topology.known(slot_of(key))

    def to(self, key: str) -> Line:
        """The line to the master of the key's slot; raises redis-py's errors."""
        return self._line(self._topology.master(slot_of(key)))

    def follow(self, key: str, exchange: Callable[[Line, bool], Any]) -> Any:
        """What the master of the key's slot answers; raises redis-py's errors.

        ``exchange`` is called with a line, and with whether the server is to be asked by ASKING.
        """
        slot, asking = slot_of(key), False
        address: Address | None = None
        while True:
            refusal: ResponseError | ConnectionError
            try:
                address = address or self._topology.master(slot)
                return exchange(self._line(address), asking)
            except ResponseError as error:
                refusal, said = error, redirection(error)
            except ConnectionError as error:
                self._drop_unless_none(address)
                refusal, said = error, Redirection(Ask.NO_MASTER)
            except BaseException as error:
                # Whatever broke the exchange (an interrupting signal too), a reply may still be on its way.
                self._drop_unless_none(address)
                if isinstance(error, TimeoutError) and address is not None:
                    self._topology.doubt(address)
                raise
            if said is None:
                raise refusal
            late = time.monotonic() >= self._held.until
            if late and said.asks is not Ask.MOVED:
                raise refusal
            if said.asks in (Ask.LATER, Ask.NO_MASTER):
                sleep(PAUSE)
            address = self._topology.follow(said, address)
            if late:  # whoever comes next knows of the move
                raise refusal
            asking = said.asks is Ask.ONCE or (said.asks is Ask.LATER and asking)

    def drop(self, address: Address) -> None:
        """Close a line, if there is one; what has no answer over it may be in the journal."""
        line = self._held.lines.pop(address, None)
        if line is not None:
            line.close()

    def forget(self, address: Address) -> None:
        """A line is broken already, and what is unanswered over it was noted."""
        self._held.lines.pop(address, None)

    def close(self) -> None:
        """Drop this thread's lines."""
        for address in list(self._held.lines):
            self.drop(address)

    def _line(self, address: Address) -> Line:
        line = self._held.lines.get(address)
        if line is None:
            connection = self._connect(address)
            connection.connect()
            line = self._held.lines[address] = Line(connection, self._held.numbers)
        return line

    def _drop_unless_none(self, address: Address | None) -> None:
        if address is not None:
            self.drop(address)
