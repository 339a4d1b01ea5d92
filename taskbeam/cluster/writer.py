"""Append to journals on a cluster: what a slot's move turns away is sent again, in its order."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError, ResponseError  # noqa: A004

from taskbeam.background.logger import logger_for
from taskbeam.cluster.control_line import Silence
from taskbeam.cluster.fed_tasks import FedTasks
from taskbeam.cluster.redirection import redirection
from taskbeam.cluster.registrations import Registrations
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.entry import Delivery
from taskbeam.journal.unanswered import Unanswered, unknown_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.cluster.feed_teller import FeedTeller
    from taskbeam.cluster.lines import Lines
    from taskbeam.cluster.slot_map import Address
    from taskbeam.journal.entry import Appended, Entry
    from taskbeam.journal.feeds.canvas_news import CanvasNews
    from taskbeam.journal.line import Line

logger = logger_for(__name__)

#: Of entries of which the answer says what their task's feeds and queue are to be told.
_ANSWERED = frozenset({Delivery.WRITTEN, Delivery.OVERTAKEN})


class _Held(threading.local):
    """A thread's registrations, the process that made them, and what it knows of the feeds of tasks."""

    def __init__(self) -> None:
        self.registrations: Registrations | None = None
        self.pid = 0
        self.fed = FedTasks()


