"""A real browser with its cookies and its rules: native streams, and what another site may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals, Task
from tests.support.lasting import before_it_expires
from tests.support.site import site
from tests.support.tokens import TOKENS, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from stack.valkey import Valkey

#: In the page: events of a native EventSource until the final one, or until it stops by itself.
HEAR = """url => new Promise(resolve => {
  const source = new EventSource(url), heard = [];
  source.onmessage = ({ data }) => {
    heard.push(JSON.parse(data).id);
    if (JSON.parse(data).final) { source.close(); resolve({ heard, stopped: false }); }
  };
  source.onerror = () => source.readyState === EventSource.CLOSED && resolve({ heard, stopped: true });
})"""

#: In the page: `heard` and `problem` of a native EventSource from now on; whether its first event came.
BEGIN = """url => new Promise(resolve => {
  Object.assign(window, { heard: [], problem: null });
  const source = new EventSource(url);
  source.onmessage = ({ data }) => resolve(heard.push(JSON.parse(data).id) > 0);
  source.addEventListener("problem", ({ data }) => window.problem = JSON.parse(data).code);
  source.onerror = () => source.readyState === EventSource.CLOSED && resolve(false);
})"""

#: In the page: whether a socket opens, and the first message that it brings.
OPEN = """url => new Promise(resolve => {
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
  socket.onclose = ({ code }) => resolve(code);
})"""

POST = """([url, token]) => fetch(url, { method: "POST", headers: { Authorization: `Bearer ${token}` } })
  .then(async response => response.status === 204 ? null : await response.json())"""


@pytest.fixture(scope="module")
def journals(valkey: Valkey) -> Iterator[Journals]:
    with Journals(valkey.url(1)) as found:
        yield found


def empty(folder: Path) -> Path:
    """The folder, with an empty page."""
    (folder / "index.html").write_text("<!doctype html><title>another site</title>")
    return folder


@pytest.fixture(scope="module")
def friend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site that the gateway allows."""
    with site(empty(tmp_path_factory.mktemp("friend"))) as origin:
        yield origin


@pytest.fixture(scope="module", params=PATHS)
def served(request: pytest.FixtureRequest, valkey: Valkey, friend: str) -> Iterator[Gateway]:
    settings = TOKENS | {"allowed_origins": f'["{friend}"]'}
    with gateway(valkey.url().removesuffix("/0"), request.param, **settings) as running:
        yield running


@pytest.fixture
def task(journals: Journals) -> Task:
    task = journals.task()
    task.grow(3)
    task.finish()
    return task


def ids(task: Task) -> list[str]:
    return [str(record.id) for record in task.records()]


class TestANativeEventSource:
    def test_streams_with_the_cookie(self, served: Gateway, page: Page, task: Task) -> None:
        page.goto(served.http)
        events = f"/tasks/{task.id}/events"
        assert page.evaluate(HEAR, events) == {"heard": [], "stopped": True}
        page.evaluate(POST, [f"/tasks/{task.id}/cookie", sign(tasks=[task.id])])
        assert page.evaluate("document.cookie") == ""
        for _ in range(2):
            assert page.evaluate(HEAR, events) == {"heard": ids(task), "stopped": False}

    def test_streams_with_a_ticket_once(self, served: Gateway, page: Page, task: Task) -> None:
        page.goto(served.http)
        ticket = page.evaluate(POST, [f"/tasks/{task.id}/tickets", sign(tasks=[task.id])])["ticket"]
        url = f"/tasks/{task.id}/events?ticket={ticket}"
        assert page.evaluate(HEAR, url) == {"heard": ids(task), "stopped": False}
        assert page.evaluate(HEAR, url) == {"heard": [], "stopped": True}

    def test_goes_on_after_its_token_if_the_cookie_is_renewed(
        self, served: Gateway, page: Page, journals: Journals
    ) -> None:
        """The stream ends with a problem, and the browser comes back with its cursor."""
        task = journals.task()
        page.goto(served.http)
        cookie = f"/tasks/{task.id}/cookie"

        def begin(expires: float) -> None:
            page.evaluate(POST, [cookie, sign(tasks=[task.id], exp=expires)])
            assert page.evaluate(BEGIN, f"/tasks/{task.id}/events")

        before_it_expires(begin)
        page.evaluate(POST, [cookie, sign(tasks=[task.id])])
        wait_until(lambda: page.evaluate("window.problem === 'token_expired'"))
        task.finish()
        wait_until(lambda: page.evaluate("heard.length === 2"))
        assert page.evaluate("heard") == ids(task)


class TestAnotherSite:
    def test_cannot_use_the_users_cookie(
        self, served: Gateway, page: Page, task: Task, tmp_path: Path
    ) -> None:
        """Cross-site WebSocket hijacking."""
        page.goto(served.http)
        page.evaluate(POST, [f"/tasks/{task.id}/cookie", sign(tasks=[task.id])])
        url = f"{served.ws}/tasks/{task.id}/ws"
        assert isinstance(page.evaluate(OPEN, url), str)
        with site(tmp_path) as foreign:
            page.goto(foreign)
            assert page.evaluate(OPEN, url) == 1006
            assert page.evaluate(HEAR, f"{served.http}/tasks/{task.id}/events")["stopped"]
            fetched = (
                """url => fetch(url, { credentials: "include" }).then(() => "read", () => "kept from it")"""
            )
            assert page.evaluate(fetched, f"{served.http}/tasks/{task.id}") == "kept from it"

    def test_that_is_allowed_works(self, served: Gateway, page: Page, task: Task, friend: str) -> None:
        token = sign(tasks=[task.id])
        page.goto(friend)
        opened = page.evaluate(
            """([url, token]) => new Promise(resolve => {
              const socket = new WebSocket(url, ["taskbeam", `taskbeam.token.${token}`]);
              socket.onmessage = ({ data }) => resolve([socket.protocol, JSON.parse(data).id]);
              socket.onclose = ({ code }) => resolve(code);
            })""",
            [f"{served.ws}/tasks/{task.id}/ws", token],
        )
        assert opened == ["taskbeam", ids(task)[0]]
        read = page.evaluate(
            """([url, token]) => fetch(url, { headers: { Authorization: `Bearer ${token}` } })
              .then(response => response.json()).then(({ state }) => state)""",
            [f"{served.http}/tasks/{task.id}", token],
        )
        assert read == "SUCCESS"


@pytest.mark.parametrize("path", ["/", "/docs", "/dashboard"])
def test_our_pages_keep_to_their_policy(browser: Browser, valkey: Valkey, path: str) -> None:
    """Nothing that they do is refused by the browser."""
    with (
        gateway(valkey.url().removesuffix("/0"), dashboard=True) as served,
        browser.new_context() as context,
    ):
        tab = context.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        answered: list[Any] = []
        tab.on("requestfailed", lambda request: answered.append(request.url))
        tab.goto(served.http + path, wait_until="load")
        wait_until(lambda: tab.evaluate("document.body.innerText.length > 100"))
        if path == "/docs":
            tab.get_by_text("/tasks/{task_id}/events").first.wait_for()
        # A request that is under way when the tab is closed fails, too.
        failed = tuple(answered)
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []
    assert failed == ()
