"""Append what was heard of a task to its journal, as a client may be told it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.entry import new_token
from taskbeam.journal.limits import DEFAULT_KEEP
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.scripts import HEAR
from taskbeam.stock.answers import Answer, Position, Verdict
from taskbeam.stock.entry import heard_args, sent_args
from taskbeam.stock.meta import UnreadableMetaError, read_meta
from taskbeam.stock.told import told_as_sent, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.failures import PublicErrors
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.limits import Limits
    from taskbeam.journal.resp_connection import Part
    from taskbeam.stock.outputs import Append
    from taskbeam.stock.told import Told

logger = logger_for(__name__)


class HeardJournals:
    """The journals of heard tasks, appended to over a connection that pipelines.

    Args:
        exchange: the connection.
        limits: how much is kept of a journal.
        public_errors: what a client is told of exceptions, by their class.
    """

    def __init__(self, exchange: Exchange, limits: Limits, public_errors: PublicErrors) -> None:
        self._exchange = exchange
        self._limits = limits
        self._public_errors = public_errors
        #: That of the server, as its last answer named it.
        self._life = ""

    @property
    def keep(self) -> int:
        """Seconds that a tombstone outlives its journal."""
        return DEFAULT_KEEP if self._limits.keep is None else self._limits.keep

    def server_changed(self) -> None:
        """The server may have begun another life."""
        self._life = ""

    def append(
        self, task_id: str, keys: TaskKeys, append: Append, then: Callable[[Answer | Exception | None], None]
    ) -> None:
        """``then`` gets the answer, one of redis-py's errors, or None where it can never be told."""
        ref = new_token()
        try:
            told = told_of(task_id, read_meta(append.stored), time.time(), ref, self._public_errors)
        except Exception as error:  # whatever it is, what comes next is heard
            known = isinstance(error, UnreadableMetaError)
            logger.warning(
                "Cannot report what Celery has stored of task %s: %s",
                task_id,
                error,
                exc_info=None if known else error,
                extra=about(task_id=task_id),
            )
            then(None)
            return
        args = heard_args(keys, told, append, self._limits, self._life)
        self._run(keys, args, partial(self._appended, task_id, told, ref, then))

    async def begin(self, task_id: str, keys: TaskKeys, name: str, labels: Mapping[str, str]) -> None:
        """Begin the journal of a task that this gateway sends; raises redis-py's errors."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        told = told_as_sent(task_id, name, time.time())
        self._run(keys, sent_args(keys, told, labels, self._limits, self._life), partial(settle, answer))
        await answer

    def _run(self, keys: TaskKeys, args: tuple[str, ...], then: Callable[[Any], None]) -> None:
        names = (keys.result, keys.head, keys.log, keys.tombstone)
        given: tuple[Part, ...] = (len(names), *names, *args)

        def answered(reply: Any) -> None:
            if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
                self._exchange.ask(then, "EVAL", HEAR.text, *given)
            else:
                then(reply)

        self._exchange.ask(answered, "EVALSHA", HEAR.digest, *given)

    def _appended(
        self,
        task_id: str,
        told: Told,
        ref: str,
        then: Callable[[Answer | Exception | None], None],
        reply: Any,
    ) -> None:
        if isinstance(reply, Exception):
            then(reply)
            return
        verdict, epoch, seq, _, _, life, *_ = reply
        self._life = life.decode()
        answer = Answer(Verdict(verdict.decode()), Position(epoch.decode(), int(seq)))
        if answer.verdict is Verdict.APPENDED and told.failure is not None:
            logger.warning(
                "Task %s: reported %s (%s), ref %s; its traceback is in its worker's log",
                task_id,
                told.state,
                told.failure.code,
                ref,
                extra=about(task_id=task_id, ref=ref),
            )
        then(answer)
