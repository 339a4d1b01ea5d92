"""A page whose gateway asks for tokens: results open, and a refusal says what it is and is final."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
<task-progress label="Report"></task-progress>
<script src="/page.js"></script>
"""
#: The element follows what stands behind the page's `#`, and the page keeps the codes of its errors.
SCRIPT = """
const element = document.querySelector("task-progress");
window.codes = [];
element.addEventListener("task-failed", ({ detail }) => window.codes.push(detail.error.code));
for (const [name, value] of new URLSearchParams(location.hash.slice(1))) element.setAttribute(name, value);
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
def task(valkey: Valkey) -> Iterator[Task]:
    with Journals(valkey.url(1)) as journals:
        yield journals.task()


def show(page: Page, origin: str, task: Task, token: str = "", **attributes: str) -> None:
    given = {"task-id": task.id, **attributes} | ({"token": token} if token else {})
    page.goto(f"{origin}/page.html#" + "&".join(f"{name}={value}" for name, value in given.items()))


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
