"""The page about all jobs of a user does what it says, as it stands there."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.docs.samples import commands, serving, working, write_files
from tests.support.chromium import chromium
from tests.support.results import emptied
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from stack.valkey import Valkey

PAGE = "feeds.md"

ADA, GRACE = "8f14e45f", "c9f0f895"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[str]:
    """The reader's application, with a worker beside it; nobody has any jobs."""
    folder: Path = tmp_path_factory.mktemp("feeds")
    write_files(PAGE, folder, valkey)
    with (
        emptied(valkey.url(1)),
        working(typed("celery"), folder),
        serving(typed("taskbeam serve"), folder) as running,
    ):
        yield running


def typed(program: str) -> str:
    return next(line for line in commands(PAGE) if line.startswith(program))


def tasks(origin: str, session: str, query: str = "") -> list[dict[str, Any]]:
    answer = httpx.get(f"{origin}/live/feeds/owner:me{query}", cookies={"session": session}, timeout=DEADLINE)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["tasks"]
    return found


def buttons(page: Page) -> None:
    for name in ("Export", "Check the archive", "Run the nightly job"):
        page.get_by_role("button", name=name).click()


def test_a_user_sees_all_of_them_in_each_tab_and_nobody_else_does(origin: str) -> None:
    with chromium() as browser:
        context = browser.new_context()
        first, second = context.new_page(), context.new_page()
        first.goto(f"{origin}/login/{ADA}")
        for page in (first, second):
            page.goto(origin)
            expect(page.get_by_text("No jobs yet.")).to_be_visible()
        buttons(first)
        for page in (first, second):
            rows = page.locator("task-feed li")
            expect(rows).to_have_count(6)
            expect(rows.filter(has_text="Export")).to_have_count(4)
            expect(rows.filter(has_text="Nightly job")).to_have_count(1)
            expect(rows.filter(has_text="Check of the archive")).to_have_count(1)
            expect(page.locator("task-feed")).to_contain_text("6 done")
        stranger = browser.new_context().new_page()
        stranger.goto(f"{origin}/login/{GRACE}")
        stranger.goto(origin)
        expect(stranger.get_by_text("No jobs yet.")).to_be_visible()
    assert len(tasks(origin, ADA)) == 6
    assert tasks(origin, GRACE) == []


def test_the_commands_without_the_element_do(origin: str) -> None:
    httpx.post(f"{origin}/exports", cookies={"session": GRACE}).raise_for_status()
    wait_until(lambda: not tasks(origin, GRACE, "?state=open"))
    for command in (line for line in commands(PAGE) if line.startswith("curl")):
        *_, address = shlex.split(command)
        parts = urlsplit(address)
        with httpx.stream(
            "GET", f"{origin}{parts.path}?{parts.query}", cookies={"session": GRACE}, timeout=DEADLINE
        ) as answer:
            assert answer.status_code == 200
            assert "exports.make" in next(text for text in answer.iter_text() if "exports.make" in text)
    assert httpx.get(f"{origin}/live/feeds/owner:me").status_code == 401
    assert httpx.get(f"{origin}/live/feeds/owner:ada", cookies={"session": GRACE}).status_code == 404
