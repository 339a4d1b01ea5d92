"""The tabs of a browser share one connection, whoever of them comes and goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

from .watching import freeze, watching

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.support.journal import Journals, Task
    from tests.support.proxy import Kind, Proxy

    from .watching import Watching

TABS = 10
STREAMS: tuple[Kind, ...] = ("websocket", "sse", "poll")


@pytest.fixture
def tabs(profile: BrowserContext, proxy: Proxy) -> list[Page]:
    """Two tabs; the first was there first."""
    return [open_tab(profile, proxy) for _ in range(2)]


def open_tab(profile: BrowserContext, proxy: Proxy) -> Page:
    page = profile.new_page()
    page.goto(proxy.http)
    return page


def assert_all_was_seen(seen: Watching, task: Task) -> None:
    seen.wait_for_end()
    assert seen.events == [json.loads(body) for body in task.bodies()]


def leads(page: Page) -> bool:
    """Whether the tab holds the lock that says so."""
    held: bool = page.evaluate(
        """async () => {
            const mine = await navigator.locks.request("me", async () =>
                (await navigator.locks.query()).held.find(({ name }) => name === "me").clientId);
            const { held } = await navigator.locks.query();
            return held.some(({ name, clientId }) => name.startsWith("taskbeam") && clientId === mine);
        }"""
    )
    return held


def test_ten_tabs_on_ten_tasks_have_one_connection(
    profile: BrowserContext, proxy: Proxy, journals: Journals
) -> None:
    tasks = [journals.task() for _ in range(TABS)]
    seen = [watching(open_tab(profile, proxy), task) for task in tasks]
    for each in seen:
        each.wait_for_line("live", "websocket")
        each.wait_for_events(1)
    assert proxy.live(*STREAMS) == 1
    for task in tasks:
        task.grow(3)
    for each in seen:
        each.wait_for_events(4)
    for task in tasks:
        task.finish()
    for each, task in zip(seen, tasks, strict=True):
        assert_all_was_seen(each, task)
    assert sum(proxy.opened.get(kind, 0) for kind in STREAMS) == 1


def test_ten_tabs_without_websocket_leave_connections_for_the_page(
    profile: BrowserContext, proxy: Proxy, journals: Journals
) -> None:
    proxy.refused = {"websocket"}
    tasks = [journals.task() for _ in range(TABS)]
    seen = [watching(open_tab(profile, proxy), task) for task in tasks]
    for task in tasks:
        task.grow(2)
    for each in seen:
        each.wait_for_events(3)
    # One that has just been left is here for a moment yet; without turns there would be six all the time.
    wait_until(lambda: proxy.live("sse") <= 4)
    assert seen[-1].page.evaluate("fetch('/', { cache: 'no-store' }).then(({ ok }) => ok)")
    for task in tasks:
        task.finish()
    for each, task in zip(seen, tasks, strict=True):
        assert_all_was_seen(each, task)


def test_the_leader_closes_and_nothing_is_lost(
    tabs: list[Page], profile: BrowserContext, proxy: Proxy, journals: Journals
) -> None:
    first, second = tabs
    watching(first, journals.task()).wait_for_events(1)
    assert leads(first)
    tasks = [journals.task(), journals.task()]
    seen = [
        watching(page, task) for page, task in zip((second, open_tab(profile, proxy)), tasks, strict=True)
    ]
    for each in seen:
        each.wait_for_events(1)
    first.close()
    for task in tasks:
        task.grow(2)
    for each in seen:
        each.wait_for_events(3)
    assert leads(second)
    wait_until(lambda: proxy.live("websocket") == 1)
    for each, task in zip(seen, tasks, strict=True):
        task.finish()
        assert_all_was_seen(each, task)


def test_a_tab_that_comes_later_sees_it_from_the_beginning(tabs: list[Page], task: Task) -> None:
    first, second = tabs
    early = watching(first, task)
    task.grow(3)
    early.wait_for_events(4)
    late = watching(second, task)
    late.wait_for_events(4)
    task.finish()
    assert_all_was_seen(early, task)
    assert_all_was_seen(late, task)


def test_a_tab_that_closes_is_followed_for_no_longer(tabs: list[Page], journals: Journals) -> None:
    first, second = tabs
    mine, other = journals.task(), journals.task()
    watching(first, mine).wait_for_events(1)
    watching(second, other).wait_for_events(1)
    mine.wait_for_subscribers(1)
    other.wait_for_subscribers(1)
    second.close(run_before_unload=False)
    other.wait_for_subscribers(0)
    mine.wait_for_subscribers(1)


def test_a_tab_that_ends_without_a_word_is_followed_for_no_longer(
    tabs: list[Page], journals: Journals
) -> None:
    first, second = tabs
    mine, other = journals.task(), journals.task()
    # As in a crash, nothing of the page runs at its end.
    second.evaluate("addEventListener('pagehide', (event) => event.stopImmediatePropagation(), true)")
    watching(first, mine).wait_for_events(1)
    watching(second, other).wait_for_events(1)
    other.wait_for_subscribers(1)
    second.close(run_before_unload=False)
    other.wait_for_subscribers(0)
    mine.wait_for_subscribers(1)


@pytest.mark.parametrize("unawares", [False, True], ids=["told", "unawares"])
def test_a_frozen_leader_holds_nobody_up(
    sleepers: BrowserContext, proxy: Proxy, task: Task, unawares: bool
) -> None:
    first, second = (open_tab(sleepers, proxy) for _ in range(2))
    if unawares:
        first.evaluate("addEventListener('freeze', (event) => event.stopImmediatePropagation(), true)")
    frozen = watching(first, task)
    frozen.wait_for_events(1)
    seen = watching(second, task)
    seen.wait_for_events(1)
    wake = freeze(first)
    task.grow(2)
    seen.wait_for_events(3)
    wait_until(lambda: leads(second))
    task.grow(2)
    seen.wait_for_events(5)
    wake()
    frozen.wait_for_events(5)
    wait_until(lambda: proxy.live("websocket") == 1)
    task.finish()
    assert_all_was_seen(seen, task)
    assert_all_was_seen(frozen, task)
    first.close()
    second.close()
