"""A feed whose list does not fit into one answer, against a real gateway."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.client import Client, RollupEvent
from tests.support.tokens import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.journal import Journals, Task

DEADLINE = 60

#: Tasks of one page, and of all of them: three whole ones, and a part of another.
PAGE, ALL = 3, 10

Events = list[Any]


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> str:
    return f"owner of {request.node.name}"


@pytest.fixture
def tasks(journals: Journals, owner: str, monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """In the order in which they came; none has ended."""
    monkeypatch.setattr("taskbeam.client.listing.PAGE", PAGE)
    return [journals.task(labels={"owner": owner}) for _ in range(ALL)]


def run(
    url: str, owner: str, use: Callable[[Client], Coroutine[Any, Any, Events]], **hooks: list[Any]
) -> Events:
    async def bounded() -> Events:
        async with (
            asyncio.timeout(DEADLINE),
            httpx.AsyncClient(event_hooks=hooks) as http,
            Client(url, token=sign(owner=owner), http=http) as client,
        ):
            return await use(client)

    return asyncio.run(bounded())


def ids(events: Events) -> list[str]:
    return [event.event.task_id for event in events]


def test_all_pages_are_listed(url: str, owner: str, tasks: list[Task]) -> None:
    found = run(url, owner, lambda client: client.tasks("owner:me"))
    assert ids(found) == [task.id for task in reversed(tasks)]


@pytest.mark.parametrize("limit", [1, PAGE, PAGE + 1, 2 * PAGE + 2, ALL])
def test_no_more_than_are_wanted(url: str, owner: str, tasks: list[Task], limit: int) -> None:
    asked: list[str] = []

    async def count(request: httpx.Request) -> None:
        asked.append(request.url.params["limit"])

    found = run(url, owner, lambda client: client.tasks("owner:me", limit=limit), request=[count])
    assert ids(found) == [task.id for task in reversed(tasks)][:limit]
    assert sum(map(int, asked)) == limit


def test_only_those_of_a_state(url: str, owner: str, tasks: list[Task]) -> None:
    for task in tasks[::2]:
        task.finish()
    found = run(url, owner, lambda client: client.tasks("owner:me", states=["open"], limit=4))
    assert ids(found) == [task.id for task in reversed(tasks[1::2])][:4]


def test_a_feed_begins_with_all_pages(url: str, owner: str, tasks: list[Task], journals: Journals) -> None:
    async def use(client: Client) -> Events:
        async with aclosing(client.feed("owner:me")) as feed:
            found: Events = [await anext(feed) for _ in tasks]
            tasks.append(await asyncio.to_thread(journals.task, labels={"owner": owner}))
            return [*found, await anext(feed)]

    found = run(url, owner, use)
    assert ids(found) == [task.id for task in tasks]
    assert [event.rollup["total"] for event in found] == [ALL] * ALL + [ALL + 1]


def test_what_happens_between_two_pages_is_told_once_and_counted(
    url: str, owner: str, tasks: list[Task]
) -> None:
    """The first page has the newest task while it is open, and the last one the oldest when it has ended."""
    newest, oldest = tasks[-1], tasks[0]

    async def go_on(response: httpx.Response) -> None:
        if response.url.path.endswith("owner:me") and "before" not in response.url.params:
            await asyncio.to_thread(newest.append)
            await asyncio.to_thread(oldest.finish)

    async def use(client: Client) -> Events:
        async with aclosing(client.feed("owner:me")) as feed:
            return [await anext(feed) for _ in range(ALL + 2)]

    *listed, started, counted = run(url, owner, use, response=[go_on])
    assert [(event.event.task_id, event.event.state) for event in listed] == [
        (oldest.id, "SUCCESS"),
        *((task.id, "PENDING") for task in tasks[1:]),
    ]
    assert (started.event.task_id, started.event.state) == (newest.id, "PROGRESS")
    assert isinstance(counted, RollupEvent)
    done = [event.rollup["done"] for event in (*listed, started, counted)]
    assert done == [{}] * (ALL + 1) + [{"SUCCESS": 1}]
