"""The tabs of a browser share one connection, whoever of them comes and goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .watching import watching

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
            const { held } = await navigator.locks.query();
            const mine = await new Promise((resolve) => navigator.locks.request("me", () =>
                navigator.locks.query().then((now) => resolve(now.held.find(({ name }) => name === "me").clientId))));
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
    assert proxy.live("sse") <= 4
    assert seen[-1].page.evaluate("fetch('/', { cache: 'no-store' }).then(({ ok }) => ok)")
    for task in tasks:
        task.finish()
    for each, task in zip(seen, tasks, strict=True):
        assert_all_was_seen(each, task)


def test_the_leader_closes_and_nothing_is_lost(tabs: list[Page], proxy: Proxy, task: Task) -> None:
    first, second = tabs
    led = watching(first, task)
    led.wait_for_events(1)
    assert leads(first)
    seen = watching(second, task)
    task.grow(2)
    seen.wait_for_events(3)
    first.close()
    task.grow(2)
    seen.wait_for_events(5)
    assert leads(second)
    assert proxy.live("websocket") == 1
    task.finish()
    assert_all_was_seen(seen, task)


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


def test_a_frozen_leader_holds_nobody_up(tabs: list[Page], proxy: Proxy, task: Task) -> None:
    first, second = tabs
    frozen = watching(first, task)
    frozen.wait_for_events(1)
    seen = watching(second, task)
    seen.wait_for_events(1)
    devtools = first.context.new_cdp_session(first)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    task.grow(3)
    seen.wait_for_events(4)
    task.finish()
    assert_all_was_seen(seen, task)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    assert_all_was_seen(frozen, task)


def test_a_leader_that_hangs_is_deposed(tabs: list[Page], task: Task) -> None:
    first, second = tabs
    hanging = watching(first, task)
    hanging.wait_for_events(1)
    seen = watching(second, task)
    seen.wait_for_events(1)
    first.evaluate("setTimeout(() => { const end = Date.now() + 20000; while (Date.now() < end && !localStorage.done); })")
    task.grow(2)
    seen.wait_for_events(3)
    assert leads(second)
    second.evaluate("localStorage.done = true")
    task.finish()
    assert_all_was_seen(seen, task)
    assert_all_was_seen(hanging, task)
