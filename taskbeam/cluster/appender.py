"""Append to the journals of a Redis Cluster from asyncio: each entry goes to the master of its slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.cluster.registrations import leave_queue
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.scripts import APPEND, LEAVE_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.cluster.exchange import ClusterExchange
    from taskbeam.journal.entry import Appended, Entry, Place
    from taskbeam.journal.resp_connection import Part

logger = logger_for(__name__)


class ClusterAppender(JournalAppender):
    """Appends entries: those of different journals at once, those of one journal one after the other."""

    def __init__(self, exchange: ClusterExchange) -> None:
        self._exchange = exchange

    async def _send(self, entries: Sequence[Entry]) -> list[Any]:
        return await self._send_by(("EVALSHA", APPEND.digest), entries)

    async def _send_script(self, entries: Sequence[Entry]) -> list[Any]:
        return await self._send_by(("EVAL", APPEND.text), entries)

    async def _send_by(self, script: tuple[Part, Part], entries: Sequence[Entry]) -> list[Any]:
        replies: list[Any] = [None] * len(entries)
        for places in _rounds(entries):
            answers = [self._sent(script, entries[place]) for place in places]
            done = await asyncio.gather(*answers, return_exceptions=True)
            for place, reply in zip(places, done, strict=True):
                replies[place] = _as_redis_py(reply)
        return replies

    async def _append_batch(self, entries: Sequence[Entry]) -> list[Appended]:
        appended = await super()._append_batch(entries)
        for answer in appended:
            if answer.place is not None and answer.place.leaves:
                self._leave(answer.place)
        return appended

    def _leave(self, place: Place) -> None:
        """Tell the queue, which has another slot, that a task is out of the line. Nobody waits for that."""
        script, (_, *rest) = LEAVE_QUEUE.text, leave_queue(place)[1:]
        self._exchange.ask(_note, "EVAL", script, *rest)

    def _sent(self, script: tuple[Part, Part], entry: Entry) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        keys = entry.script_keys()
        self._exchange.ask_once(
            lambda reply: settle(answer, reply), *script, len(keys), *keys, *entry.script_args()
        )
        return answer


def _rounds(entries: Sequence[Entry]) -> Iterator[list[int]]:
    """The places of the entries, so that no round has two of one journal."""
    left = list(range(len(entries)))
    while left:
        first: dict[str, int] = {}
        for place in left:
            first.setdefault(entries[place].keys.result, place)
        yield list(first.values())
        left = [place for place in left if place not in first.values()]


def _note(reply: Any) -> None:
    """Until a later task of the queue begins, those behind this one are told one too many."""
    if isinstance(reply, Exception):
        logger.warning("Cannot tell a queue that a task has left it: %s", reply)


def _as_redis_py(reply: Any) -> Any:
    """The class that redis-py has for a script which the server does not know."""
    if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
        return NoScriptError(str(reply))
    return reply
