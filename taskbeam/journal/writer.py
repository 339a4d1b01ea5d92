"""Append to a journal from a worker or a sender: one held connection per thread, one round trip."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import ConnectionError, ResponseError  # noqa: A004

from taskbeam.journal.line import Line, Numbers
from taskbeam.journal.unanswered import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.journal.entry import Appended, Entry
    from taskbeam.journal.feeds.canvas_news import CanvasNews
    from taskbeam.journal.scripts import Script


class Writer(Protocol):
    """Appends entries for each thread over connections of its own; see `JournalWriter`."""

    @property
    def busy(self) -> bool:
        """Whether this thread is in the middle of a call here."""

    def append(self, entry: Entry) -> Appended:
        """Append and wait for the answer; raises redis-py's errors."""

    def post(self, entry: Entry) -> Appended | None:
        """Send, and leave the answer for a later call."""

    def collect(self) -> None:
        """Wait for the answers to all that this thread has posted."""

    def tell_canvas(self, news: CanvasNews) -> None:
        """Tell groups and trees what is told beside their tasks' events, after what was posted."""

    def keep(self, news: CanvasNews) -> bool:
        """Whether it is told later, where nobody can wait for that now."""

    def close(self) -> None:
        """Drop this thread's connections."""


class _Held(threading.local):
    """A thread's line, the process that opened it, and the thread as a writer.

    ``busy``: it is in the middle of a call.
    """

    def __init__(self) -> None:
        self.line: Line | None = None
        self.pid = 0
        self.numbers = Numbers()
        self.busy = False


class JournalWriter:
    """Appends entries over a connection that it keeps, one per thread and process.

    A connection of its own spares redis-py's pool and retry layers, which cost more than the round
    trip's own CPU. ``connect`` makes an unconnected redis-py connection; its socket timeout is the
    deadline of one append, in seconds. An append that failed may be repeated with the same entry: its number
    keeps it from being written twice, also where a thread has several unanswered ones to repeat.
    """

    def __init__(self, connect: Callable[[], AbstractConnection]) -> None:
        self._connect = connect
        self._held = _Held()

    @property
    def busy(self) -> bool:
        """Whether this thread is in the middle of a call here, which a signal handler may interrupt.

        Another call would take the answers to the first for its own.
        """
        return self._held.busy

    def append(self, entry: Entry) -> Appended:
        """Append and wait for the answer; raises redis-py's errors, and then holds no connection."""
        fresh = self._held.line is None
        self._held.busy = True
        try:
            line = self._line()
            self._collect(line)
            return line.exchange(entry)
        except ConnectionError:
            if fresh:
                self.close()
                raise
            return self._again(entry)
        except BaseException:
            # Whatever broke the exchange (an interrupting signal too), a reply may still be on its way.
            self.close()
            raise
        finally:
            self._held.busy = False

    def post(self, entry: Entry) -> Appended | None:
        """Send, and leave the answer for a later call: a task that reports does not wait for Redis.

        Returns the newest answer to an entry that was posted before, if one was due; its errors are raised
        here, too. Later entries of this thread are appended after this one.
        """
        held = self._held
        if held.line is None or held.pid != os.getpid():
            return self.append(entry)
        held.busy = True
        try:
            line, newest = held.line, None
            now, before = time.monotonic(), line.unanswered.before(entry)
            if line.unanswered.due(now) or (before and not held.numbers.follows(entry, before)):
                newest, before = self._collect(line), None
            line.send(entry, before.number if before else 0)
            line.unanswered.add(entry, now)
        except ConnectionError:
            return self._again(entry)
        except BaseException:
            self.close()
            raise
        finally:
            held.busy = False
        return newest

    def collect(self) -> None:
        """Wait for the answers to all entries that this thread has posted; raises redis-py's errors."""
        if self._held.line is None or not self._held.line.unanswered.entries:
            return
        self._held.busy = True
        try:
            self._collect(self._held.line)
        except BaseException:
            self.close()
            raise
        finally:
            self._held.busy = False

    def tell_canvas(self, news: CanvasNews) -> None:
        """Tell groups and trees, after what was posted; raises as `append`."""
        call = news.on_one_server()
        self.run(call.script, call.keys, call.args)

    def keep(self, news: CanvasNews) -> bool:  # noqa: ARG002
        """Nothing is kept: it may be lost."""
        return False

    def run(self, script: Script, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """Run another script after what was posted; returns its answer, and raises as `append`."""
        self._held.busy = True
        try:
            line = self._line()
            self._collect(line)
            return line.run(script, keys, args)
        except ResponseError:
            raise
        except BaseException:
            self.close()
            raise
        finally:
            self._held.busy = False

    def close(self) -> None:
        """Drop this thread's connection."""
        line, self._held.line = self._held.line, None
        if line is not None:
            line.close()

    def _line(self) -> Line:
        held = self._held
        # After a fork the socket is the parent's.
        if held.line is None or held.pid != os.getpid():
            connection = self._connect()
            connection.connect()  # sending connects too, but then Sentinel is not asked for the master
            if held.pid != os.getpid():
                held.numbers = Numbers()
            held.line, held.pid = Line(connection, held.numbers), os.getpid()
        return held.line

    def _again(self, entry: Entry) -> Appended:
        """The other side closed a connection that was idle: once more, with all that it left unanswered."""
        line = self._held.line
        entries = [*(line.unanswered.entries if line else ()), entry]
        self.close()
        try:
            line = self._line()
            return [line.exchange(unanswered) for unanswered in entries][-1]
        except BaseException:
            self.close()
            raise

    def _collect(self, line: Line) -> Appended | None:
        """Read all answers that are due; returns the newest, or raises the first error when all are read.

        What met a server without the script is sent again, with what was early behind it. After another error
        that is for whoever catches it.
        """
        unanswered = line.unanswered
        if not unanswered.entries:
            return None
        newest = line.settle()
        try:
            while unanswered.entries:
                newest = line.exchange(unanswered.entries[0])
                del unanswered.entries[0]
        except ResponseError:
            line.unanswered = Unanswered()
            raise
        return newest
