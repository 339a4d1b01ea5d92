"""A click on a notification, by way of a desktop, and who is not told because they are looking.

The tabs are a real window's: one of them is in front, and the others are hidden.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from taskbeam.push.payload import payload_of
from taskbeam.push.presentation import Presentation
from tests.push.browser import Browser as Subscribed
from tests.support.chromium import sleepy
from tests.support.desktop import desktop
from tests.support.waiting import wait_until

from .service_worker import HEAD, SUBSCRIBES, ServiceWorker, bell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.desktop import Desktop

    from .gallery import Gallery


@pytest.fixture(scope="module")
def desk() -> Iterator[Desktop]:
    with desktop() as running:
        yield running


@pytest.fixture
def person(browser: Browser, desk: Desktop) -> Iterator[BrowserContext]:
    """Somebody who sits at the desktop, and allows notifications."""
    with sleepy(browser, desk.environment) as context:
        context.grant_permissions(["notifications"])
        yield context


def asked(person: BrowserContext, served: Gallery) -> tuple[Page, ServiceWorker]:
    """A tab in which somebody has pressed the bell of a job. The page has put it into its address."""
    task, page = served.task(), person.new_page()
    page.add_init_script(SUBSCRIBES % json.dumps(Subscribed().json))
    page.goto(served.page(bell(task.id), HEAD))
    page.evaluate("(job) => history.replaceState(null, '', `#${job}`)", task.id)
    page.get_by_role("button", name="Tell me when it’s done").click()
    expect(page.get_by_role("status")).to_have_text("This device will be told")
    worker = ServiceWorker(page)
    worker.until_active()
    return page, worker


def told(title: str, link: str) -> bytes:
    return payload_of(title, title, "SUCCESS", Presentation(page=link))


def is_in_front(page: Page) -> bool:
    return bool(page.evaluate("document.visibilityState === 'visible'"))


def test_a_click_goes_to_the_tab_that_shows_the_job(
    served: Gallery, person: BrowserContext, desk: Desktop
) -> None:
    page, worker = asked(person, served)
    other = person.new_page()
    other.goto(page.url.partition("#")[0] + "#another")
    wait_until(lambda: is_in_front(other) and not is_in_front(page))
    before = len(person.pages)
    worker.push(served.address, told("A hidden tab’s", page.url))
    wait_until(lambda: any(each.title == "A hidden tab’s" for each in desk.shown))
    worker.stop()
    desk.click("A hidden tab’s")
    wait_until(lambda: is_in_front(page) and not is_in_front(other))
    assert len(person.pages) == before


def test_a_click_opens_the_job_that_no_tab_shows(
    served: Gallery, person: BrowserContext, desk: Desktop
) -> None:
    page, worker = asked(person, served)
    link = page.url.partition("#")[0] + "#elsewhere"
    # Its address was that, and the page has gone on.
    left = person.new_page()
    left.goto(link)
    left.evaluate("history.replaceState(null, '', '#another')")
    worker.push(served.address, told("No tab’s", link))
    with person.expect_page() as opened:
        desk.click("No tab’s")
    opened.value.wait_for_url(link)
    wait_until(lambda: is_in_front(opened.value))


def test_a_click_goes_to_a_page_without_our_modules_by_its_address(
    served: Gallery, person: BrowserContext, desk: Desktop
) -> None:
    _, worker = asked(person, served)
    link = served.page("<p>The report</p>", head="")
    plain, other = person.new_page(), person.new_page()
    plain.goto(link)
    other.bring_to_front()
    wait_until(lambda: not is_in_front(plain))
    worker.push(served.address, told("A plain page’s", link))
    desk.click("A plain page’s")
    wait_until(lambda: is_in_front(plain))
    assert [each.url for each in person.pages].count(link) == 1


def test_whoever_is_looking_at_the_job_is_not_told(
    served: Gallery, person: BrowserContext, desk: Desktop
) -> None:
    page, worker = asked(person, served)
    page.bring_to_front()
    wait_until(lambda: is_in_front(page))
    worker.push(served.address, told("Seen", page.url), told("Not seen", page.url + "-another"))
    wait_until(lambda: any(each.title == "Not seen" for each in desk.shown))
    assert [each.title for each in desk.shown if each.title == "Seen"] == []
    assert [each["title"] for each in worker.shown()] == ["Not seen"]