class ClusterWriter:
    """As `JournalWriter`, on a cluster. An entry keeps its number, so it is written once, in its place."""

    def __init__(
        self, lines: Lines, connect_control: Callable[[], AbstractConnection], feeds: FeedTeller
    ) -> None:
        """``lines``: over which it writes.

        ``connect_control`` makes a connection to whoever has what belongs to no task. ``feeds`` tells those
        of a task.
        """
        self._lines = lines
        self._connect_control = connect_control
        self._silence = Silence()
        self._feeds = feeds
        self._held = _Held()

    @property
    def busy(self) -> bool:
        """Whether this thread is in the middle of a call here, which a signal handler may interrupt."""
        return self._lines.busy

    def append(self, entry: Entry) -> Appended:
        """Append after all that was posted, and wait for the answer; raises redis-py's errors.

        What was posted to another server, and not taken there, is logged.
        """
        with self._calling():
            self._settle(entry)
            self._registrations().before(entry)
            appended = self._deliver(entry)
            # What is told late is told by whoever finds the run registered, should this process die.
            self._tell_feeds(entry)
            self._registrations().after(entry, appended)
            return appended

    def post(self, entry: Entry) -> Appended | None:
        """Send, and leave the answer for a later call; as `JournalWriter.post`.

        Where the task may have feeds, a state is not left: they are to be told before this thread is silent.
        Births are posted by whoever appends the last of them.
        """
        if entry.state and not entry.birth and self._held.fed.may_be(entry.task_id):
            return self.append(entry)
        with self._calling():
            newest, now = None, time.monotonic()
            self._registrations().before(entry)
            try:
                line = self._lines.to(entry.keys.result)
                before = line.unanswered.before(entry)
                if self._is_due(now) or self._must_wait(entry, line, before):
                    newest, before = self._settle(entry), None
                    line = self._lines.to(entry.keys.result)
                line.send(entry, before.number if before else 0)
            except ConnectionError:
                return self._settle(entry, send=True)
            line.unanswered.add(entry, now)
            return newest

    def collect(self) -> None:
        """Wait for the answers to all entries that this thread has posted; raises redis-py's errors."""
        with self._calling():
            self._settle()
            self._registrations().settle()

    def tell_canvas(self, news: CanvasNews) -> None:
        """Tell groups and trees, after what was posted; what cannot be told now is told later."""
        with self._calling():
            self._settle()
            self._feeds.tell_canvas(news)

    def keep(self, news: CanvasNews) -> bool:
        """Tell it later: returns whether that will be done."""
        self._feeds.keep(news)
        return True

    def close(self) -> None:
        """Drop this thread's connections."""
        self._lines.close()
        self._feeds.close()
        if self._held.registrations is not None:
            self._held.registrations.close()

    def _deliver(self, entry: Entry) -> Appended:
        appended: Appended = self._lines.follow(
            entry.keys.result, lambda line, asking: line.exchange(entry, asking=asking)
        )
        return appended

    def _settle(self, entry: Entry | None = None, *, send: bool = False) -> Appended | None:
        """Read all answers that are due, and send again what a slot's move has turned away, in its order.

        ``entry``: what is written next; ``send``: here, behind the others. None: nothing is.

        Returns the newest answer, or raises the first error when all are read, and what was taken is told on.
        An error of another server than the entry's does not concern it, and is logged.
        """
        newest: Appended | None = None
        errors: list[tuple[Address | None, Exception]] = []
        again: list[Entry] = []
        # The journals of which something is missing: nothing may come before it.
        behind: set[str] = set()
        lines = self._lines.open
        posted = [entry for _, line in lines for entry in line.unanswered.entries]
        for address, line in lines:
            sent = line.unanswered.entries
            try:
                if sent:
                    newest = line.settle(_comes_again) or newest
                again += line.unanswered.entries
            except ConnectionError:
                self._lines.forget(address)
                again += line.unanswered.entries
            except REDIS_AWAY as error:
                errors.append((address, error))
                behind.update(entry.keys.result for entry in sent)
                if not isinstance(error, ResponseError):
                    self._lines.drop(address)  # a reply may still be on its way
            line.unanswered = Unanswered()
        last = [entry] if entry and send else []
        newest = self._send_again([*again, *last], behind, errors) or newest
        for sent_entry in [*posted, *last]:
            if sent_entry.delivery in _ANSWERED:
                self._tell_feeds(sent_entry)
                self._registrations().leave(sent_entry)
        self._raise_what_concerns(entry, errors)
        return newest

    def _raise_what_concerns(
        self, entry: Entry | None, errors: Sequence[tuple[Address | None, Exception]]
    ) -> None:
        """The first error of the entry's server; without an entry, of any."""
        here = self._lines.server(entry.keys.result) if entry else None
        for server, error in errors:
            if entry is None or server == here:
                raise error
        if errors:
            server, error = errors[0]
            logger.warning("Events sent earlier to the journals at %s may be lost: %s", server, error)

    def _send_again(
        self, entries: Sequence[Entry], behind: set[str], errors: list[tuple[Address | None, Exception]]
    ) -> Appended | None:
        """Returns the newest answer. Where a server is away the others go on; ``errors`` gets why."""
        newest: Appended | None = None
        away: set[Address | None] = set()
        for entry in entries:
            key = entry.keys.result
            if key in behind or self._lines.server(key) in away:
                continue
            try:
                newest = self._deliver(entry)
            except REDIS_AWAY as error:
                server = self._lines.server(key)
                errors.append((server, error))
                behind.add(key)
                if not isinstance(error, ResponseError):
                    away.add(server)
        return newest

    def _tell_feeds(self, entry: Entry) -> None:
        self._held.fed.note(entry)
        self._feeds.tell(entry)

    def _is_due(self, now: float) -> bool:
        return any(line.unanswered.entries and line.unanswered.due(now) for _, line in self._lines.open)

    def _must_wait(self, entry: Entry, line: Line, before: Entry | None) -> bool:
        """Whether the script could not see what the entry comes behind: ``before`` over the same line, or
        what its journal has unanswered over another one, where the slot was until now.
        """
        if before is not None:
            return not self._lines.numbers.follows(entry, before)
        return any(other is not line and other.unanswered.before(entry) for _, other in self._lines.open)

    def _registrations(self) -> Registrations:
        held = self._held
        if held.registrations is None:
            held.registrations = Registrations(self._connect_control, self._silence)
        return held.registrations

    @contextmanager
    def _calling(self) -> Iterator[None]:
        held = self._held
        if held.pid != os.getpid():
            # After a fork the socket is the parent's.
            held.registrations, held.pid = None, os.getpid()
        with self._lines.calling():
            try:
                yield
            except BaseException:
                # Whatever broke an exchange (an interrupting signal too), a reply may still be on its way.
                self.close()
                raise


def _comes_again(error: ResponseError) -> bool:
    return unknown_script(error) or redirection(error) is not None
