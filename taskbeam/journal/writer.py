"""Append to a journal from a worker or a sender: one held connection per thread, one round trip."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import hiredis
from redis.exceptions import ConnectionError, DataError, NoScriptError, ResponseError  # noqa: A004

from taskbeam.journal.entry import Appended, Delivery, Entry, new_token
from taskbeam.journal.scripts import APPEND
from taskbeam.journal.unanswered import Unanswered, note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.journal.scripts import Script


#: Seconds for which a connection's server is taken to live on. The script knows the life before the last.
LIFE_HOLDS = 5.0


class _Held(threading.local):
    """A thread's connection, the process that opened it, and the entries whose answers are still to come.

    ``name`` and ``number`` are those of the thread as a writer: it numbers what it sends. ``life`` is that of
    the server, and ``asked`` when the script was to ask for it; it need not again for a while. ``busy``: it
    is in the middle of a call.
    """

    def __init__(self) -> None:
        self.connection: AbstractConnection | None = None
        self.pid = 0
        self.name = ""
        self.number = 0
        self.life = ""
        self.asked = 0.0
        self.unanswered = Unanswered()
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
        fresh = self._held.connection is None
        self._held.busy = True
        try:
            connection = self._connection()
            self._collect(connection)
            return self._exchange(connection, entry)
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
        if held.connection is None or held.pid != os.getpid():
            return self.append(entry)
        held.busy = True
        try:
            connection, newest = held.connection, None
            now, before = time.monotonic(), held.unanswered.before(entry)
            if held.unanswered.due(now) or (before and not self._follows(entry, before)):
                newest, before = self._collect(connection), None
            self._send(connection, entry, before.number if before else 0)
            held.unanswered.add(entry, now)
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
        if self._held.connection is None or not self._held.unanswered.entries:
            return
        self._held.busy = True
        try:
            self._collect(self._held.connection)
        except BaseException:
            self.close()
            raise
        finally:
            self._held.busy = False

    def run(self, script: Script, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run another script after what was posted; returns its answer, and raises as `append`."""
        self._held.busy = True
        try:
            connection = self._connection()
            self._collect(connection)
            connection.send_command("EVALSHA", script.digest, len(keys), *keys, *args)
            reply = _reply(connection)
            if isinstance(reply, NoScriptError):
                connection.send_command("EVAL", script.text, len(keys), *keys, *args)
                reply = _reply(connection)
        except BaseException:
            self.close()
            raise
        finally:
            self._held.busy = False
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self) -> None:
        """Drop this thread's connection."""
        connection, self._held.connection = self._held.connection, None
        self._held.unanswered.cut()
        self._held.unanswered = Unanswered()
        if connection is not None:
            connection.disconnect()

    def _connection(self) -> AbstractConnection:
        held = self._held
        # After a fork the socket is the parent's.
        if held.connection is None or held.pid != os.getpid():
            connection = self._connect()
            connection.connect()  # sending connects too, but then Sentinel is not asked for the master
            if held.pid != os.getpid():
                held.name, held.number = new_token(), 0
            held.connection, held.pid, held.unanswered, held.life = connection, os.getpid(), Unanswered(), ""
        return held.connection

    def _again(self, entry: Entry) -> Appended:
        """The other side closed a connection that was idle: once more, with all that it left unanswered."""
        entries = [*self._held.unanswered.entries, entry]
        self.close()
        try:
            connection = self._connection()
            return [self._exchange(connection, unanswered) for unanswered in entries][-1]
        except BaseException:
            self.close()
            raise

    def _exchange(self, connection: AbstractConnection, entry: Entry) -> Appended:
        self._send(connection, entry)
        return self._settle(connection, entry, _reply(connection))

    def _collect(self, connection: AbstractConnection) -> Appended | None:
        """Read all answers that are due; returns the newest, or raises the first error when all are read.

        What met a server without the script is sent again, with what was early behind it. After another error
        that is for whoever catches it.
        """
        unanswered = self._held.unanswered
        newest = unanswered.settle(self._replies(connection))
        if newest is not None:
            self._held.life = newest.life
        try:
            while unanswered.entries:
                newest = self._exchange(connection, unanswered.entries[0])
                del unanswered.entries[0]
        except ResponseError:
            self._held.unanswered = Unanswered()
            raise
        return newest

    def _replies(self, connection: AbstractConnection) -> list[Any]:
        """All that are due; where the connection ends before, those that have come are noted."""
        replies: list[Any] = []
        try:
            for _ in self._held.unanswered.entries:
                replies.append(_reply(connection))  # noqa: PERF401 # what was read so far is kept
        except BaseException:
            self._held.unanswered.cut(replies)
            raise
        return replies

    def _send(self, connection: AbstractConnection, entry: Entry, behind: int = 0) -> None:
        """``behind``: the number of the entry before, if that has no answer yet."""
        if entry.delivery is Delivery.CUT:
            entry.in_doubt = True
        # It keeps its number when it is sent again: one that is in the journal is known by it, and those that
        # were sent after it have higher ones, and may have to be sent again, too.
        if not entry.number:
            self._held.number += 1
            entry.token, entry.number = self._held.name, self._held.number
        entry.behind, entry.life = behind, self._life()
        try:
            keys, args = entry.script_keys(), entry.script_args()
            # Packed in C: redis-py's own packing costs three times as much.
            command: Any = ("EVALSHA", APPEND.digest, len(keys), *keys, *args)
            packed = hiredis.pack_command(command)
        except Exception as error:
            entry.delivery = Delivery.REFUSED
            raise DataError(f"an event of task {entry.task_id} cannot be encoded") from error
        entry.delivery = Delivery.CUT  # from the first byte until there is an answer
        connection.send_packed_command([packed], check_health=False)

    def _follows(self, entry: Entry, before: Entry) -> bool:
        """Whether the script can see by its number that the entry comes behind the other.

        What is sent again keeps its number, and its name, which may be another thread's.
        """
        if not entry.number:
            return before.token == self._held.name
        return before.token == entry.token and before.number < entry.number

    def _life(self) -> str:
        """That of the server; '' where the script is to ask. A server is demoted and promoted, and stays."""
        held, now = self._held, time.monotonic()
        if held.life and now - held.asked < LIFE_HOLDS:
            return held.life
        held.asked = now
        return ""

    def _settle(self, connection: AbstractConnection, entry: Entry, reply: Any) -> Appended:
        """The answer of a reply; a server that does not know the script is sent it, with the entry."""
        if isinstance(reply, NoScriptError):
            keys, args = entry.script_keys(), entry.script_args()
            connection.send_command("EVAL", APPEND.text, len(keys), *keys, *args)
            reply = _reply(connection)
        appended = note(entry, reply)
        self._held.life = appended.life
        return appended


def _reply(connection: AbstractConnection) -> Any:
    """An answer, which may be an error. Raises those after which there are no more answers."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
