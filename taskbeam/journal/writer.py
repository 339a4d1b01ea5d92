"""Append to a journal from a worker or a sender: one held connection per thread, one round trip."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from taskbeam.journal.entry import Appended, Entry
from taskbeam.journal.scripts import APPEND

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection


class JournalWriter:
    """Appends entries over a connection that it keeps, one per thread and process.

    A connection of its own spares redis-py's pool and retry layers, which cost more than the round
    trip's own CPU. ``connect`` makes an unconnected redis-py connection; its socket timeout is the
    deadline of one append, in seconds. An append that failed may be repeated with the same entry:
    its token keeps it from being written twice.
    """

    def __init__(self, connect: Callable[[], AbstractConnection]) -> None:
        self._connect = connect
        self._held = threading.local()

    def append(self, entry: Entry) -> Appended:
        """Append once; raises redis-py's errors, and then holds no connection."""
        connection = self._connection()
        try:
            return Appended.from_reply(self._call(connection, entry))
        except BaseException:
            # Whatever broke the exchange (an interrupting signal too), a reply may still be on its way.
            self.close()
            raise

    def close(self) -> None:
        """Drop this thread's connection."""
        connection = self._held.__dict__.pop("connection", None)
        if connection is not None:
            connection.disconnect()

    def _connection(self) -> AbstractConnection:
        held = self._held.__dict__
        connection: AbstractConnection | None = held.get("connection")
        # After a fork the socket is the parent's.
        if connection is None or held["pid"] != os.getpid():
            connection = self._connect()
            connection.connect()  # sending connects too, but then Sentinel is not asked for the master
            held["connection"], held["pid"] = connection, os.getpid()
        return connection

    @staticmethod
    def _call(connection: AbstractConnection, entry: Entry) -> Any:
        keys, args = entry.script_keys(), entry.script_args()
        connection.send_command("EVALSHA", APPEND.digest, len(keys), *keys, *args)
        try:
            return connection.read_response()
        except NoScriptError:
            connection.send_command("EVAL", APPEND.text, len(keys), *keys, *args)
            return connection.read_response()
