"""Five tasks that a newcomer is given. Each takes three actions at the most: a press, a choice, an entry."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from stack.valkey import Valkey
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.kept import columns_of
from taskbeam.gateway.history.store import HistoryStore
from tests.push.browser import Browser as Subscribed
from tests.support.results import emptied
from tests.support.waiting import wait_until
from tests.support.whole import whole_on

from .service_worker import SUBSCRIBES
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def __init__(self, address: str, history: HistoryStore) -> None:
        self.address = address
        self._history = history

    def failed(self, at: float) -> str:
        """A report that has failed then, of which the history alone knows. Returns its id.

        It is the copy of one that fails now, which Redis still has: another id is another task, so nothing
        that the gateway has yet to write of this one changes it.
        """
        answer = httpx.post(f"{self.address}/reports", json={"user_id": 999}, timeout=60)
        original = answer.json()["task_id"]
        wait_until(lambda: self._history.newest(original) is not None)
        kept, meta = self._history.newest(original) or ("", None)
        row: dict[str, Any] = json.loads(kept)
        past, task_id = row["sent"] - at, str(uuid4())
        times = {name: row[name] - past for name in ("sent", "began", "ended", "ts")}
        earlier = row | times | {"id": task_id, "epoch": row["epoch"] - round(past * 1000)}
        self._history.write([columns_of(earlier, meta)])
        return task_id


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("stack")
    history = HistoryStore(history_address(f"sqlite:///{folder / 'history.db'}"))
    with Valkey() as store, emptied(store.url(1)), whole_on(store, folder) as running, closing(history):
        yield Site(running.address, history)


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
