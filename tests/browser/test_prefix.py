"""A gateway below a path, as a mounted one is: what it serves finds it there, and leaves the root alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.proxy import Proxy
from tests.support.redis_cluster import one_server

from .client.watching import watching
from .gallery import gallery, markup
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

    from stack.valkey import Valkey
    from tests.support.proxy import Kind

    from .gallery import Gallery

PREFIXES = ("/live", "/a/b")

#: The task that the dashboard follows, and one of its events.
DASHBOARD = "taskbeam.dashboard"
TICK = {
    "fresh": True,
    "tasks": {},
    "jobs": [],
    "workers": [],
    "queues": [{"name": "reports", "depth": 3, "slots": 1}],
}


@pytest.fixture(scope="module", params=["modules", "bundle"])
def served(
    request: pytest.FixtureRequest, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gallery]:
    """What a gateway serves from a checkout, and what an installed one does."""
    folder = tmp_path_factory.mktemp("gallery") / "frontend"
    with gallery(valkey, folder, bundled=request.param == "bundle", dashboard=True) as running:
        yield running


@pytest.fixture
def proxy(served: Gallery) -> Iterator[Proxy]:
    """The gateway at two paths of one origin, and nothing at its root."""
    port = urlsplit(served.address).port
    assert port is not None
    with Proxy(port, prefixes=PREFIXES) as running:
        yield running


@pytest.fixture
def profile(page: Page) -> BrowserContext:
    return page.context


def open_page(page: Page, served: Gallery, proxy: Proxy, prefix: str, body: str = "", head: str = "") -> None:
    page.goto(f"{proxy.http}{prefix}{urlsplit(served.page(body, head)).path}")


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_client_asks_the_gateway_that_served_it(
    page: Page, served: Gallery, proxy: Proxy, prefix: str, transport: Kind
) -> None:
    open_page(page, served, proxy, prefix)
    seen = watching(page, served.task().id, module=f"{prefix}/client/index.js", transport=transport)
    seen.wait_for_events(1)
    seen.call("cancel")
    seen.wait_for_end()
    assert (seen.outcome, seen.sequences, proxy.opened[transport] > 0) == ({"code": "revoked"}, [1, 2], True)


def test_what_the_page_says_wins(page: Page, served: Gallery, proxy: Proxy) -> None:
    task = served.journals.task()
    open_page(page, served, proxy, "/live")
    for number, base in enumerate(("/a/b", "../a/b/", f"{proxy.http}/a/b")):
        seen = watching(page, task, module="/live/client/index.js", baseUrl=base, share=False)
        seen.wait_for_events(1)
        # One connection for all that is asked of one place, however it is written.
        assert (number, proxy.opened["websocket"]) == (number, 1)


def test_tabs_share_with_those_that_ask_the_same_gateway(
    profile: BrowserContext, served: Gallery, proxy: Proxy
) -> None:
    task = served.journals.task()
    prefixes = [*PREFIXES, *PREFIXES]
    tabs = [profile.new_page() for _ in prefixes]
    for tab, prefix in zip(tabs, prefixes, strict=True):
        open_page(tab, served, proxy, prefix)
        watching(tab, task, module=f"{prefix}/client/index.js").wait_for_events(1)
    assert proxy.opened["websocket"] == len(PREFIXES)


def test_the_element_asks_the_gateway_that_served_it(page: Page, served: Gallery, proxy: Proxy) -> None:
    task = served.task()
    script = '<script type="module" src="element/index.js"></script>'
    open_page(page, served, proxy, "/a/b", markup(task), script)
    element = page.locator("task-progress")
    expect(element.locator("#state")).to_have_text("Queued")
    task.succeed({"url": "files/report.pdf"})
    link = element.get_by_role("link", name="Open the result")
    expect(link).to_have_js_property("href", f"{proxy.http}/a/b/files/report.pdf")


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/files/report.pdf", "/files/report.pdf"), ("files/report.pdf", "/live/files/report.pdf")],
)
def test_an_elements_base_wins_and_a_results_address_is_taken_as_it_is(
    page: Page, served: Gallery, proxy: Proxy, url: str, expected: str
) -> None:
    task = served.task()
    script = '<script type="module" src="element/index.js"></script>'
    open_page(page, served, proxy, "/a/b", markup(task, 'base-url="/live"'), script)
    element = page.locator("task-progress")
    expect(element.locator("#state")).to_have_text("Queued")
    task.succeed({"url": url})
    expect(element.get_by_role("link")).to_have_js_property("href", proxy.http + expected)


def test_the_hook_asks_the_gateway_that_served_it(page: Page, served: Gallery, proxy: Proxy) -> None:
    task = served.task()
    served.add_react()
    script = '<script type="module" src="pages/react-app.js"></script>'
    name = urlsplit(served.page('<div id="root"></div>', script, "script-src 'self'")).path
    page.goto(f"{proxy.http}/a/b{name}?task={task.id}")
    task.start()
    expect(page.locator("#state")).to_have_text("STARTED")


@one_server("on a cluster another gateway of the tests may tell the operators something, too")
@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_dashboard_is_whole(page: Page, served: Gallery, proxy: Proxy, prefix: str) -> None:
    board = served.journals.task(task_id=DASHBOARD)
    board.append(TICK, type="data")
    with quiet_visit(page, proxy.http):
        page.goto(f"{proxy.http}{prefix}/dashboard/dashboard.html")
        expect(page.locator("#line")).to_have_text("Live over WebSocket")
        expect(page.locator("#queues tbody th")).to_have_text("reports")
        assert page.locator("#sure").evaluate("e => getComputedStyle(e).borderRadius") != "0px"
        assert_links_are_below(page, f"{proxy.http}{prefix}/")


@pytest.mark.parametrize("served", ["modules"], indirect=True)
def test_the_live_page_is_whole(page: Page, proxy: Proxy) -> None:
    with quiet_visit(page, proxy.http):
        page.goto(f"{proxy.http}/a/b/")
        page.get_by_role("button", name="Generate", exact=True).click()
        expect(page.locator("#jobs")).to_contain_text("Report for user 123")
        expect(page.locator("#detail task-progress [part~=state]")).to_have_text("Queued")
        assert_links_are_below(page, f"{proxy.http}/a/b/")


def assert_links_are_below(page: Page, address: str) -> None:
    links = page.get_by_role("navigation").get_by_role("link").all()
    assert links
    assert all(str(link.evaluate("e => e.href")).startswith(address) for link in links)
