"""Who waits for a task that is revoked is ended with it, also where others cannot be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from taskbeam.gateway.dashboard.journals import JournalRows
from taskbeam.gateway.jobs.revoking import Revoker
from taskbeam.journal.entry import Appended, Verdict
from taskbeam.journal.events import EventId
from taskbeam.journal.failures import PURGED
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.entry import Entry

NAMES = JournalNames(CELERY_PREFIX, TaskKeys)
AWAY = RedisConnectionError("this server is away")


class Backend:
    """Has keys, and stores nothing."""

    keys = staticmethod(NAMES.task)

    def exception_meta(self, *_: Any) -> str:
        return "{}"


class Appender:
    """Ends each task once; ``next`` waits for ``first``. One server is away, which has ``unreached``."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def append_each(self, entries: Sequence[Entry]) -> list[Appended | Exception]:
        return [self._append(entry.task_id) for entry in entries]

    def _append(self, task_id: str) -> Appended | Exception:
        if task_id == "unreached":
            return AWAY
        if task_id in self.ended:
            return Appended(Verdict.REFUSED, EventId(1, 2))
        self.ended.append(task_id)
        return Appended(Verdict.APPENDED, EventId(1, 2), dependents=("next",) if task_id == "first" else ())


def revoked(appender: Appender, *ids: str) -> set[str]:
    parts: Any = (Backend(), appender)
    return asyncio.run(Revoker(*parts).revoke_all(ids, PURGED))


def test_what_could_be_ended_is_with_who_waits_before_the_error_is_raised() -> None:
    appender = Appender()
    with pytest.raises(RedisConnectionError, match="this server is away"):
        revoked(appender, "unreached", "first", "other")
    assert appender.ended == ["first", "other", "next"]


def test_a_task_with_two_messages_is_ended_once() -> None:
    appender = Appender()
    assert revoked(appender, "first", "first") == {"first"}
    assert appender.ended == ["first", "next"]


class Heads:
    """A client that answers with these, whatever it is asked."""

    def __init__(self, *heads: Any) -> None:
        self._heads = list(heads)

    def pipeline(self, **_: Any) -> Heads:
        return self

    def hmget(self, *_: str) -> None:
        """It is known what comes."""

    async def execute(self, **_: Any) -> list[Any]:
        return self._heads


def waiting(*heads: Any) -> list[str]:
    client: Any = Heads(*heads)
    rows = JournalRows(client, NAMES, "the dashboard")
    return asyncio.run(rows.waiting_in_vain([str(number) for number in range(len(heads))]))


def test_whoever_waits_for_an_end_without_success_waits_in_vain() -> None:
    heads = (
        [b"1", b"REVOKED", b"a%25\nb"],
        [b"1", b"SUCCESS", b"has its turn"],
        [None, b"STARTED", b"may have its turn"],
        [b"1", b"FAILURE", None],
        [None, None, None],
        ResponseError("WRONGTYPE"),
    )
    assert waiting(*heads) == ["a%", "b"]
    with pytest.raises(RedisConnectionError):
        waiting(*heads, AWAY)
