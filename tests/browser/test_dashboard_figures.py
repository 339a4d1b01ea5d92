"""The dashboard's figures: what nobody knows is no 0, and what stands still is not drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from taskbeam.journal.limits import DEFAULT_LIMIT
from tests.support.journal import Task

from .gallery import Gallery, gallery
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from stack.valkey import Valkey

#: Of a gateway that cannot ask its broker.
TICK: dict[str, Any] = {
    "fresh": True,
    "tasks": {"reports.generate": {"sent": 1, "started": 1}},
    "jobs": [],
    "workers": [{"name": "one:17", "celery": "celery@one", "pool": 4, "alive": True, "running": 1}],
    "queues": None,
    "standing": {"reports.generate": {"running": 1}},
}
FIGURES = ("running", "queued", "finished", "failed", "stuck", "workers")


@pytest.fixture(scope="module")
def served(store: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One with the dashboard, which knows of no other tasks."""
    with gallery(store, tmp_path_factory.mktemp("gallery") / "frontend", dashboard=True) as running:
        yield running


@pytest.fixture
def board(served: Gallery, page: Page) -> Iterator[Task]:
    """The dashboard's own task, of which only the test tells; without a tick."""
    Task(served.journals, "taskbeam.dashboard", DEFAULT_LIMIT).lose()  # another gateway may have told some
    board = served.journals.task(task_id="taskbeam.dashboard")
    with quiet_visit(page, served.address):
        page.goto(f"{served.address}/dashboard/dashboard.html")
        expect(page.locator("#line")).to_have_text("Live over WebSocket")
        yield board
    board.lose()


def figure(page: Page, name: str) -> str:
    return page.locator(f"[data-figure={name}] dd").inner_text()


def test_what_is_not_known_is_not_drawn_as_0(page: Page, board: Task) -> None:
    assert {figure(page, name) for name in FIGURES} == {"–"}
    board.append(TICK, type="data")
    expect(page.locator("[data-figure=workers] dd")).to_have_text("1")
    assert [figure(page, name) for name in FIGURES] == ["1", "–", "0", "0", "0", "1"]
    expect(page.locator("#queues tbody")).to_contain_text("The broker does not tell")
    expect(page.get_by_role("row", name="reports.generate").get_by_role("cell").nth(2)).to_have_text("–")


def test_a_selection_in_a_table_outlives_a_tick(page: Page, board: Task) -> None:
    board.append(TICK, type="data")
    name = page.get_by_role("rowheader", name="reports.generate")
    name.evaluate("element => getSelection().selectAllChildren(element)")
    ended = TICK | {"fresh": False, "tasks": {"a.b": {"sent": 1}, "reports.generate": {"succeeded": 1}}}
    board.append(ended, type="data")
    expect(page.locator("[data-figure=finished] dd")).to_have_text("1")
    expect(page.get_by_role("row", name="a.b")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "reports.generate"
