"""The dashboard's list of jobs: what an operator looks for is found, by an address that can be passed on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from taskbeam.journal import events
from tests.support.gateway import gateway

from .visiting import overflow, quiet_visit, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

#: Milliseconds; a tick comes each second.
SOON = 60_000

MANY = 60


@pytest.fixture(scope="module")
def live(store: Valkey) -> Iterator[Gateway]:
    """A gateway with the dashboard, and no worker."""
    with gateway(store.url().removesuffix("/0"), dashboard=1) as running:
        yield running


@pytest.fixture(scope="module")
def failed(journals: Journals) -> Task:
    """One that has all that a job can be found by; its title is from right to left."""
    task = journals.task(labels={"owner": "ada", "title": "فواتير مايو", "tags": "nightly\nfinance"})
    task.append(state=events.STARTED, type="state")
    error = {"code": "no_such_month", "message": "There is no month 13.", "ref": "4b332a9b"}
    task.append(state=events.FAILURE, type="state", final=True, error=error)
    return task


@pytest.fixture(scope="module")
def many(journals: Journals) -> list[Task]:
    """More than a page has."""
    tasks = [journals.task(labels={"tags": "paged"}) for _ in range(MANY)]
    for task in tasks:
        task.finish()
    return tasks


@pytest.fixture(autouse=True)
def _quiet(live: Gateway, page: Page) -> Iterator[None]:
    with quiet_visit(page, live.http):
        yield


def row_of(page: Page, task: Task) -> Locator:
    return page.locator("#jobs tbody tr", has=page.get_by_title(task.id))


def test_a_job_is_found_by_anything_and_the_address_keeps_it(live: Gateway, page: Page, failed: Task) -> None:
    page.goto(f"{live.http}/dashboard/")
    search = page.get_by_role("searchbox")
    for text in (failed.id, "TESTS.TASK ada", "فواتير", "finance", "no_such_month", "month 13"):
        search.fill(text)
        expect(page).to_have_url(re.compile(r"\?q="))
        expect(row_of(page, failed)).to_be_visible(timeout=SOON)
    search.fill(str(uuid4()))
    expect(page.locator("#jobs .none")).to_have_text("No job fits. Change the search, or clear it.")
    search.fill("no_such_month")
    page.get_by_label("State").select_option("Failed")
    page.get_by_label("Sent").select_option("In the last hour")
    expect(page).to_have_url(f"{live.http}/dashboard/?q=no_such_month&state=failed&range=1h")
    page.reload()
    expect(row_of(page, failed)).to_be_visible(timeout=SOON)
    expect(search).to_have_value("no_such_month")
    expect(page.get_by_label("State")).to_have_value("failed")
    page.goto(f"{live.http}/dashboard/?range=custom&end=2020-01-01T00:00:00&q={failed.id}")
    expect(page.locator("#jobs .none")).to_be_visible()


@pytest.mark.usefixtures("many")
def test_what_is_looked_for_exactly_is_shown_and_can_be_dropped(
    live: Gateway, page: Page, failed: Task
) -> None:
    page.goto(f"{live.http}/dashboard/?owner=ada")
    expect(row_of(page, failed)).to_be_visible(timeout=SOON)
    expect(page.locator("#jobs tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Owner: ada").click()
    expect(page).to_have_url(f"{live.http}/dashboard/")
    expect(page.locator("#jobs tbody tr")).to_have_count(50, timeout=SOON)


@pytest.mark.usefixtures("many")
def test_there_are_pages(live: Gateway, page: Page) -> None:
    page.goto(f"{live.http}/dashboard/?tag=paged")
    rows = page.locator("#jobs tbody tr")
    expect(rows).to_have_count(50, timeout=SOON)
    expect(page.get_by_role("button", name="Older")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Older").click()
    expect(rows).to_have_count(MANY - 50)
    page.reload()
    expect(rows).to_have_count(MANY - 50)
    page.get_by_role("button", name="Newest").click()
    expect(rows).to_have_count(50)
    page.go_back()
    expect(rows).to_have_count(MANY - 50)


def test_as_many_run_as_the_list_has(live: Gateway, page: Page, journals: Journals) -> None:
    running = journals.task()
    running.append(state=events.STARTED, type="state")
    stalled = journals.task()
    stalled.append(state=events.STALLED, type="state")
    page.goto(f"{live.http}/dashboard/?state=running")
    expect(row_of(page, running)).to_be_visible(timeout=SOON)
    expect(page.locator("#jobs .note")).to_have_text("1 job")
    expect(page.locator("[data-figure=running] dd")).to_have_text("1", timeout=SOON)
    running.finish()
    stalled.finish()
    expect(page.locator("#jobs tbody tr")).to_have_count(0, timeout=SOON)
    expect(page.locator("[data-figure=running] dd")).to_have_text("0", timeout=SOON)


@pytest.mark.parametrize(("width", "height"), [(360, 740), (640, 400)], ids=["phone", "zoomed"])
def test_no_column_is_lost_where_there_is_no_room(
    live: Gateway, page: Page, failed: Task, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{live.http}/dashboard/?owner=ada")
    row = row_of(page, failed)
    expect(row).to_contain_text("There is no month 13.", timeout=SOON)
    assert overflow(page) == 0
    for cell in row.locator("td").all():
        label = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
        assert label == f'"{cell.get_attribute("data-label")}"'
        assert cell.is_visible()
    assert violations(page) == []


def test_the_states_keep_their_marks_in_forced_colours(live: Gateway, page: Page, failed: Task) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(f"{live.http}/dashboard/?owner=ada")
    mark = row_of(page, failed).locator(".state")
    expect(mark).to_have_text("FAILURE", timeout=SOON)
    assert mark.evaluate("mark => getComputedStyle(mark, '::before').borderTopWidth") == "4px"
