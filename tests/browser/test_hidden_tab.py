"""A tab that nobody looks at: its title, and a notification of its own where the gateway pushes none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from taskbeam.push.payload import payload_of
from taskbeam.push.presentation import Presentation
from tests.push.browser import Browser as Subscribed
from tests.support.waiting import wait_until

from .gallery import markup
from .service_worker import HEAD, SUBSCRIBES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.support.telling import ToldTask

    from .gallery import Gallery

#: The test says whether somebody looks, and reads what the page shows by itself.
WATCHED = """
Object.defineProperty(document, 'visibilityState', { get: () => window.looks ?? 'visible' });
window.shown = [];
window.Notification = class extends Notification {
  constructor(title, options) {
    super(title, options);
    window.shown.push({ title, ...options });
  }
};
"""


@pytest.fixture
def context(permitted: BrowserContext) -> BrowserContext:
    """A profile whose user allows notifications, and whose pages say what they show."""
    permitted.add_init_script(WATCHED)
    permitted.add_init_script(SUBSCRIBES % json.dumps(Subscribed(f"https://push.example/{uuid4()}").json))
    return permitted


def left(context: BrowserContext, served: Gallery, task: ToldTask) -> Page:
    """A page with the task's bell, which has been offered."""
    page = context.new_page()
    page.clock.install()
    page.goto(served.page(markup(task, content='<task-bell slot="actions"></task-bell>'), HEAD))
    task.start()
    expect(page.locator("#state")).to_have_text("Running")
    page.clock.fast_forward(10_000)
    expect(page.locator("task-bell")).to_be_visible()
    return page


def look(page: Page, looks: str) -> None:
    page.evaluate(
        "(looks) => { window.looks = looks; document.dispatchEvent(new Event('visibilitychange')); }", looks
    )


def noticed(page: Page, task: ToldTask) -> bool:
    """Whether the page would show another one, as it stands."""
    found: bool = page.evaluate(
        """async (task) => {
          const { notice } = await import('/notify/notice.js');
          return notice(new URL('/', location.href), task, 'Another', 'Done');
        }""",
        task.id,
    )
    return found


def shown(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.shown")
    return found


def test_its_title_says_how_far_it_is_and_that_it_has_ended(served: Gallery, context: BrowserContext) -> None:
    task = served.task()
    page = left(context, served, task)
    task.progress(1, 4)
    expect(page.locator("#figure")).to_contain_text("25%")
    expect(page).to_have_title("Tasks")
    look(page, "hidden")
    task.progress(2, 4)
    expect(page).to_have_title("50% Tasks")
    task.progress(3, 4)
    expect(page).to_have_title("75% Tasks")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon.svg")
    look(page, "visible")
    expect(page).to_have_title("Tasks")
    look(page, "hidden")
    task.succeed()
    expect(page).to_have_title("● Tasks")
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", "/favicon-unseen.svg")
    look(page, "visible")
    expect(page).to_have_title("Tasks")
    expect(icon).to_have_attribute("href", "/favicon.svg")


def test_nobody_is_told_who_was_not_asked(served: Gallery, context: BrowserContext) -> None:
    page = left(context, served, task := served.task())
    page.evaluate("void Object.defineProperty(Notification, 'permission', { value: 'default' })")
    assert not noticed(page, task)
    assert shown(page) == []


def test_whoever_has_allowed_it_is_told_by_the_page_itself(served: Gallery, context: BrowserContext) -> None:
    task = served.task()
    page = left(context, served, task)
    look(page, "hidden")
    task.fail("FAILURE", "task_failed", "The task failed.")
    wait_until(lambda: bool(shown(page)))
    # Had the gateway pushed, its message would take the place of this one.
    payload = json.loads(payload_of(task.id, "", "FAILURE", Presentation(page="https://shop.example/")))
    assert shown(page) == [{"title": "Report", "body": "Failed", "tag": payload["notification"]["tag"]}]


def test_whoever_looks_is_not_told(served: Gallery, context: BrowserContext) -> None:
    task = served.task()
    page = left(context, served, task)
    task.succeed()
    expect(page.locator("#state")).to_have_text("Done")
    expect(page.locator("task-bell")).to_be_hidden()
    assert noticed(page, task)
    assert [each["title"] for each in shown(page)] == ["Another"]


def test_a_device_that_is_pushed_to_is_told_once(served: Gallery, context: BrowserContext) -> None:
    task = served.task()
    page = left(context, served, task)
    page.get_by_role("button", name="Tell me when it’s done").click()
    expect(page.locator("task-bell")).to_contain_text("This device will be told")
    look(page, "hidden")
    task.succeed()
    expect(page).to_have_title("● Tasks")
    assert not noticed(page, task)
    assert shown(page) == []
    # Nor where the page has forgotten, and the browser has not.
    page.evaluate("localStorage.clear()")
    page.evaluate("void (PushManager.prototype.getSubscription = async () => ({}))")
    assert not noticed(page, task)
    page.evaluate("void (PushManager.prototype.getSubscription = async () => null)")
    assert noticed(page, task)
