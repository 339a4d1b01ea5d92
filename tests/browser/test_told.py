"""Who is told of an account's jobs: its devices, webhooks and preferences, as the sample's page has them."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.push.browser import Browser as Subscribed
from tests.support.chromium import patient
from tests.support.results import client_of, control

from .accounts import sign_up, telling
from .visiting import overflow, quiet_visit, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

#: No browser has said this of itself.
ARABIC = "تقارير"


@pytest.fixture(scope="module")
def served(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with telling(valkey, tmp_path_factory.mktemp("accounts")) as running:
        yield running


@pytest.fixture
def store(valkey: Valkey) -> Iterator[Any]:
    with client_of(valkey.url(1), decode_responses=True) as found:
        yield found


class _Answers(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(int(self.path.removeprefix("/")))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def service() -> Iterator[str]:
    """A service of somebody's; its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def ask(page: Page, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the page's own browser asks, for whoever has signed in there."""
    answer: dict[str, Any] = page.evaluate(
        """async ([method, path, body]) => {
          const headers = { "content-type": "application/json" };
          const response = await fetch(path, { method, headers, body: JSON.stringify(body) });
          return response.json();
        }""",
        [method, path, body],
    )
    return answer


def subscribe(page: Page, *, this: bool = False) -> str:
    """A device that is told of all jobs; ``this``: it is the page's own."""
    wanted = {"subscription": Subscribed(f"https://push.example/{uuid4()}").json}
    made = ask(page, "PUT", "push", wanted | {"presentation": {"page": page.url}})
    device = str(made["device"])
    if this:
        kept = json.dumps({"device": device, "tasks": []})
        page.evaluate("(kept) => localStorage.setItem(`taskbeam-device ${location.origin}/`, kept)", kept)
    return device


def signed_up(page: Page, served: Gateway) -> Page:
    page.goto(served.http)
    sign_up(page, f"u{uuid4().hex[:12]}")
    expect(told(page)).to_be_visible()
    return page


def told(page: Page) -> Locator:
    return page.get_by_role("region", name="Who is told of my jobs")


def devices(page: Page) -> Locator:
    return page.get_by_role("region", name="Devices").get_by_role("listitem")


def webhooks(page: Page) -> Locator:
    return page.get_by_role("region", name="Webhooks").get_by_role("listitem")


def test_without_any_it_is_said_in_words(served: Gateway, page: Page) -> None:
    with quiet_visit(page, served.http):
        page.goto(served.http)
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        expect(told(page)).to_have_count(0)
        signed_up(page, served)
        for words in ("No device is told.", "No service is told.", "There is no rule: all ends are told."):
            expect(told(page).get_by_text(words)).to_be_visible()
        expect(told(page)).to_contain_text("You are always told of backups.*.")
        page.get_by_role("button", name="Who is told of my jobs").click()
        expect(page.get_by_role("heading", name="Who is told of my jobs")).to_be_focused()
        assert violations(page) == []


def test_a_device_has_its_name_what_came_of_sending_and_can_be_removed(
    served: Gateway, page: Page, store: Any
) -> None:
    signed_up(page, served)
    other, mine = subscribe(page), subscribe(page, this=True)
    now = time.time()
    health = control().notify_health
    store.hset(health, other, json.dumps({"sent": now - 60, "failed": now, "error": "HTTP 403"}))
    store.hset(health, mine, json.dumps({"sent": now, "failed": now - 60, "error": "HTTP 500"}))
    page.reload()
    expect(devices(page)).to_have_count(2)
    first, second = devices(page).nth(0), devices(page).nth(1)
    expect(first).to_contain_text("Chrome on Linux")
    expect(first).to_contain_text("Told of all your jobs, since")
    expect(first).to_contain_text("Last delivery:")
    refused = first.get_by_text("the push service refuses the gateway’s key (HTTP 403)")
    expect(refused).to_have_attribute("data-kind", "problem")
    expect(first).not_to_contain_text("this device")
    expect(second).to_contain_text("this device")
    # What was delivered since is no problem any more.
    over = second.get_by_text("the push service has a fault of its own (HTTP 500)")
    expect(over).not_to_have_attribute("data-kind", "problem")
    assert violations(page) == []
    second.get_by_role("button", name="Remove").press("Enter")
    expect(devices(page)).to_have_count(1)
    expect(first.get_by_role("button", name="Remove")).to_be_focused()
    expect(told(page).get_by_text("is told nothing any more")).to_be_visible()
    assert page.evaluate("localStorage.getItem(`taskbeam-device ${location.origin}/`)") is None
    first.get_by_role("button", name="Remove").press("Enter")
    expect(told(page).get_by_text("No device is told.")).to_be_visible()
    expect(page.get_by_role("heading", name="Devices")).to_be_focused()
    assert store.hget(control().notify_targets, other) is None


def test_a_device_that_is_added_is_there_at_once(served: Gateway, page: Page) -> None:
    signed_up(page, served)
    expect(devices(page)).to_have_count(0)
    subscribe(page)
    page.evaluate("document.body.dispatchEvent(new Event('bell-change', { bubbles: true }))")
    expect(devices(page)).to_have_count(1)


