"""The quickstart does what it says, as it stands on the page."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.docs.samples import commands, samples, serving, working, write_files
from tests.support.chromium import chromium
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.process import ManagedProcess
    from stack.valkey import Valkey

PAGE = "quickstart.md"

SESSION = {"session": "8f14e45f"}

#: Of the page: what a reader adds to an application that is there.
MOST_LINES = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Path:
    """The reader's folder."""
    path = tmp_path_factory.mktemp("quickstart")
    write_files(PAGE, path, valkey)
    return path


@pytest.fixture(scope="module")
def worker(folder: Path) -> Iterator[ManagedProcess]:
    """One that runs in it."""
    with working(command("celery"), folder) as running:
        yield running


@pytest.fixture(scope="module", params=["taskbeam serve", "uvicorn"])
def origin(request: pytest.FixtureRequest, folder: Path, worker: ManagedProcess) -> Iterator[str]:
    """Served beside the worker."""
    assert worker.running
    with serving(command(request.param), folder) as running:
        yield running


def command(program: str) -> str:
    typed = [*commands(PAGE), "uvicorn main:app"]
    return next(line for line in typed if line.startswith(program))


def test_a_user_follows_an_export(origin: str) -> None:
    answer = httpx.post(f"{origin}/exports", cookies=SESSION)
    assert answer.status_code == 202
    events = follow(origin, answer.json()["urls"]["events"], SESSION)
    assert (events[0]["state"], events[-1]["state"]) == ("PENDING", "SUCCESS")
    assert events[-1]["result"] == {"rows": 300_000}
    shown = [event["progress"]["percent"] for event in events if event["type"] == "progress"]
    assert len(shown) > 2
    assert shown[-1] == 100


def follow(origin: str, path: str, cookies: dict[str, str]) -> list[dict[str, Any]]:
    with httpx.stream("GET", origin + path, cookies=cookies, timeout=DEADLINE) as stream:
        assert stream.status_code == 200
        lines = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


def test_nobody_else_does(origin: str) -> None:
    assert httpx.post(f"{origin}/exports").status_code == 401
    task = httpx.post(f"{origin}/exports", cookies=SESSION).json()
    assert httpx.get(origin + task["urls"]["self"]).status_code == 401


#: What the bar shows, as a number; null while it shows none.
SHOWN = """() => {
  const { shadowRoot } = document.querySelector("task-progress");
  return Number(shadowRoot.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow") ?? NaN) || null;
}"""

#: Seconds in which the worker goes on: at first, at the most, and how much longer each time, since a busy
#: machine lets it do little. Milliseconds in which the page shows what it has done.
GOES, LONGEST, LONGER, LOOKS = 0.02, 1.0, 1.2, 100.0


def test_the_page_shows_a_bar_that_moves(origin: str, worker: ManagedProcess) -> None:
    """The worker is stopped again and again: it may be done before a slow browser has drawn anything."""
    group = os.getpgid(worker.pid)
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{origin}/login")
        page.goto(origin)
        state, goes = page.locator("task-progress #state"), GOES

        def is_on_its_way() -> bool:
            nonlocal goes
            os.killpg(group, signal.SIGCONT)
            time.sleep(goes)
            os.killpg(group, signal.SIGSTOP)
            goes = min(LONGER * goes, LONGEST)
            page.wait_for_timeout(LOOKS)
            return 0 < (page.evaluate(SHOWN) or 0) < 100

        os.killpg(group, signal.SIGSTOP)
        try:
            page.get_by_role("button", name="Export").click()
            expect(state).to_have_text("Queued")
            wait_until(is_on_its_way, state.inner_text)
        finally:
            os.killpg(group, signal.SIGCONT)
        expect(state).to_have_text("Done")


def test_it_takes_20_lines() -> None:
    lines: list[str] = []
    for sample in samples(PAGE):
        text = sample.text.splitlines()
        if sample.part == "new":
            lines += text[1:]
        elif sample.name == "page.html":
            lines += text[next(number for number, line in enumerate(text) if "<task-progress" in line) :]
        elif sample.name is not None:
            lines += [line for line in text if line.endswith(("# new", "/1"))]
    assert len([line for line in lines if line.strip()]) == MOST_LINES
