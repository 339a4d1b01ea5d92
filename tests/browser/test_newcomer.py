"""Five tasks that a newcomer is given. Each takes three actions at the most: a press, a choice, an entry."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from stack.valkey import Valkey
from taskbeam.gateway.dashboard.rows import Kind
from tests.push.browser import Browser as Subscribed
from tests.support.journal import Journals
from tests.support.results import control, emptied, names
from tests.support.waiting import wait_until
from tests.support.whole import whole_on

from .service_worker import SUBSCRIBES
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator

#: Actions that a task may take.
MOST = 3

#: Milliseconds in which a real job gets there.
SOON = 60_000

#: Unix seconds of yesterday's noon, where the browser is.
NOON = "new Date(new Date().setHours(-12, 0, 0, 0)).getTime() / 1000"


def place_at_noon() -> str:
    """A time zone where it is about noon now: no midnight makes yesterday another day while a test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class Newcomer:
    """Somebody at a page, whose actions are counted."""

    def __init__(self) -> None:
        self._actions = 0

    @contextmanager
    def given(self, task: str) -> Iterator[None]:
        """A task, which is done when the block ends."""
        self._actions = 0
        yield
        assert 0 < self._actions <= MOST, f"{task}: {self._actions} actions"

    def press(self, what: Locator) -> None:
        self._actions += 1
        what.click()

    def choose(self, what: Locator, option: str) -> None:
        self._actions += 1
        what.select_option(option)


class Site:
    """Gateway and worker as `make run` starts them, with a history."""

    def __init__(self, address: str, journals: Journals, history: Path) -> None:
        self.address = address
        self._journals, self._history = journals, history

    def failed(self, at: float) -> str:
        """A report that has failed then; Redis no longer has anything of it. Returns its id."""
        answer = httpx.post(f"{self.address}/reports", json={"user_id": 999}, timeout=60)
        task_id: str = answer.json()["task_id"]
        wait_until(lambda: self._row(task_id) is not None)
        row: Any = self._row(task_id)
        past = row["sent"] - at
        row |= {name: row[name] - past for name in ("sent", "began", "ended", "ts")}
        row["epoch"] -= round(past * 1000)
        with closing(sqlite3.connect(self._history)) as database, database:
            database.execute(
                "UPDATE taskbeam_history SET sent = ?, ts = ?, epoch = ?, row = ? WHERE id = ?",
                (round(row["sent"] * 1000), round(row["ts"] * 1000), row["epoch"], json.dumps(row), task_id),
            )
        redis, keys = self._journals.redis, names(task_id)
        redis.delete(keys.head, keys.log, keys.result, keys.tombstone)
        redis.hdel(control().dashboard_rows, task_id)
        for name in (control().dashboard_tasks, control().dashboard_kind(Kind.FAILED)):
            redis.zrem(name, task_id)
        return task_id

    def _row(self, task_id: str) -> dict[str, Any] | None:
        if not self._history.exists():
            return None
        with closing(sqlite3.connect(self._history)) as database:
            try:
                found = database.execute(
                    "SELECT row FROM taskbeam_history WHERE id = ?", (task_id,)
                ).fetchone()
            except sqlite3.OperationalError:
                return None  # there is no table yet
        return None if found is None else json.loads(found[0])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("stack")
    with (
        Valkey() as store,
        emptied(store.url(1)),
        Journals(store.url(1)) as journals,
        whole_on(store, folder) as running,
    ):
        yield Site(running.address, journals, folder / "history.db")


def test_five_tasks_of_a_newcomer_take_three_actions_each(site: Site, permitted: BrowserContext) -> None:
    page, somebody = permitted.new_page(), Newcomer()
    page.add_init_script(SUBSCRIBES % json.dumps(Subscribed().json))
    devtools = permitted.new_cdp_session(page)
    devtools.send("Emulation.setTimezoneOverride", {"timezoneId": place_at_noon()})
    page.goto(site.address)
    yesterdays = site.failed(page.evaluate(NOON))
    with quiet_visit(page, site.address):
        with somebody.given("Start a job"):
            somebody.press(page.locator("#begin"))
            expect(page.locator("#detail task-progress [part~=state]")).to_have_text("Running", timeout=SOON)

        with somebody.given("Be told when it is done"):
            somebody.press(page.get_by_role("button", name="Tell me when it’s done"))
            expect(page.locator("#detail task-bell")).to_contain_text(
                "This device will be told", timeout=SOON
            )

        with somebody.given("Find yesterday's job that failed"):
            somebody.press(page.get_by_role("link", name="Dashboard"))
            somebody.choose(page.get_by_label("State"), "Failed")
            somebody.choose(page.get_by_label("Sent"), "Yesterday")
            row = page.locator("#jobs tbody tr")
            expect(row).to_have_count(1, timeout=SOON)
            expect(row.get_by_title(yesterdays)).to_be_visible()

        with somebody.given("Say why it failed"):
            somebody.press(row.get_by_role("link"))
            expect(page.get_by_role("region", name="Why it failed")).to_contain_text("999", timeout=SOON)

        with somebody.given("Run it again"):
            somebody.press(page.locator("#job").get_by_role("button", name="Run again"))
            somebody.press(page.locator("#sure").get_by_role("button", name="Run again"))
            expect(page.locator("#job .facts")).to_contain_text(yesterdays[:8], timeout=SOON)
            expect(page.locator("#job .identity .state")).to_have_text("FAILURE", timeout=SOON)
