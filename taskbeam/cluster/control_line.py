"""A worker thread's connection to the slot of what belongs to no task: what is told there costs no event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import hiredis
from redis.exceptions import NoScriptError, ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY, refuses_for_good
from taskbeam.journal.scripts import BEGIN_RUN, END_RUN, LEAVE_QUEUE, TAKE_TICKET, TELL_NEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    Command = tuple[str | bytes | int, ...]

logger = logger_for(__name__)

#: Commands that may be unanswered: their answers are read together.
MAX_UNANSWERED = 16

#: Commands that a thread keeps while the slot's master is away; the oldest go first.
MOST_KEPT = 256

#: Seconds for which no thread of the process tries again where the slot's master is away.
PAUSE = 5.0

_SCRIPTS = (TAKE_TICKET, LEAVE_QUEUE, BEGIN_RUN, END_RUN, TELL_NEWS)


class Silence:
    """Whether the slot's master is away, for all threads of a process: one tries now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")
        self._told = False

    @property
    def holds(self) -> bool:
        """Whether nothing is to be tried now."""
        return self._clock() < self._until

    def begins(self, error: Exception) -> None:
        """A try was in vain; the log says so once."""
        self._until = self._clock() + PAUSE
        self.note(error)

    def note(self, error: Exception) -> None:
        """Something cannot be written, now or ever; the log says so once until the next outage is over."""
        if not self._told:
            logger.warning(
                "Cannot register this worker's runs, nor places in queues: should it die, runs may not be "
                "reported as lost: %s",
                error,
            )
        self._told = True

    def ends(self) -> None:
        """The master has taken all."""
        self._until, self._told = float("-inf"), False


class ControlLine:
    """Posts commands in their order, and repeats after a lost connection those that have no answer.

    They are such as may be repeated. Nobody waits for an answer, but whoever asks. While the slot's master is
    away, what is posted is kept. What it will never take is logged, and dropped.
    """

    def __init__(self, connect: Callable[[], AbstractConnection], silence: Silence) -> None:
        """``connect`` makes an unconnected connection to whoever has the control slot."""
        self._connect = connect
        self._silence = silence
        self._connection: AbstractConnection | None = None
        # What is not known to be done, oldest first, and how much of it is under way.
        self._open: list[Command] = []
        self._sent = 0

    def post(self, *commands: Command) -> None:
        """Send, and leave the answers for a later call."""
        self._open += commands
        if self._silence.holds:
            del self._open[:-MOST_KEPT]
            return
        try:
            if self._sent >= MAX_UNANSWERED:
                self._receive()
            self._send()
        except REDIS_AWAY:
            self._again()

    def ask(self, *command: str | bytes | int) -> Any:
        """The answer to a command, after what was posted; None where there is none in time."""
        if self._silence.holds:
            return None
        self._open.append(command)
        return self.settle()

    def settle(self) -> Any:
        """Read all answers that are due. Returns the newest; None where there is none."""
        if not self._open or self._silence.holds:
            return None
        try:
            self._send()
            return self._receive()
        except REDIS_AWAY:
            return self._again()

    def catch_up(self) -> None:
        """Send what was kept while the slot's master was away, if it may be back."""
        if self._open and not self._sent and not self._silence.holds:
            self._again()

    def close(self) -> None:
        """Settle, and drop the connection."""
        if self._connection is not None:
            self.settle()
            self._disconnect()

    def _again(self) -> Any:
        """Once more over another connection: the slot has moved, or its master is another one."""
        self._disconnect()
        try:
            connection = self._connected()
            for script in _SCRIPTS:
                connection.send_command("SCRIPT", "LOAD", script.text)
                connection.read_response()
            self._send()
            newest = self._receive()
        except REDIS_AWAY as error:
            self._disconnect()
            self._silence.begins(error)
            return None
        self._silence.ends()
        return newest

    def _send(self) -> None:
        packed = [hiredis.pack_command(cast("Any", command)) for command in self._open[self._sent :]]
        if packed:
            self._connected().send_packed_command([b"".join(packed)], check_health=False)
            self._sent = len(self._open)

    def _receive(self) -> Any:
        """The newest answer, when all are read. Raises a refusal that passes; what that has hit stays."""
        connection, newest, passing = self._connected(), None, None
        again: list[Command] = []
        try:
            while self._sent:
                try:
                    newest = connection.read_response()
                except ResponseError as error:
                    newest = None
                    if isinstance(error, NoScriptError) or not refuses_for_good(error):
                        passing = error
                        again.append(self._open[0])
                    else:
                        self._silence.note(error)
                del self._open[0]
                self._sent -= 1
        finally:
            self._open[:0] = again
        if passing is not None:
            raise passing
        return newest

    def _connected(self) -> AbstractConnection:
        if self._connection is None:
            connection = self._connect()
            connection.connect()
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        self._sent = 0
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