def test_a_webhook_is_tried_enabled_and_removed(served: Gateway, page: Page, store: Any) -> None:
    signed_up(page, served)
    with service() as origin:
        some = {"url": f"{origin}/204", "states": ["FAILURE", "LOST"], "names": [f"{ARABIC}.*"]}
        ask(page, "POST", "webhooks", some)
        gone = ask(page, "POST", "webhooks", {"url": f"{origin}/500"})["webhook"]
        kept = json.loads(str(store.hget(control().notify_targets, gone)))
        store.hset(control().notify_targets, gone, json.dumps(kept | {"disabled": "HTTP 410"}))
        page.reload()
        expect(webhooks(page)).to_have_count(2)
        first, second = webhooks(page).nth(0), webhooks(page).nth(1)
        expect(first).to_contain_text(f"FAILURE, LOST of {ARABIC}.*.")
        expect(first).to_contain_text("Nothing was delivered yet.")
        expect(second).to_contain_text("All ends of all jobs.")
        expect(second).to_contain_text(
            "Nothing is sent any more: the service wants nothing any more (HTTP 410)."
        )
        assert violations(page) == []
        first.get_by_role("button", name="Test").click()
        expect(told(page).get_by_text("took the trial (HTTP 204).")).to_be_visible()
        second.get_by_role("button", name="Test").click()
        expect(told(page).get_by_text("the service has a fault of its own (HTTP 500).")).to_be_visible()
        second.get_by_role("button", name="Enable").click()
        expect(second).not_to_contain_text("Nothing is sent any more")
        expect(second.get_by_role("button", name="Enable")).to_have_count(0)
        second.get_by_role("button", name="Remove").click()
        expect(webhooks(page)).to_have_count(1)
        assert store.hget(control().notify_targets, gone) is None


def test_preferences_are_written_and_come_again(served: Gateway, page: Page) -> None:
    signed_up(page, served)
    section = told(page)
    for place, (tasks, where, tell) in enumerate(
        (("reports.*", "On my devices", "Failures only"), (ARABIC, "Everywhere", "Nothing")), start=1
    ):
        section.get_by_role("button", name="Add a rule").press("Enter")
        rule = section.get_by_role("group", name=f"Rule {place}")
        expect(rule.get_by_label("Tasks")).to_be_focused()
        page.keyboard.type(tasks)
        rule.get_by_label("Where").select_option(where)
        rule.get_by_label("Tell").select_option(tell)
    assert violations(page) == []
    section.get_by_role("button", name="Save").press("Enter")
    expect(section.get_by_text("Saved.")).to_be_visible()
    page.reload()
    first, second = (section.get_by_role("group", name=f"Rule {place}") for place in (1, 2))
    expect(first.get_by_label("Tasks")).to_have_value("reports.*")
    expect(first.get_by_label("Where")).to_have_value("push")
    expect(first.get_by_label("Tell")).to_have_value("failures")
    expect(second.get_by_label("Tasks")).to_have_value(ARABIC)

    second.get_by_label("Tasks").fill("*.reports")
    section.get_by_role("button", name="Save").click()
    expect(section.get_by_role("status")).to_have_attribute("data-kind", "problem")
    expect(section.get_by_role("status")).to_contain_text("a star may stand at the end alone")
    first.get_by_role("button", name="Remove rule 1").press("Enter")
    expect(section.get_by_role("button", name="Remove rule 1")).to_be_focused()
    section.get_by_role("button", name="Remove rule 1").press("Enter")
    expect(section.get_by_role("button", name="Add a rule")).to_be_focused()
    section.get_by_role("button", name="Save").click()
    expect(section.get_by_text("Saved.")).to_be_visible()
    expect(section.get_by_text("There is no rule: all ends are told.")).to_be_visible()
    assert ask_for(page) == []


def ask_for(page: Page) -> list[dict[str, str]]:
    kept: dict[str, Any] = page.evaluate("fetch('notifications/preferences').then((answer) => answer.json())")
    preferences: list[dict[str, str]] = kept["preferences"]
    return preferences


@pytest.mark.parametrize(("scheme", "forced"), [("light", "none"), ("dark", "none"), ("light", "active")])
def test_it_fits_a_phone_and_everybody(
    served: Gateway, browser: Browser, store: Any, scheme: Any, forced: Any
) -> None:
    context = patient(
        browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme, forced_colors=forced)
    )
    page = signed_up(context.new_page(), served)
    device = subscribe(page, this=True)
    store.hset(control().notify_health, device, json.dumps({"failed": time.time(), "error": "long" * 60}))
    url = f"http://127.0.0.1:9/{'a-path-without-a-break' * 8}"
    ask(page, "POST", "webhooks", {"url": url, "names": [f"{ARABIC}.*", "a.name.without.a.break" * 5]})
    rules = [{"channel": "*", "tasks": "a.long.name." * 9, "tell": "failures"}]
    ask(page, "PUT", "notifications/preferences", {"preferences": rules})
    page.reload()
    expect(devices(page)).to_have_count(1)
    expect(told(page).get_by_role("group", name="Rule 1")).to_be_visible()
    assert overflow(page) == 0
    assert violations(page) == []
    context.close()
