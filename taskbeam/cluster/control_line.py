"""A worker thread's connection to the slot of what belongs to no task: what is told there costs no event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import hiredis
from redis.exceptions import NoScriptError, ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.cluster.control_commands import SCRIPTS, shortened
from taskbeam.journal.away import REDIS_AWAY, refuses_for_good
from taskbeam.journal.scripts import SAID_AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.cluster.control_commands import Command

logger = logger_for(__name__)

#: Commands that may be unanswered: their answers are read together.
MAX_UNANSWERED = 16

#: Seconds after which answers are read before more is sent. An idle connection may be lost, and what has no
#: answer is said again then: while the server still knows that it was said.
ANSWERS_DUE = SAID_AGAIN / 2

#: Commands that a thread keeps while the slot's master is away.
MOST_KEPT = 256

#: Seconds for which no thread of the process tries again where the slot's master is away.
PAUSE = 5.0


class Silence:
    """Whether the slot's master is away, for all threads of a process: one tries now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")
        self._told = False
        self.lost = 0

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

    def lose(self, commands: int) -> None:
        """There was no room for so many commands; the log says so at once, and later how many they were."""
        if commands and not self.lost:
            logger.warning(
                "Too many changes of runs and queue places wait for Redis: dropping the oldest. Ended runs "
                "may show as running until their worker notices"
            )
        self.lost += commands

    def ends(self) -> None:
        """The master has taken all that was kept."""
        self._until, self._told, lost, self.lost = float("-inf"), False, self.lost, 0
        if lost:
            logger.warning("Runs and places in queues can be registered again; %d changes were lost", lost)


class ControlLine:
    """Posts commands in their order, and repeats after a lost connection those that have no answer.

    They are such as may be repeated, also behind later ones. Nobody waits for an answer, but whoever asks.
    While the slot's master is away, what is posted is kept. What it will never take is logged, and dropped.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractConnection],
        silence: Silence,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``connect`` makes an unconnected connection to whoever has the control slot; ``clock`` is in s."""
        self._connect = connect
        self._silence = silence
        self._clock = clock
        self._connection: AbstractConnection | None = None
        # What is not known to be done, oldest first; how much of it is under way, and since when.
        self._open: list[Command] = []
        self._sent, self._since = 0, 0.0
        # What somebody waits for, and what was answered.
        self._asked: Command | None = None
        self._answer: Any = None

    def post(self, *commands: Command) -> None:
        """Send, and leave the answers for a later call."""
        self._open += commands
        if self._silence.holds:
            self._make_room()
            return
        try:
            self._send()
        except REDIS_AWAY:
            self._again()

    def ask(self, command: Command) -> Any:
        """The answer to a command, after what was posted; None where there is none in time."""
        if self._silence.holds:
            return None
        self._asked, self._answer = command, None
        self._open.append(command)
        self.settle()
        if command in self._open:  # nobody waits for it later
            self._open.remove(command)
        self._asked = None
        return self._answer

    def settle(self) -> None:
        """Read all answers that are due."""
        if not self._open or self._silence.holds:
            return
        try:
            self._send()
            self._receive()
        except REDIS_AWAY:
            self._again()

    def catch_up(self) -> None:
        """Send what was kept while the slot's master was away, if it may be back."""
        if self._open and not self._sent and not self._silence.holds:
            self._again()

    def close(self) -> None:
        """Settle, and drop the connection."""
        if self._connection is not None:
            self.settle()
            self._disconnect()

    def _make_room(self) -> None:
        """Of what is under way the answers are still due."""
        waits = self._open[self._sent :]
        if len(waits) > MOST_KEPT:
            self._open[self._sent :], lost = shortened(waits, MOST_KEPT)
            self._silence.lose(lost)

    def _again(self) -> None:
        """Once more over another connection: the slot has moved, or its master is another one."""
        self._disconnect()
        try:
            connection = self._connected()
            for script in SCRIPTS:
                connection.send_command("SCRIPT", "LOAD", script.text)
                connection.read_response()
            self._send()
            self._receive()
        except REDIS_AWAY as error:
            self._disconnect()
            self._silence.begins(error)
        else:
            self._silence.ends()

    def _send(self) -> None:
        now = self._clock()
        if self._sent >= MAX_UNANSWERED or (self._sent and now - self._since >= ANSWERS_DUE):
            self._receive()
        if not self._sent:
            self._since = now
        packed = [hiredis.pack_command(cast("Any", command.words)) for command in self._open[self._sent :]]
        if packed:
            self._connected().send_packed_command([b"".join(packed)], check_health=False)
            self._sent = len(self._open)

    def _receive(self) -> None:
        """Read all answers. Raises a refusal that passes; what that has hit stays."""
        connection, passing = self._connected(), None
        again: list[Command] = []
        try:
            while self._sent:
                command = self._open[0]
                try:
                    reply = connection.read_response()
                    if command is self._asked:
                        self._answer = reply
                except ResponseError as error:
                    if isinstance(error, NoScriptError) or not refuses_for_good(error):
                        passing = error
                        again.append(command)
                    else:
                        self._silence.note(error)
                del self._open[0]
                self._sent -= 1
        finally:
            self._open[:0] = again
        if passing is not None:
            raise passing

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
