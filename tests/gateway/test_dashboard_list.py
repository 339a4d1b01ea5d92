"""The list while tasks come: pages have each once, and no more is kept than may be, in a burst too."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

from stack.valkey import Valkey
from taskbeam.gateway.dashboard.older import HistoryAwayError
from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.dashboard.task_index import BATCH, TaskIndex
from taskbeam.gateway.dashboard.task_list import CHUNK, Page, TaskList
from taskbeam.gateway.dashboard.wanted import Wanted
from tests.support.results import connected_to, control, emptied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.gateway.dashboard.older import Placed

NOW = time.time()


def rows(first: int, count: int, sent: float | None = None) -> list[dict[str, Any]]:
    common = {"name": "tests.task", "state": "SUCCESS", "ended": NOW}
    numbers = range(first, first + count)
    return [common | {"id": f"{n:06}", "sent": round(sent or NOW + n / 1000, 3)} for n in numbers]


async def put(client: Any, most: int, found: Sequence[dict[str, Any]]) -> None:
    journals = AsyncMock(**{name + ".return_value": {} for name in ("read", "label", "explain", "states")})
    index = TaskIndex(client, control(), journals, most, 3600.0)
    for row in found:
        index.heard(row)
    await index.write({})


class Busy:
    """A client of Redis; with each piece of the list that is read, two tasks come."""

    def __init__(self, client: Any) -> None:
        self._client, self._next = client, 500_000

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def zrevrangebyscore(self, *args: Any, **options: Any) -> Any:
        piece = await self._client.zrevrangebyscore(*args, **options)
        self._next += 2
        await put(self._client, 10_000, rows(self._next, 2))
        return piece


async def _pages(url: str, sent: float | None) -> list[str]:
    async with connected_to(url) as client:
        await put(client, 10_000, rows(0, 3 * CHUNK, sent))
        page = await TaskList(Busy(client), control()).page(Wanted(), None, 0, None, None, 10_000)  # type: ignore[arg-type]
        return [row["id"] for row in page.tasks]


async def _kept(url: str) -> int:
    async with connected_to(url) as client:
        await put(client, 20, rows(0, 3 * BATCH))
        return int(await client.zcard(control().dashboard_tasks))


def test_a_page_has_each_task_once_while_others_come() -> None:
    with Valkey() as server:
        for what, sent in {"": None, "sent at one moment": NOW}.items():
            with emptied(server.url(1)):
                found = asyncio.run(_pages(server.url(1), sent))
            assert found == [f"{n:06}" for n in reversed(range(3 * CHUNK))], what


class Away:
    """A history that does not answer."""

    async def rows(self, *_: Any) -> Placed:
        for reason in ("connection refused",):
            raise HistoryAwayError(reason)
        yield Place(0, ""), None

    def counts(self) -> dict[str, int]:
        return {}

    async def row(self, _task_id: str) -> None:
        raise HistoryAwayError

    async def meta(self, _task_id: str) -> bytes:
        raise HistoryAwayError


def test_a_history_that_is_away_costs_nothing_but_itself_and_the_page_says_so() -> None:
    async def scene(url: str) -> tuple[Page, Page, Any]:
        async with connected_to(url) as client:
            await put(client, 20, rows(0, 3))
            listed = TaskList(client, control(), (), Away())
            asked = (0, None, None, 10)
            ended, running = [await listed.page(Wanted(), kind, *asked) for kind in (None, Kind.RUNNING)]
            return ended, running, await listed.row("unknown")

    with Valkey() as server, emptied(server.url(1)):
        ended, running, unknown = asyncio.run(scene(server.url(1)))
    assert (len(ended.tasks), ended.history) == (3, "away")
    assert (running.tasks, running.history) == ([], "read"), "none that runs is in the history"
    assert unknown is None


def test_a_burst_is_trimmed_in_one_tick() -> None:
    with Valkey() as server, emptied(server.url(1)):
        assert asyncio.run(_kept(server.url(1))) == 20
