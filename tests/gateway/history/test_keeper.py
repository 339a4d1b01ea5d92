"""Whoever keeps the history loses no row: while the database is away, by dying, or beside another."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DataError, OperationalError

from stack.valkey import Valkey
from taskbeam.background.tasks import BackgroundTasks
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.dashboard.task_index import TaskIndex
from taskbeam.gateway.history import keeper as keeping
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.history import History
from taskbeam.gateway.history.keeper import BATCH, HistoryKeeper, lease_of
from taskbeam.gateway.history.owed import Debt, Owed
from taskbeam.gateway.history.store import HistoryStore, Search
from tests.gateway.reading_rows import reading
from tests.support.results import all_names, connected_to, control, emptied, names
from tests.support.waiting import DEADLINE

from .rows import row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
    from pathlib import Path


class Store(HistoryStore):
    """A database that is away while it is told to be, and does not take the rows of some tasks."""

    away = False
    refused: str | None = None
    writes = 0

    def write(self, rows: Any) -> None:
        self.writes += 1
        if self.away:
            raise OperationalError("INSERT", None, Exception("connection refused"))
        if any(each["id"] == self.refused for each in rows):
            raise DataError("INSERT", None, Exception("too odd"))
        super().write(rows)

    @property
    def ids(self) -> list[str]:
        every = Search([], None, 0, None, None)
        return sorted(place.task_id for place, _ in self.find(every, 10_000, 10_000).rows)


class Dies(Owed):
    """Of a gateway that is killed when it has written."""

    async def paid(self, debt: Debt) -> None:
        raise KeyboardInterrupt(debt)


class Gateway:
    """What keeps the history in one gateway."""

    def __init__(self, client: Any, reads: Any, store: HistoryStore, owed: type[Owed]) -> None:
        self.counts: Counter[str] = Counter()
        self.history, self.owed = History(store, self.counts), owed(client, control())
        self.keeper = HistoryKeeper(
            self.history,
            self.owed,
            lease_of(client, control()),
            reads,
            all_names(),
            room=1000,
            seconds=10**10,
            hidden=(),
        )


class Scene:
    """A server, and a database; ``results``: what is on the server."""

    def __init__(self, client: Any, reads: Any, results: Any, store: Store) -> None:
        self.client, self._reads, self.results, self.store = client, reads, results, store
        self._index = TaskIndex(client, control(), Nothing(), 1000, 10.0**10, owes=True)  # type: ignore[arg-type]

    async def ends(self, rows: Iterable[dict[str, Any]]) -> None:
        """These tasks come into the operators' list."""
        for each in rows:
            self._index.heard(each)
        await self._index.write({})

    def gateway(self, owed: type[Owed] = Owed) -> Gateway:
        return Gateway(self.client, self._reads, self.store, owed)


