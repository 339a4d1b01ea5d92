"""A page whose gateway asks for tokens: results open, and a refusal says what it is and is final."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from taskbeam.journal.events import SUCCESS
from tests.support.gateway import gateway
from tests.support.journal import Journals
from tests.support.site import site
from tests.support.tokens import TOKENS, sign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from stack.valkey import Valkey
    from tests.support.journal import Task

FILE = "report.txt"
PAGE = """<!doctype html>
<title>A page</title>
<script type="module" src="{gateway}/element/index.js"></script>
<script type="module" src="{gateway}/element/feed/index.js"></script>
<task-progress label="Report"></task-progress>
<task-feed label="Reports"></task-feed>
<script src="/page.js"></script>
"""
#: The elements follow what stands behind the page's `#`, and the page keeps the codes of errors.
SCRIPT = """
window.codes = [];
document.addEventListener("task-failed", ({ detail }) => window.codes.push(detail.error.code));
for (const element of document.querySelectorAll("task-progress, task-feed")) {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) element.setAttribute(name, value);
}
"""


@dataclass(frozen=True)
class Origins:
    """Where a page of each kind is: the gateway's own, a friend's, and one that the gateway does not know."""

    own: str
    friend: str
    stranger: str


@pytest.fixture(scope="module")
def origins(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origins]:
    pages, files = tmp_path_factory.mktemp("pages"), tmp_path_factory.mktemp("files")
    (files / FILE).write_text("what the job made")
    with (
        site(pages) as friend,
        site(pages) as stranger,
        gateway(
            valkey.url().removesuffix("/0"),
            frontend_dir=pages,
            files_dir=files,
            allowed_origins=json.dumps([friend]),
            **TOKENS,
        ) as running,
    ):
        _write(pages, running.http)
        yield Origins(running.http, friend, stranger)


def _write(folder: Path, gateway: str) -> None:
    (folder / "page.html").write_text(PAGE.format(gateway=gateway))
    (folder / "page.js").write_text(SCRIPT)


@pytest.fixture
def journals(valkey: Valkey) -> Iterator[Journals]:
    """Of the folder's server, not of a site's own."""
    with Journals(valkey.url(1)) as found:
        yield found


def show(page: Page, origin: str, task: Task, token: str = "", **attributes: str) -> None:
    attributes = {"task-id": task.id, **attributes} | ({"token": token} if token else {})
    open_page(page, origin, **attributes)


def open_page(page: Page, origin: str, **attributes: str) -> None:
    page.goto(f"{origin}/page.html#{urlencode(attributes)}")


@pytest.mark.parametrize("kind", ["own", "friend"])
def test_open_the_result(page: Page, origins: Origins, task: Task, kind: str) -> None:
    result = {"report_url": f"/files/{FILE}"}
    task.append(state=SUCCESS, type="state", final=True, files=[FILE], result=result)
    origin = getattr(origins, kind)
    show(page, origin, task, sign(tasks=[task.id]), **{"base-url": origins.own})
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the result").click()
    expect(opened.value.get_by_text("what the job made")).to_be_visible()
    assert ("ticket=" in opened.value.url) == (kind == "friend")
    if kind == "own":  # it is the reader's as long as the token
        opened.value.reload()
        expect(opened.value.get_by_text("what the job made")).to_be_visible()


@pytest.mark.parametrize("kind", ["own", "friend"])
def test_open_a_result_in_a_list(page: Page, origins: Origins, journals: Journals, kind: str) -> None:
    origin, base = getattr(origins, kind), {"base-url": origins.own}
    owner, tag = f"ada-{uuid4()}", f"paid-{uuid4()}"
    task = journals.task(labels={"owner": owner, "tags": tag})
    result = {"report_url": f"/files/{FILE}"}
    task.append(state=SUCCESS, type="state", final=True, files=[FILE], result=result)
    link = page.get_by_role("link", name="Open the result: tests.task")
    open_page(page, origin, feed=f"owner:{owner}", token=sign(owner=owner), **base)
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_text("what the job made")).to_be_visible()
    assert ("ticket=" in opened.value.url) == (kind == "friend")
    # Whoever may see the list need not be one who may read each of its tasks.
    page.goto("about:blank")
    open_page(page, origin, feed=f"tag:{tag}", token=sign(feeds=[f"tag:{tag}"]), **base)
    link.click()
    expect(page.locator("task-feed [part=note]:visible")).to_have_text("You may not see this job")
    assert len(page.context.pages) == 2


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "Sign in to see this job"),
        (sign(tasks=["another"], iat=1.0, exp=2.0), "Your access has expired"),
    ],
    ids=["none", "expired"],
)
def test_a_refusal_says_what_it_is_and_is_final(
    page: Page, origins: Origins, task: Task, token: str, words: str, transport: str
) -> None:
    asked: list[str] = []
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("request", lambda request: asked.append(request.url) if "/tasks/" in request.url else None)
    page.clock.install()
    show(page, origins.own, task, token, transport=transport)
    expect(page.get_by_text(words).first).to_be_visible()
    before = len(asked)
    page.clock.run_for(120_000)
    # A token from the page is asked for once more: it may be another by then.
    assert before <= 2
    assert len(asked) == before
    assert page.evaluate("codes") == ["token_expired" if token else "unauthenticated"]


def test_an_origin_that_the_gateway_does_not_know(page: Page, origins: Origins, task: Task) -> None:
    warned: list[str] = []
    sockets: list[str] = []
    page.on("console", lambda message: warned.append(message.text) if message.type == "warning" else None)
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.clock.install()
    show(page, origins.stranger, task, sign(tasks=[task.id]))
    expect(page.get_by_text("The service cannot be reached").first).to_be_visible()
    before = len(sockets)
    page.clock.run_for(120_000)
    assert (page.evaluate("codes"), len(sockets) - before) == (["unreachable"], 0)
    (warning,) = [text for text in warned if "Taskbeam" in text]
    assert origins.stranger in warning
    assert "TASKBEAM_ALLOWED_ORIGINS" in warning
