"""The bell of a list: whoever has signed in is told of all their jobs, once they have asked for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from app.accounts.ownership import owner_of
from tests.push.browser import Browser as Subscribed
from tests.support.journal import Journals
from tests.support.results import control
from tests.support.telling import ToldTask

from .accounts import sign_up, telling
from .service_worker import SUBSCRIBES
from .visiting import violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Locator, Page

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway


@pytest.fixture(scope="module")
def served(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with telling(valkey, tmp_path_factory.mktemp("accounts")) as running:
        yield running


@pytest.fixture(scope="module")
def journals(valkey: Valkey) -> Iterator[Journals]:
    with Journals(valkey.url(1)) as found:
        yield found


@pytest.fixture
def asked(permitted: BrowserContext) -> Page:
    """A tab whose user allows notifications, and which knows whether it has asked for that."""
    page = permitted.new_page()
    page.add_init_script(SUBSCRIBES % json.dumps(Subscribed(f"https://push.example/{uuid4()}").json))
    page.add_init_script(
        "const ask = Notification.requestPermission;"
        "Notification.requestPermission = () => { window.wasAsked = true; return ask.call(Notification); };"
    )
    return page


def signed_up(page: Page, served: Gateway) -> str:
    """Returns the owner of the account's tasks."""
    page.goto(served.http)
    sign_up(page, name := f"u{uuid4().hex[:12]}")
    expect(page.locator("#mine task-feed")).to_contain_text("No tasks yet")
    return owner_of(name)


def bell(page: Page) -> Locator:
    return page.locator("#mine task-bell")


def kept(journals: Journals, owner: str) -> list[dict[str, Any]]:
    """The devices of an owner, as they are kept."""
    found = map(json.loads, journals.redis.hvals(control().notify_targets))
    return [each for each in found if each["owner"] == owner]


def test_it_is_offered_when_a_job_takes_long_and_asks_after_a_press(
    served: Gateway, asked: Page, journals: Journals
) -> None:
    page = asked
    page.clock.install()
    owner = signed_up(page, served)
    button = bell(page).get_by_role("button", name="Tell me when my jobs are done")
    task = ToldTask(journals.writer, str(uuid4()), name="reports.generate", owner=owner)
    expect(page.locator("#mine task-feed")).to_contain_text("Queued")
    expect(button).to_be_hidden()
    task.start()
    expect(page.locator("#mine task-feed")).to_contain_text("Running")
    expect(button).to_be_hidden()
    page.clock.fast_forward(10_000)
    expect(button).to_be_visible()
    assert page.evaluate("window.wasAsked") is None
    assert kept(journals, owner) == []

    button.press("Enter")
    expect(bell(page).get_by_role("status")).to_have_text("This device will be told")
    [device] = kept(journals, owner)
    assert (device["every"], device["presentation"]["page"]) == (True, f"{served.http}/#{{task_id}}")
    assert journals.redis.hget(control().notify_asked, f"owner:{owner}") == b"1"
    devices = page.get_by_role("region", name="Devices").get_by_role("listitem")
    expect(devices).to_contain_text("this device")
    assert violations(page) == []

    # It is there at once after a reload, for whoever wants it no more.
    task.succeed()
    page.reload()
    expect(devices).to_contain_text("this device")
    bell(page).get_by_role("button", name="Don’t tell me").click()
    expect(button).to_be_enabled()  # not before the gateway has answered
    expect(devices).to_have_count(0)
    assert kept(journals, owner) == []


def test_a_list_that_is_not_ones_own_has_none(served: Gateway, asked: Page, journals: Journals) -> None:
    page = asked
    page.clock.install()
    owner = signed_up(page, served)
    page.locator("#mine task-feed").evaluate("(list, owner) => (list.feed = `owner:${owner}`)", owner)
    ToldTask(journals.writer, str(uuid4()), name="reports.generate", owner=owner).start()
    expect(page.locator("#mine task-feed")).to_contain_text("Running")
    page.clock.fast_forward(10_000)
    page.evaluate("import('/notify/index.js').then(({ pushes }) => pushes())")
    expect(bell(page)).to_be_hidden()
