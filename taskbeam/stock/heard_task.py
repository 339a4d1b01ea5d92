"""One task that this gateway hears: does what the rules of placing.py ask for, and gives them the answers."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.scripts import LOOK
from taskbeam.stock.answers import Look, Position
from taskbeam.stock.marks import marks_in
from taskbeam.stock.outputs import Append, LookAt
from taskbeam.stock.placing import Placing

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.stock.answers import Answer
    from taskbeam.stock.heard_journals import HeardJournals
    from taskbeam.stock.hearing import HearingConnection
    from taskbeam.stock.outputs import Output

logger = logger_for(__name__)

#: Seconds after which Redis is asked again for what it did not do.
AGAIN = 0.2


class HeardTask:
    """From when somebody asks for the task until it is let go.

    Args:
        task_id: the task's id.
        keys: its keys.
        journals: what is heard is appended there.
    """

    __slots__ = (
        "_connection",
        "_failing",
        "_journals",
        "_keys",
        "_placing",
        "_waiting",
        "followed",
        "let_go",
        "task_id",
    )

    def __init__(self, task_id: str, keys: TaskKeys, journals: HeardJournals) -> None:
        self.task_id = task_id
        #: Whether somebody follows it now.
        self.followed = False
        #: Whether it is heard no more.
        self.let_go = False
        self._keys = keys
        self._journals = journals
        self._placing = Placing()
        self._connection: HearingConnection | None = None
        self._waiting: list[Callable[[], None]] = []
        self._failing = False

    @property
    def channel(self) -> str:
        """Where Celery publishes what it stores."""
        return self._keys.result

    def when_settled(self, then: Callable[[], None]) -> None:
        """Call ``then``, often at once, when the journal has what Celery has stored by now."""
        if self._placing.settled and self._connection is not None:
            then()
        else:
            self._waiting.append(then)

    # The connection.

    def hear(self, connection: HearingConnection) -> None:
        """Hear it over this connection from now on."""
        self._connection = connection
        connection.subscribe(self._keys.result, self._keys.hearers)
        self._carry_out(self._placing.subscribed())

    def lost(self) -> None:
        """The connection is lost."""
        self._connection = None
        self._placing.lost()

    def leave(self) -> None:
        """Hear it no more."""
        self.let_go = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.unsubscribe(self._keys.result, self._keys.hearers)

    # What happens.

    def open(self) -> None:
        """Somebody begins to read: look at a task that nobody follows. What is forgotten, nobody is told."""
        if self._connection is not None and not self.followed:
            self._carry_out(self._placing.opened())

    def published(self, payload: bytes) -> None:
        """Celery has published what it stores."""
        self._carry_out(self._placing.heard(payload))

    # What the rules ask for.

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case LookAt(0.0):
                    self._look()
                case LookAt(pause):
                    asyncio.get_running_loop().call_later(pause, self._look)
                case Append():
                    self._append(output)
                case _:
                    waiting, self._waiting = self._waiting, []
                    for then in waiting:
                        then()

    def _look(self) -> None:
        if self._connection is None:
            return  # it is looked at when there is a connection
        keys = self._keys
        names = (keys.result, keys.head, keys.log, keys.tombstone, keys.output)
        self._connection.run(LOOK, names, self._looked, keys.hearers, self._journals.keep)

    def _looked(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            self._again(reply, self._look)
            return
        value, others, epoch, seq, heard, ours = reply
        look = Look(value, others, Position(epoch.decode(), seq), marks_in(heard.decode()), ours == 1)
        self._carry_out(self._placing.looked(look))

    def _append(self, append: Append) -> None:
        self._journals.append(self.task_id, self._keys, append, partial(self._appended, append))

    def _appended(self, append: Append, answer: Answer | Exception | None) -> None:
        if self.let_go:
            return
        if isinstance(answer, Exception):
            # The same again changes nothing where it was appended.
            self._again(answer, partial(self._append, append))
            return
        self._failing = False
        if answer is None:
            outputs = self._placing.untellable(append)
        else:
            outputs = self._placing.appended(append, *answer)
        self._carry_out(outputs)

    def _again(self, error: Exception, act: Callable[[], None]) -> None:
        """Redis did not do it; that is said once."""
        if not self._failing:
            self._failing = True
            logger.warning(
                "Task %s: cannot hear it for now, trying again: %s",
                self.task_id,
                error,
                extra=about(task_id=self.task_id),
            )
        asyncio.get_running_loop().call_later(AGAIN, act)
