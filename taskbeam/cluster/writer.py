"""Append to journals on a cluster: a thread has a line to each master, and refusals are followed."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError, ResponseError  # noqa: A004

from taskbeam.cluster.control_line import Silence
from taskbeam.cluster.feed_teller import FeedTeller
from taskbeam.cluster.redirection import Ask, Redirection, redirection
from taskbeam.cluster.registrations import Registrations
from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.line import Line, Numbers
from taskbeam.journal.unanswered import Unanswered, unknown_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.cluster.feed_teller import Untold
    from taskbeam.cluster.slot_map import Address
    from taskbeam.cluster.topology import Topology
    from taskbeam.journal.entry import Appended, Entry
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.scripts import Script

#: Seconds from one try to the next while a slot moves, or has no master.
PAUSE = 0.02


class _Held(threading.local):
    """A thread's lines by their servers, the process that opened them, and the thread as a writer.

    ``busy``: it is in the middle of a call. ``until``: the moment (monotonic, s) up to which it tries.
    ``fed``: the task of which it wrote last that has feeds.
    """

    def __init__(self) -> None:
        self.lines: dict[Address, Line] = {}
        self.registrations: Registrations | None = None
        self.pid = 0
        self.numbers = Numbers()
        self.busy = False
        self.until = 0.0
        self.fed = ""


class ClusterWriter:
    """As `JournalWriter`, on a cluster.

    A command that a server refuses, because its slot has moved, is moving or has no master, is sent again for
    ``patience`` seconds. It keeps its number, so it is written once, and in its place.
    """

    def __init__(
        self,
        topology: Topology,
        connect: Callable[[Address], AbstractConnection],
        connect_control: Callable[[], AbstractConnection],
        patience: float,
        untold: Untold,
    ) -> None:
        """``connect`` makes an unconnected connection, whose timeouts are the deadline of one reply.

        ``connect_control`` makes one to whoever has what belongs to no task. ``untold`` keeps what feeds are
        still to be told.
        """
        self._topology = topology
        self._connect = connect
        self._connect_control = connect_control
        self._patience = patience
        self._silence = Silence()
        self._feeds = FeedTeller(untold, self._follow, self._drop_lines, self.catch_up)
        self._held = _Held()

    @property
    def busy(self) -> bool:
        """Whether this thread is in the middle of a call here, which a signal handler may interrupt."""
        return self._held.busy

    def append(self, entry: Entry) -> Appended:
        """Append after all that was posted, and wait for the answer; raises redis-py's errors."""
        with self._calling():
            self._settle()
            self._registrations().before(entry)
            appended = self._deliver(entry)
            # What is told late is told by whoever finds the run registered, should this process die.
            self._tell_feeds(entry)
            self._registrations().after(entry, appended)
            return appended

    def post(self, entry: Entry) -> Appended | None:
        """Send, and leave the answer for a later call; as `JournalWriter.post`.

        Where the task has feeds, a state is not left: they are to be told before this thread is silent.
        """
        if entry.state and entry.task_id == self._held.fed:
            return self.append(entry)
        with self._calling():
            newest, now = None, time.monotonic()
            self._registrations().before(entry)
            try:
                line = self._line(self._topology.master(slot_of(entry.keys.result)))
                before = line.unanswered.before(entry)
                if self._is_due(now) or self._must_wait(entry, line, before):
                    newest, before = self._settle(), None
                    line = self._line(self._topology.master(slot_of(entry.keys.result)))
                line.send(entry, before.number if before else 0)
            except ConnectionError:
                return self._settle(and_then=entry)
            line.unanswered.add(entry, now)
            return newest

    def collect(self) -> None:
        """Wait for the answers to all entries that this thread has posted; raises redis-py's errors."""
        with self._calling():
            self._settle()
            self._registrations().settle()

    def run(self, script: Script, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run another script, whose keys have one slot, after what was posted; raises as `append`."""
        with self._calling():
            self._settle()
            return self._follow(keys[0], lambda line, asking: line.run(script, keys, args, asking=asking))

    def close(self) -> None:
        """Drop this thread's connections."""
        self._drop_lines()
        if self._held.registrations is not None:
            self._held.registrations.close()

    # Where it goes.

    def _deliver(self, entry: Entry) -> Appended:
        appended: Appended = self._follow(
            entry.keys.result, lambda line, asking: line.exchange(entry, asking=asking)
        )
        return appended

    def _follow(self, key: str, exchange: Callable[[Line, bool], Any]) -> Any:
        """What the master of the key's slot answers, wherever it is by now."""
        slot, asking = slot_of(key), False
        address: Address | None = None
        while True:
            try:
                address = address or self._topology.master(slot)
                return exchange(self._line(address), asking)
            except (ResponseError, ConnectionError) as error:
                refusal = error
            said = (
                Redirection(Ask.NO_MASTER) if isinstance(refusal, ConnectionError) else redirection(refusal)
            )
            if said is None:
                raise refusal
            if isinstance(refusal, ConnectionError) and address is not None:
                self._drop(address)
            late = time.monotonic() >= self._held.until
            if late and said.asks is not Ask.MOVED:
                raise refusal
            if said.asks in (Ask.LATER, Ask.NO_MASTER):
                sleep(PAUSE)
            address = self._topology.follow(said, address)
            if late:  # whoever comes next knows of the move
                raise refusal
            asking = said.asks is Ask.ONCE or (said.asks is Ask.LATER and asking)

    def _settle(self, and_then: Entry | None = None) -> Appended | None:
        """Read all answers that are due, and send again what a slot's move has turned away, in its order.

        Returns the newest answer, or raises the first error of another kind when all are read.
        """
        newest: Appended | None = None
        first_error: ResponseError | None = None
        again: list[Entry] = []
        posted = [entry for line in self._held.lines.values() for entry in line.unanswered.entries]
        for address, line in list(self._held.lines.items()):
            try:
                if line.unanswered.entries:
                    newest = line.settle(_comes_again) or newest
            except ResponseError as error:
                first_error = first_error or error
            except ConnectionError:
                self._held.lines.pop(address, None)
            again += line.unanswered.entries
            line.unanswered = Unanswered()
        if first_error is not None:
            raise first_error
        for entry in [*again, *([and_then] if and_then else [])]:
            newest = self._deliver(entry)
        for entry in [*posted, *([and_then] if and_then else [])]:
            self._tell_feeds(entry)
        return newest

    def catch_up(self, keys: TaskKeys, feed: str) -> None:
        """Tell a feed what it lacks of a task; raises as `append`."""
        with self._calling():
            self._settle()
            self._feeds.catch_up(keys, feed)

    def _tell_feeds(self, entry: Entry) -> None:
        if self._feeds.tell(entry):
            self._held.fed = entry.task_id

    def _drop_lines(self) -> None:
        for address in list(self._held.lines):
            self._drop(address)

    def _is_due(self, now: float) -> bool:
        return any(line.unanswered.entries and line.unanswered.due(now) for line in self._held.lines.values())

    def _must_wait(self, entry: Entry, line: Line, before: Entry | None) -> bool:
        """Whether the script could not see what the entry comes behind: ``before`` over the same line, or
        what its journal has unanswered over another one, where the slot was until now.
        """
        if before is not None:
            return not self._held.numbers.follows(entry, before)
        others = self._held.lines.values()
        return any(other is not line and other.unanswered.before(entry) for other in others)

    # The lines.

    def _line(self, address: Address) -> Line:
        held = self._held
        line = held.lines.get(address)
        if line is None:
            connection = self._connect(address)
            connection.connect()
            line = held.lines[address] = Line(connection, held.numbers)
        return line

    def _registrations(self) -> Registrations:
        held = self._held
        if held.registrations is None:
            held.registrations = Registrations(self._connect_control, self._silence)
        return held.registrations

    def _drop(self, address: Address) -> None:
        line = self._held.lines.pop(address, None)
        if line is not None:
            line.close()

    @contextmanager
    def _calling(self) -> Iterator[None]:
        held = self._held
        if held.pid != os.getpid():
            # After a fork the sockets are the parent's.
            held.lines, held.registrations = {}, None
            held.numbers, held.pid = Numbers(), os.getpid()
        held.busy, held.until = True, time.monotonic() + self._patience
        try:
            yield
        except BaseException:
            # Whatever broke an exchange (an interrupting signal too), a reply may still be on its way.
            self.close()
            raise
        finally:
            held.busy = False


def _comes_again(error: ResponseError) -> bool:
    return unknown_script(error) or redirection(error) is not None
