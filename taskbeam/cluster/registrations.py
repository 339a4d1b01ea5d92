"""Which runs a worker has begun and not ended: on a cluster they are kept in another slot than the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.entry import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.journal.entry import Entry

    Command = tuple[str, ...]

logger = logger_for(__name__)

#: Commands that may be unanswered: their answers are read together.
MAX_UNANSWERED = 16

#: Strikes a run off, unless another run of the task has been registered since. A row that is '' is any run's.
_STRIKE = """
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row and (ARGV[2] == '' or row == ARGV[2]) then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
"""


class Registrations:
    """Those of one thread, over a connection that is its own.

    A row is sent before the event that begins its run, and struck off after the one that ends it. So a worker
    that dies in between leaves a row of a run that is over, which the watchdog finds to be so, and never a
    run without a row. Nobody waits for an answer. What cannot be written is logged, and costs no event.
    """

    def __init__(self, connect: Callable[[], AbstractConnection]) -> None:
        """``connect`` makes an unconnected connection to whoever has the control slot."""
        self._connect = connect
        self._connection: AbstractConnection | None = None
        self._unanswered: list[Command] = []
        self._run = ""
        self._failing = False

    def before(self, entry: Entry) -> None:
        """An entry is about to be sent; if its run is new here, it is registered."""
        if entry.registration is None or not entry.registration.row or entry.run == self._run:
            return
        if entry.final or entry.ends_run:  # it may be told late, by a thread that knows nothing of the run
            return
        self._run = entry.run
        self._send("HSET", entry.registration.runs_key, entry.keys.result, entry.registration.row)

    def after(self, entry: Entry, verdict: Verdict) -> None:
        """An entry was answered; if its run is over, or is not to be, that is struck off."""
        over = entry.final or entry.ends_run or verdict in (Verdict.REFUSED, Verdict.REVOKED)
        if entry.registration is None or not over:
            return
        self._run = ""
        row = entry.registration.row
        self._send("EVAL", _STRIKE, "1", entry.registration.runs_key, entry.keys.result, row)

    def settle(self) -> None:
        """Read all answers that are due."""
        try:
            self._read()
        except REDIS_AWAY:
            self._again()

    def close(self) -> None:
        """Settle, and drop the connection."""
        if self._connection is not None:
            self.settle()
            self._disconnect()

    def _send(self, *command: str) -> None:
        self._unanswered.append(command)
        try:
            if len(self._unanswered) > MAX_UNANSWERED:
                self._read(keep=1)
            self._connected().send_command(*command)
        except REDIS_AWAY:
            self._again()

    def _again(self) -> None:
        """Once more over another connection: the slot has moved, or its master is another one."""
        self._disconnect()
        try:
            for command in self._unanswered:
                self._connected().send_command(*command)
            self._read()
        except REDIS_AWAY as error:
            self._disconnect()
            self._unanswered = []
            if not self._failing:
                logger.warning(
                    "Cannot register this worker's runs: should it die, they are not reported as lost: %s",
                    error,
                )
            self._failing = True
        else:
            self._failing = False

    def _read(self, keep: int = 0) -> None:
        """``keep``: how many of the last commands were not sent yet."""
        connection, refused = self._connection, None
        if connection is None:
            return
        due = len(self._unanswered) - keep
        for _ in range(due):
            try:
                connection.read_response()
            except ResponseError as error:
                refused = error
        if refused is not None:
            raise refused
        del self._unanswered[:due]

    def _connected(self) -> AbstractConnection:
        if self._connection is None:
            connection = self._connect()
            connection.connect()
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
