"""Three tabs of one user: a job that is started in one appears in the others, over one connection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.chromium import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, WebSocket

    from tests.support.whole import Whole

TABS = 3

#: Sends JSON as a page's script does; returns the answer.
POST = """async ([path, body]) => {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return [response.status, await response.json()];
}"""

#: The list of the user's jobs, alone in the page.
SHOW = """async () => {
  await import("/element/feed/index.js");
  const list = Object.assign(document.createElement("task-feed"), { feed: "owner:me", label: "My reports" });
  document.body.replaceChildren(list);
}"""


@pytest.fixture
def sockets() -> list[WebSocket]:
    return []


@pytest.fixture
def tabs(site: Whole, browser: Browser, sockets: list[WebSocket]) -> Any:
    """Tabs of one profile, whose WebSockets are counted."""
    context = patient(browser.new_context())

    def note(socket: WebSocket) -> None:
        sockets.append(socket)

    pages = [context.new_page() for _ in range(TABS)]
    for page in pages:
        page.on("websocket", note)
        page.goto(f"{site.address}/healthz")  # a document of the origin that follows nothing by itself
    assert pages[0].evaluate(POST, ["/account", {"name": "ada", "password": "a long enough one"}])[0] == 201
    for page in pages:
        page.evaluate(SHOW)
    yield pages
    context.close()


def start(page: Page) -> str:
    """Order a report, as the page's button does; returns the task's id."""
    status, accepted = page.evaluate(POST, ["/reports", {"user_id": 7}])
    assert status == 202
    return str(accepted["task_id"])


def listed(page: Page) -> Locator:
    return page.locator("task-feed").get_by_role("listitem")


def test_a_job_of_one_tab_appears_in_the_others_over_one_connection(
    tabs: list[Page], sockets: list[WebSocket]
) -> None:
    for page in tabs:
        page.wait_for_function("() => document.querySelector('task-feed').watch.line === 'live'")
    ids = [start(page) for page in tabs]
    for page in tabs:
        expect(listed(page)).to_have_text([re.compile(r"reports\.generate.*Done")] * TABS)
        shown = page.evaluate("document.querySelector('task-feed').tasks.map(({ taskId }) => taskId)")
        assert set(shown) == set(ids)
    assert len(sockets) == 1
    first, *others = tabs
    first.close()  # it had the connection
    later = start(others[0])
    for page in others:
        expect(listed(page)).to_have_count(TABS + 1)
        expect(listed(page).first).to_have_text(re.compile("Done"))
        assert page.evaluate("document.querySelector('task-feed').tasks[0].taskId") == later
    assert len(sockets) == 2, "another tab has the connection now"
