"""Appending from asyncio, many entries in one round trip."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from taskbeam.journal.appender import BATCH
from taskbeam.journal.entry import Verdict
from tests.support.redis_cluster import one_server
from tests.support.results import reach_of

from .conftest import DB
from .monitoring import commands

if TYPE_CHECKING:
    from stack.valkey import Valkey

    from .journal import Journal


def append(valkey: Valkey, journal: Journal, count: int) -> list[Verdict]:
    async def append_all() -> list[Verdict]:
        async with reach_of(valkey.url(DB)) as reach:
            entries = [journal.entry("PROGRESS", "a", meta=b"") for _ in range(count)]
            return [appended.verdict for appended in await reach.appender.append_all(entries)]

    return asyncio.run(append_all())


@one_server("it counts the commands of one server")
def test_a_server_that_does_not_know_the_script_is_sent_it_once(valkey: Valkey, journal: Journal) -> None:
    count = 2 * BATCH + 1
    verdicts: list[Verdict] = []

    def append_to_stranger() -> None:
        journal.client.script_flush()
        verdicts.extend(append(valkey, journal, count))

    asked = commands(valkey, append_to_stranger)
    assert verdicts == [Verdict.APPENDED] * count
    assert asked.count("SCRIPT") == len(["FLUSH", "LOAD"])
    assert [record.id.seq for record in journal.records] == list(range(1, count + 1))


def test_another_error_is_raised(valkey: Valkey, journal: Journal) -> None:
    journal.client.set(journal.keys.head, "no hash")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        append(valkey, journal, 2)
