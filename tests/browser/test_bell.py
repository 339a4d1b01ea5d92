"""`<task-bell>` and the service worker: a message that wakes a stopped worker, and each refusal in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from taskbeam.push.payload import payload_of
from taskbeam.push.presentation import Presentation
from tests.push.browser import Browser as Subscribed
from tests.support.results import control, names
from tests.support.waiting import wait_until

from .gallery import markup
from .service_worker import HEAD, SUBSCRIBES, ServiceWorker, bell
from .visiting import violations

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from .gallery import Gallery


def test_a_press_asks_and_a_stopped_worker_shows_what_is_pushed(
    served: Gallery, permitted: BrowserContext
) -> None:
    task, device, page = served.task(), Subscribed(), permitted.new_page()
    page.add_init_script(SUBSCRIBES % json.dumps(device.json))
    page.goto(served.page(bell(task.id), HEAD))
    button = page.get_by_role("button", name="Tell me when it’s done")
    expect(button).to_be_visible()
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    button.click()
    expect(page.get_by_role("status")).to_have_text("This device will be told")
    assert page.evaluate("subscribedWith") == page.request.get(f"{served.address}/push/key").json()["key"]
    asked = served.journals.redis.hget(names(task.id).head, "notify")
    assert isinstance(asked, bytes)
    kept = json.loads(served.journals.redis.hget(control().notify_targets, asked))
    assert kept["presentation"]["page"] == page.url
    assert violations(page) == []

    worker = ServiceWorker(page)
    worker.until_active()
    worker.stop()
    elsewhere = Presentation(page=f"{served.address}/jobs/{{task_id}}")
    worker.push(served.address, payload_of(task.id, "July", "SUCCESS", elsewhere))
    link = f"{served.address}/jobs/{task.id}"
    assert worker.shown() == [{"title": "July", "body": "Done", "data": {"taskbeam": link}}]

    # Whoever is looking at the page is not told; what is none of ours is left alone.
    seen = payload_of(task.id, "Seen", "SUCCESS", Presentation(page=page.url))
    another = payload_of("another", "Another's", "SUCCESS", elsewhere).replace(b"taskbeam-", b"other-")
    worker.push(served.address, seen, another, b"no JSON")
    worker.push(served.address, payload_of("another", "August", "FAILURE", elsewhere))
    assert {notification["title"] for notification in worker.shown()} == {"July", "August"}

    page.reload()
    page.get_by_role("button", name="Don’t tell me").click()
    expect(button).to_be_visible()
    assert served.journals.redis.hget(names(task.id).head, "notify") is None


def test_in_an_element_it_is_offered_after_a_while_and_who_sees_the_end_is_not_told(
    served: Gallery, permitted: BrowserContext
) -> None:
    task, page = served.task(), permitted.new_page()
    page.add_init_script(SUBSCRIBES % json.dumps(Subscribed().json))
    page.clock.install()
    content = '<task-bell slot="actions"></task-bell>'
    page.goto(served.page(markup(task, content=content), HEAD))
    task.start()
    expect(page.locator("#state")).to_have_text("Running")
    button = page.get_by_role("button", name="Tell me when it’s done")
    expect(button).to_be_hidden()
    page.clock.fast_forward(10_000)
    expect(button).to_be_visible()
    task.progress(1, 2, "Half of it")
    expect(page.locator("#message")).to_have_text("Half of it")
    button.click()
    expect(page.locator("task-bell")).to_contain_text("This device will be told")
    head = names(task.id).head
    wait_until(lambda: served.journals.redis.hget(head, "notify") is not None)
    assert violations(page) == []
    task.succeed()
    wait_until(lambda: served.journals.redis.hget(head, "notify") is None)
    expect(page.locator("task-bell")).to_be_hidden()


def test_a_tab_that_nobody_looks_at_is_marked_until_somebody_does(served: Gallery, page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(document, 'visibilityState', { get: () => window.looks ?? 'visible' })"
    )
    page.clock.install()
    task = served.task()
    page.goto(served.page(markup(task, content='<task-bell slot="actions"></task-bell>'), HEAD))
    expect(page.locator("#state")).to_have_text("Queued")
    page.clock.fast_forward(10_000)
    expect(page.locator("task-bell")).to_be_visible()
    page.evaluate("window.looks = 'hidden'")
    task.start()
    task.succeed()
    expect(page).to_have_title("● Tasks")
    page.evaluate("window.looks = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_title("Tasks")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete window.PushManager", "This browser cannot tell you later"),
        (
            "Object.defineProperty(Notification, 'permission', { value: 'denied' })",
            "This site’s notifications are blocked: allow them in the browser’s settings",
        ),
        (
            "Object.defineProperty(navigator, 'userAgent', { value: 'iPhone' })",
            "To be told on this device, add the page to the Home Screen and open it from there",
        ),
    ],
)
def test_what_cannot_be_is_said_in_words(served: Gallery, page: Page, script: str, words: str) -> None:
    page.add_init_script(script)
    page.goto(served.page(bell("a-task"), HEAD))
    expect(page.get_by_role("status")).to_have_text(words)
    expect(page.get_by_role("button")).to_have_count(0)
    assert violations(page) == []


def test_nothing_is_offered_where_the_gateway_does_not_push(served: Gallery, page: Page) -> None:
    page.route("**/push/key", lambda route: route.fulfill(json={}))
    with page.expect_response("**/push/key") as answered:
        page.goto(served.page(bell("a-task"), HEAD))
    assert answered.value.json() == {}
    page.evaluate("import('/notify/index.js').then(({ pushes }) => pushes())")
    expect(page.locator("task-bell")).to_be_hidden()


def test_a_press_that_brings_nothing_says_why(served: Gallery, page: Page) -> None:
    """A headless browser refuses by itself, and no user is asked."""
    page.add_init_script("Notification.requestPermission = async () => 'default'")
    page.add_init_script("Object.defineProperty(Notification, 'permission', { value: 'default' })")
    page.goto(served.page(bell("a-task"), HEAD))
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("Notifications were not allowed")
    expect(page.get_by_role("button")).to_be_enabled()
