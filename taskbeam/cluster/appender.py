"""Append to the journals of a Redis Cluster from asyncio: each entry goes to the master of its slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, ResponseError

from taskbeam.background.logger import logger_for
from taskbeam.cluster.async_feed_teller import AsyncFeedTeller
from taskbeam.cluster.control_commands import end_due, leave_queue, tell_news
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.entry import Appended
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.scripts import CLUSTER_APPEND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.cluster.control_commands import Command
    from taskbeam.cluster.exchange import ClusterExchange
    from taskbeam.journal.entry import Entry
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.resp_connection import Part

logger = logger_for(__name__)


class ClusterAppender(JournalAppender):
    """Appends entries: those of different journals at once, those of one journal one after the other."""

    def __init__(self, exchange: ClusterExchange) -> None:
        self._exchange = exchange
        self._feeds = AsyncFeedTeller(exchange)

    async def append_each(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        # Servers answer side by side: one that is away is waited for once.
        return await self._append_batch(entries)

    async def forget(self, keys: TaskKeys) -> None:
        await self._exchange.execute(("DEL", keys.head, keys.log, keys.tombstone))

    async def aclose(self) -> None:
        await self._feeds.aclose()

    async def _send(self, entries: Sequence[Entry]) -> list[Any]:
        return await self._send_by(("EVALSHA", CLUSTER_APPEND.digest), entries)

    async def _send_script(self, entries: Sequence[Entry]) -> list[Any]:
        return await self._send_by(("EVAL", CLUSTER_APPEND.text), entries)

    async def _send_by(self, script: tuple[Part, Part], entries: Sequence[Entry]) -> list[Any]:
        replies: list[Any] = [None] * len(entries)
        for places in _rounds(entries):
            answers = [self._sent(script, entries[place]) for place in places]
            done = await asyncio.gather(*answers, return_exceptions=True)
            for place, reply in zip(places, done, strict=True):
                replies[place] = _as_redis_py(reply)
        return replies

    async def _append_batch(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        answers = await super()._append_batch(entries)
        told = [
            (entry, answer)
            for entry, answer in zip(entries, answers, strict=True)
            if isinstance(answer, Appended)
        ]
        for entry, answer in told:
            # Queues and news have another slot. Nobody waits for that.
            if answer.place is not None and answer.place.leaves:
                self._tell(leave_queue(answer.place, entry.keys.result))
            if entry.final or answer.due is not None:
                self._tell(tell_news(entry.keys.result, end_due(entry, answer)))
        owed = [(entry.keys, answer.owed) for entry, answer in told if answer.owed]
        # All at once: a master that is away is waited for once, and not for each task.
        await asyncio.gather(*(self._feeds.tell(*each) for each in owed))
        return answers

    def _tell(self, command: Command) -> None:
        self._exchange.ask(_note, "EVAL", command.script.text, *command.given)

    def _sent(self, script: tuple[Part, Part], entry: Entry) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        keys = entry.script_keys()
        # An entry that was appended already is not appended again.
        self._exchange.ask(
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
        taken = set(first.values())
        yield list(first.values())
        left = [place for place in left if place not in taken]


def _note(reply: Any) -> None:
    """Until a later task of the queue begins, those behind this one are told one too many."""
    if isinstance(reply, Exception):
        logger.warning("Cannot update queues, dashboard or notifications for a task: %s", reply)


def _as_redis_py(reply: Any) -> Any:
    """The class that redis-py has for a script which the server does not know."""
    if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
        return NoScriptError(str(reply))
    return reply
