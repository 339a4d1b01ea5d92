"""One thread's connection to one server: entries out, and what the server says of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import hiredis
from redis.exceptions import DataError, NoScriptError, ResponseError

from taskbeam.journal.entry import Appended, Delivery, Entry, new_token
from taskbeam.journal.feeds.owed import text_of
from taskbeam.journal.scripts import append_script
from taskbeam.journal.unanswered import Unanswered, note, unknown_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.connection import AbstractConnection

    from taskbeam.journal.scripts import Script

#: Seconds for which a connection's server is taken to live on. The script knows the life before the last.
LIFE_HOLDS = 5.0


class Numbers:
    """A thread as a writer: a name of its own, and the numbers that it gives its entries.

    An entry keeps its number when it is sent again: one that is in the journal is known by it, and those that
    were sent after it have higher ones, and may have to be sent again, too.
    """

    __slots__ = ("_last", "name")

    def __init__(self) -> None:
        self.name = new_token()
        self._last = 0

    def give(self, entry: Entry) -> None:
        """Number the entry, unless it has been sent before."""
        if not entry.number:
            self._last += 1
            entry.token, entry.number = self.name, self._last

    def follows(self, entry: Entry, before: Entry) -> bool:
        """Whether the script can see by its number that the entry comes behind the other.

        What is sent again keeps its number, and its name, which may be another thread's.
        """
        if not entry.number:
            return before.token == self.name
        return before.token == entry.token and before.number < entry.number


class Line:
    """A connection that is connected already, and the entries that are unanswered over it.

    A script that the server does not know is sent to it, once.
    """

    __slots__ = ("_asked", "_connection", "_life", "_numbers", "unanswered")

    def __init__(self, connection: AbstractConnection, numbers: Numbers) -> None:
        self._connection = connection
        self._numbers = numbers
        # The life of the server, and when the script was to ask for it; it need not again for a while.
        self._life, self._asked = "", 0.0
        self.unanswered = Unanswered()

    def send(self, entry: Entry, behind: int = 0) -> None:
        """Send an entry; ``behind``: the number of the entry before, if that has no answer yet.

        Raises redis-py's errors, `DataError` among them for what cannot be encoded.
        """
        if entry.delivery is Delivery.CUT:
            entry.in_doubt = True
        self._numbers.give(entry)
        entry.behind, entry.life = behind, self._known_life()
        try:
            keys, args = entry.script_keys(), entry.script_args()
            # Packed in C: redis-py's own packing costs three times as much.
            command: Any = ("EVALSHA", append_script(entry.keys).digest, len(keys), *keys, *args)
            packed = hiredis.pack_command(command)
        except Exception as error:
            entry.delivery = Delivery.REFUSED
            raise DataError(f"an event of task {entry.task_id} cannot be encoded") from error
        entry.delivery = Delivery.CUT  # from the first byte until there is an answer
        self._connection.send_packed_command([packed], check_health=False)

    def exchange(self, entry: Entry, *, asking: bool = False) -> Appended:
        """Send an entry, and wait for the answer. Nothing else may be unanswered that was not read.

        ``asking``: to a server of a cluster to which the entry's slot is just moving.
        """
        self._ask(asking)
        self.send(entry)
        reply = self._reply()
        if isinstance(reply, NoScriptError):
            self._ask(asking)
            keys, args = entry.script_keys(), entry.script_args()
            script = append_script(entry.keys)
            self._connection.send_command("EVAL", script.text, len(keys), *keys, *args)
            reply = self._reply()
        appended = note(entry, reply)
        self._life = appended.life
        return appended

    def settle(self, comes_again: Callable[[ResponseError], bool] = unknown_script) -> Appended | None:
        """Read all answers that are due. Returns the newest, or raises the first error when all are read.

        What is to be sent again stays in ``unanswered``, in order: what was early, and what met a refusal of
        which ``comes_again`` says so.
        """
        newest = self.unanswered.settle(self._replies(), comes_again)
        if newest is not None:
            self._life = newest.life
        return newest

    def run(
        self,
        script: Script,
        keys: Sequence[str],
        args: Sequence[str | bytes | int],
        *,
        asking: bool = False,
        takes_life: bool = False,
    ) -> Any:
        """What another script answers; raises redis-py's errors. ``asking`` as in `exchange`.

        ``takes_life``: as a `taskbeam.journal.feeds.telling.Call` has it.
        """
        if takes_life:
            args = (*args, self._known_life())
        self._ask(asking)
        self._connection.send_command("EVALSHA", script.digest, len(keys), *keys, *args)
        reply = self._reply()
        if isinstance(reply, NoScriptError):
            self._ask(asking)
            self._connection.send_command("EVAL", script.text, len(keys), *keys, *args)
            reply = self._reply()
        if isinstance(reply, Exception):
            raise reply
        if takes_life and reply[0]:
            self._life = text_of(reply[0])
        return reply

    def close(self) -> None:
        """Drop the connection; what has no answer may be in the journal."""
        self.unanswered.cut()
        self._connection.disconnect()

    def _ask(self, asking: bool) -> None:
        """The next command, and no other, is taken although the slot is not the server's yet."""
        if asking:
            self._connection.send_command("ASKING")
            self._connection.read_response()

    def _replies(self) -> list[Any]:
        """All that are due; where the connection ends before, those that have come are noted."""
        replies: list[Any] = []
        try:
            for _ in self.unanswered.entries:
                replies.append(self._reply())  # noqa: PERF401 # what was read so far is kept
        except BaseException:
            self.unanswered.cut(replies)
            raise
        return replies

    def _reply(self) -> Any:
        """An answer, which may be an error. Raises those after which there are no more answers."""
        try:
            return self._connection.read_response()
        except ResponseError as error:
            return error

    def _known_life(self) -> str:
        """That of the server; '' where the script is to ask. A server is demoted and promoted, and stays."""
        now = time.monotonic()
        if self._life and now - self._asked < LIFE_HOLDS:
            return self._life
        # Until an answer names it, there is none: not every script has looked at it, and some are refused.
        self._life, self._asked = "", now
        return ""
