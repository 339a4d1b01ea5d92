"""Append to the journals of a Redis Cluster from asyncio: each entry goes to the master of its slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, ResponseError

from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.pipelined_connection import settle
from taskbeam.journal.scripts import APPEND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.cluster.exchange import ClusterExchange
    from taskbeam.journal.entry import Entry
    from taskbeam.journal.resp_connection import Part


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


def _as_redis_py(reply: Any) -> Any:
    """The class that redis-py has for a script which the server does not know."""
    if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
        return NoScriptError(str(reply))
    return reply
