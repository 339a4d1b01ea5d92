"""`useTask` and `<task-progress>` in React 19, in StrictMode, in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.telling import ToldTask

    from .gallery import Gallery

APP = '<script type="module" src="/pages/react-app.js"></script>'


@pytest.fixture(scope="module")
def app(served: Gallery) -> Gallery:
    served.add_react()
    return served


def show(page: Page, app: Gallery, task: ToldTask | None, more: str = "") -> list[dict[str, Any]]:
    """Open the page; returns what it will have said over WebSockets."""
    said: list[dict[str, Any]] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: said.append(json.loads(frame))))
    url = app.page('<div id="root"></div>', head=APP, policy="script-src 'self'")
    page.goto(f"{url}?{f'task={task.id}' if task else ''}{more}")
    return said


def subscriptions(said: list[dict[str, Any]], task: ToldTask) -> int:
    return sum(each["op"] == "subscribe" and each["task_id"] == task.id for each in said)


class TestTheHook:
    def test_a_component_follows_a_task_to_its_end(self, app: Gallery, page: Page) -> None:
        task = app.task()
        show(page, app, task)
        expect(page.locator("#state")).to_have_text("PENDING")
        expect(page.locator("#line")).to_have_text("live websocket")
        task.start()
        task.progress(1, 2)
        task.succeed()
        expect(page.locator("#state")).to_have_text("SUCCESS")
        expect(page.locator("#line")).to_contain_text("ended")
        expect(page.locator("#events")).to_have_text("2 3 4")

    def test_strict_mode_makes_one_watch(self, app: Gallery, page: Page) -> None:
        task = app.task()
        said = show(page, app, task)
        expect(page.locator("#line")).to_contain_text("live")
        page.evaluate("again(1)")
        task.start()
        expect(page.locator("#state")).to_have_text("STARTED")
        assert subscriptions(said, task) == page.evaluate("watches") == 1
        assert page.evaluate("cancels.size") <= 2  # StrictMode renders twice; a render more makes no other

    def test_a_component_that_goes_lets_go(self, app: Gallery, page: Page) -> None:
        task = app.task()
        said = show(page, app, task)
        expect(page.locator("#line")).to_contain_text("live")
        wait_until(lambda: app.followers(task) == 1)
        page.evaluate("setShown(false)")
        wait_until(lambda: app.followers(task) == 0)
        task.start()
        page.evaluate("setShown(true)")
        expect(page.locator("#events")).to_have_text("1 2")
        assert subscriptions(said, task) == 2

    def test_the_task_may_come_late_and_change(self, app: Gallery, page: Page) -> None:
        first, second = app.task(), app.task()
        first.start()
        show(page, app, None)
        expect(page.locator("#line")).to_have_text("null null")
        page.evaluate("(id) => setTaskId(id)", first.id)
        expect(page.locator("#state")).to_have_text("STARTED")
        page.evaluate("(id) => setTaskId(id)", second.id)
        expect(page.locator("#events")).to_have_text("1")
        expect(page.locator("#state")).to_have_text("PENDING")
        wait_until(lambda: app.followers(first) == 0)

    def test_the_transport_may_change(self, app: Gallery, page: Page) -> None:
        task = app.task()
        show(page, app, task)
        expect(page.locator("#line")).to_have_text("live websocket")
        page.evaluate("setTransport('sse')")
        expect(page.locator("#line")).to_have_text("live sse")
        task.start()
        expect(page.locator("#events")).to_have_text("1 2")

    def test_it_cancels(self, app: Gallery, page: Page) -> None:
        task = app.task()
        show(page, app, task)
        expect(page.locator("#line")).to_contain_text("live")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#state")).to_have_text("REVOKED")
        expect(page.locator("#error")).to_have_text("revoked")


class TestTheFeed:
    def test_a_component_shows_all_tasks_of_a_user(self, app: Gallery, page: Page) -> None:
        owner = f"ada-{uuid4()}"
        first, second = (app.task(owner=owner) for _ in range(2))
        show(page, app, None, f"&feed=owner:{owner}")
        tasks = page.locator("#tasks li")
        expect(tasks).to_have_text([f"{second.id} PENDING", f"{first.id} PENDING"])
        expect(page.locator("#feed-line")).to_contain_text("live")
        assert page.evaluate("watches") == 1, "StrictMode makes one watch"
        drawn = page.evaluate("drawn[document.querySelector('#tasks li').textContent.split(' ')[0]]")
        first.start()
        first.succeed()
        expect(tasks).to_have_text([f"{second.id} PENDING", f"{first.id} SUCCESS"])
        expect(page.locator("#rollup")).to_have_text("1 of 2")
        assert page.evaluate("id => drawn[id]", second.id) == drawn, "nothing has happened to it"
        page.evaluate("setLimit(1)")
        expect(tasks).to_have_text([f"{second.id} PENDING"])

    def test_it_may_come_late_change_and_go(self, app: Gallery, page: Page) -> None:
        owner = f"ada-{uuid4()}"
        task = app.task(owner=owner)
        show(page, app, None)
        expect(page.locator("#feed-line")).to_have_text("null ")
        page.evaluate("feed => setFeed(feed)", f"owner:{owner}")
        expect(page.locator("#tasks li")).to_have_text([f"{task.id} PENDING"])
        page.evaluate("setFeed('owner:me')")
        expect(page.locator("#feed-line")).to_have_text("gone unknown_feed")
        expect(page.locator("#tasks li")).to_have_count(0)


class TestTheElement:
    def test_properties_and_events(self, app: Gallery, page: Page) -> None:
        task = app.task()
        show(page, app, task, "&element")
        element = page.locator("task-progress")
        expect(element.locator("#state")).to_have_text("Queued")
        expect(element.get_by_role("button", name="Cancel Import")).to_be_visible()
        task.succeed({"rows": 3})
        expect(element.locator("#state")).to_have_text("Done")
        wait_until(lambda: page.evaluate("done.length") == 1)
        assert page.evaluate("done") == [{"rows": 3}]
