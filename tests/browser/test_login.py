"""With tokens on: the dashboard says that one has to sign in, and a link from the command does it, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cli.running import run
from tests.support.chromium import patient
from tests.support.gateway import gateway
from tests.support.results import results_at
from tests.support.tokens import KEYS, TOKENS

from .visiting import violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway


@pytest.fixture(scope="module")
def closed(store: Valkey) -> Iterator[Gateway]:
    """A gateway that asks for tokens."""
    with gateway(store.url().removesuffix("/0"), dashboard=1, **TOKENS) as running:
        yield running


@pytest.fixture
def link(closed: Gateway, store: Valkey) -> str:
    """What the command prints."""
    made = run(
        "login",
        broker_url=store.url(),
        result_backend="taskbeam+" + results_at(store.url(1)),
        token_keys=KEYS,
        port=str(closed.port),
    )
    assert made.returncode == 0, made.stderr
    assert made.stderr.startswith("Good once, until ")
    return made.stdout.strip()


def test_the_way_in_and_out(page: Page, browser: Browser, closed: Gateway, link: str) -> None:
    page.goto(f"{closed.http}/dashboard/")
    page.get_by_role("link", name="Sign in to see the dashboard").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Link").fill(link)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#line")).to_have_text("Live over WebSocket")
    assert page.evaluate("document.cookie") == ""

    other = patient(browser.new_context()).new_page()
    other.goto(link)
    expect(other.get_by_role("status")).to_contain_text("This link was used before")
    assert "#" not in other.url
    other.context.close()

    page.goto(f"{closed.http}/login/")
    page.get_by_role("button", name="Sign out of this browser").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(f"{closed.http}/dashboard/")
    expect(page.get_by_role("link", name="Sign in to see the dashboard")).to_be_visible()


def test_a_link_that_is_opened_signs_in(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.locator("#line")).to_have_text("Live over WebSocket")


def test_a_refusal_is_final(page: Page, closed: Gateway) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.clock.install()
    page.goto(f"{closed.http}/dashboard/")
    expect(page.get_by_role("link", name="Sign in to see the dashboard")).to_be_visible()
    page.clock.run_for(120_000)
    assert len(sockets) == 1