class Nothing:
    """No journals."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        async def nothing(*_: Any) -> dict[str, Any]:
            return {}

        return nothing


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def at(valkey: Valkey, tmp_path: Path) -> Callable[[], Any]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Scene]:
        store = Store(history_address(f"sqlite:///{tmp_path / 'history.db'}"))
        with emptied(valkey.url(1)) as results:
            async with connected_to(valkey.url(1)) as client, reading(client) as reads:
                yield Scene(client, reads, results, store)
        store.close()

    return opened


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await true():  # noqa: ASYNC110 # of Redis and a database
            await asyncio.sleep(0.01)


def test_what_has_ended_is_kept_with_what_celery_has_stored(at: Callable[[], Any]) -> None:
    async def scene() -> None:
        async with at() as here:
            running = row(999, state="STARTED", ended=None)
            await here.ends([*(row(number) for number in range(2 * BATCH + 1)), running])
            meta = {"status": "SUCCESS", "args": [7], "kwargs": {}, "result": "secret"}
            here.results.set(names("task-001").result, json.dumps(meta))
            mine = here.gateway()
            await mine.keeper.keep()
            assert here.store.ids == sorted(row(number)["id"] for number in range(2 * BATCH + 1))
            assert await mine.owed.count() == 0
            assert json.loads(await mine.history.meta("task-001")) == {
                "status": "SUCCESS",
                "args": [7],
                "kwargs": {},
            }
            assert await mine.history.row("task-002") == row(2)

    asyncio.run(scene())


def test_while_the_database_is_away_rows_wait_and_it_is_said(
    at: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeping, "PAUSE", 0.01)
    monkeypatch.setattr(keeping, "LAST_TRY", 0.01)
    caplog.set_level(logging.INFO, "taskbeam.gateway.history")

    async def scene() -> None:
        async with at() as here:
            here.store.away = True
            mine = here.gateway()
            background = BackgroundTasks()
            background.keep("history", mine.keeper.run)
            await here.ends(row(number) for number in range(5))

            async def has_tried() -> bool:
                return bool(here.store.writes >= 2)

            async def is_kept() -> bool:
                # A thread writes; the others are told a moment later.
                return mine.counts["kept"] == 5 and bool(await mine.owed.count() == 0)

            await until(has_tried)
            assert await mine.owed.count() == 5
            here.store.away = False
            await until(is_kept)
            assert len(here.store.ids) == 5
            assert mine.counts["away"] >= 10
            await background.stop()

    asyncio.run(scene())
    said = [record.message for record in caplog.records]
    assert any("5 tasks wait in Redis to be kept in the history" in line for line in said)
    assert sum("Cannot reach the history database" in line for line in said) == 1
    assert sum("history database answers again" in line for line in said) == 1


def test_another_gateway_may_reach_the_database(at: Callable[[], Any]) -> None:
    async def scene() -> bool:
        async with at() as here:
            here.store.away = True
            mine, other = here.gateway(), lease_of(here.client, control())
            await here.ends([row(1)])
            background = BackgroundTasks()
            background.keep("history", mine.keeper.run)

            async def taken() -> bool:
                return here.store.writes > 0 and bool(await other.take())

            await until(taken)
            await background.stop()
            return True

    assert asyncio.run(scene())


def test_a_gateway_that_stops_lets_another_one_go_on_at_once(at: Callable[[], Any]) -> None:
    async def scene() -> bool:
        async with at() as here:
            background = BackgroundTasks()
            background.keep("history", here.gateway().keeper.run)
            await here.ends([row(1)])

            async def is_kept() -> bool:
                return bool(here.store.ids)

            await until(is_kept)
            await background.stop()
            return await lease_of(here.client, control()).take()

    assert asyncio.run(scene())


def test_a_gateway_that_dies_after_it_has_written_loses_nothing(at: Callable[[], Any]) -> None:
    async def scene() -> None:
        async with at() as here:
            await here.ends([row(1), row(2)])
            with pytest.raises(KeyboardInterrupt):
                await here.gateway(Dies).keeper.keep()
            assert await here.gateway().owed.count() == 2
            await here.gateway().keeper.keep()
            assert here.store.ids == ["task-001", "task-002"]

    asyncio.run(scene())


def test_two_at_once_lose_nothing_of_what_came_between(at: Callable[[], Any]) -> None:
    """One has read and written; then more comes and is not yet read when the other one drops what it has."""

    async def scene() -> None:
        async with at() as here:
            first, second = here.gateway(), here.gateway()
            await here.ends([row(1)])
            debt, same = await first.owed.next(BATCH), await second.owed.next(BATCH)
            assert debt == same
            await first.owed.paid(debt)
            await here.ends([row(2)])
            await second.owed.paid(same)
            assert [each["id"] for each in (await first.owed.next(BATCH)).rows] == ["task-002"]

    asyncio.run(scene())


def test_a_row_that_the_database_does_not_take_costs_no_other_one(
    at: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with at() as here:
            here.store.refused = "task-002"
            mine = here.gateway()
            await here.ends(row(number) for number in range(4))
            await mine.keeper.keep()
            assert here.store.ids == ["task-000", "task-001", "task-003"]
            assert await mine.owed.count() == 0
            assert mine.counts == {"kept": 3, "refused": 1}

    asyncio.run(scene())
    assert "Cannot keep task task-002 in the history" in caplog.text


def test_what_is_owed_is_bounded(at: Callable[[], Any]) -> None:
    async def scene() -> None:
        async with at() as here:
            for start in range(0, 3000, 500):
                await here.ends(row(number) for number in range(start, start + 500))
            # A node of a stream is dropped as a whole.
            assert 1000 <= await here.gateway().owed.count() <= 1100

    asyncio.run(scene())


def test_a_database_that_hangs_is_away(at: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with at() as here:
            mine = here.gateway()

            async def late(*_: Any) -> None:
                raise TimeoutError

            monkeypatch.setattr(mine.history._reads, "run", late)
            with pytest.raises(HistoryAwayError, match="takes too long"):
                await mine.history.row("task-001")

    asyncio.run(scene())
