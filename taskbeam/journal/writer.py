"""Append to a journal from a worker or a sender: one held connection per thread, one round trip."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import hiredis
from redis.exceptions import ConnectionError, NoScriptError  # noqa: A004

from taskbeam.journal.entry import Appended, Entry
from taskbeam.journal.scripts import APPEND

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection


#: Entries that may be unanswered, and for how many seconds. Answers that wait are read together.
MAX_UNANSWERED = 16
ANSWER_DUE = 0.01


class _Held(threading.local):
    """A thread's connection, the process that opened it, and the entries whose answers are still to come."""

    def __init__(self) -> None:
        self.connection: AbstractConnection | None = None
        self.pid = 0
        self.unanswered: list[Entry] = []
        self.since = 0.0


class JournalWriter:
    """Appends entries over a connection that it keeps, one per thread and process.

    A connection of its own spares redis-py's pool and retry layers, which cost more than the round
    trip's own CPU. ``connect`` makes an unconnected redis-py connection; its socket timeout is the
    deadline of one append, in seconds. An append that failed may be repeated with the same entry:
    its token keeps it from being written twice.
    """

    def __init__(self, connect: Callable[[], AbstractConnection]) -> None:
        self._connect = connect
        self._held = _Held()

    def append(self, entry: Entry) -> Appended:
        """Append and wait for the answer; raises redis-py's errors, and then holds no connection."""
        fresh = self._held.connection is None
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

    def post(self, entry: Entry) -> Appended | None:
        """Send, and leave the answer for a later call: a task that reports does not wait for Redis.

        Returns the newest answer to an entry that was posted before, if one was due; its errors are raised
        here, too. Later entries of this thread are appended after this one.
        """
        held = self._held
        if held.connection is None or held.pid != os.getpid():
            return self.append(entry)
        try:
            connection, before = held.connection, None
            now = time.monotonic()
            if len(held.unanswered) >= MAX_UNANSWERED or now - held.since > ANSWER_DUE:
                before = self._collect(connection)
            self._send(connection, entry)
            if not held.unanswered:
                held.since = now
            held.unanswered.append(entry)
        except ConnectionError:
            return self._again(entry)
        except BaseException:
            self.close()
            raise
        return before

    def close(self) -> None:
        """Drop this thread's connection."""
        connection, self._held.connection = self._held.connection, None
        self._held.unanswered = []
        if connection is not None:
            connection.disconnect()

    def _connection(self) -> AbstractConnection:
        held = self._held
        # After a fork the socket is the parent's.
        if held.connection is None or held.pid != os.getpid():
            connection = self._connect()
            connection.connect()  # sending connects too, but then Sentinel is not asked for the master
            held.connection, held.pid, held.unanswered = connection, os.getpid(), []
        return held.connection

    def _again(self, entry: Entry) -> Appended:
        """The other side closed a connection that was idle: once more, with all that it left unanswered."""
        entries = [*self._held.unanswered, entry]
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
        """Read all answers that are due; returns the newest."""
        unanswered = self._held.unanswered
        replies = [_reply(connection) for _ in unanswered]
        answers = [self._settle(connection, *pair) for pair in zip(unanswered, replies, strict=True)]
        self._held.unanswered = []
        return answers[-1] if answers else None

    @staticmethod
    def _send(connection: AbstractConnection, entry: Entry) -> None:
        keys, args = entry.script_keys(), entry.script_args()
        # Packed in C: redis-py's own packing costs three times as much.
        command: Any = ("EVALSHA", APPEND.digest, len(keys), *keys, *args)
        connection.send_packed_command([hiredis.pack_command(command)], check_health=False)

    @staticmethod
    def _settle(connection: AbstractConnection, entry: Entry, reply: Any) -> Appended:
        """The answer of a reply; a server that does not know the script is sent it, with the entry."""
        if isinstance(reply, NoScriptError):
            keys, args = entry.script_keys(), entry.script_args()
            connection.send_command("EVAL", APPEND.text, len(keys), *keys, *args)
            reply = connection.read_response()
        return Appended.from_reply(reply, entry.run)


def _reply(connection: AbstractConnection) -> Any:
    try:
        return connection.read_response()
    except NoScriptError as error:
        return error
