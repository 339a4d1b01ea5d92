"""The operators' page, as somebody on call meets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from taskbeam.journal import events

from .visiting import overflow, quiet_visit, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.support.journal import Journals, Task
    from tests.support.whole import Whole

#: Milliseconds; a tick comes each second, the jobs before it in their own time.
SOON = 60_000


@pytest.fixture(autouse=True)
def _quiet(site: Whole, page: Page) -> Iterator[None]:
    with quiet_visit(page, site.address):
        yield


@pytest.fixture(scope="module")
def reports(site: Whole) -> list[str]:
    """Three reports that are made and one that fails; their ids."""
    asked = [httpx.post(f"{site.address}/reports", json={"user_id": user}) for user in (1, 2, 3, 999)]
    return [answer.json()["task_id"] for answer in asked]


def row_of(page: Page, task: Task | str) -> Locator:
    return page.locator("#jobs tbody tr", has=page.get_by_title(task if isinstance(task, str) else task.id))


def test_what_runs_and_what_ran_is_seen(site: Whole, page: Page, reports: list[str]) -> None:
    page.goto(f"{site.address}/dashboard")
    expect(page.locator("#line")).to_contain_text("Live over", timeout=SOON)
    expect(row_of(page, reports[0])).to_contain_text("SUCCESS", timeout=SOON)
    expect(row_of(page, reports[3])).to_contain_text("There is no user with this number.", timeout=SOON)
    task = page.locator("#tasks tbody tr", has_text="reports.generate")
    expect(task.locator("td").nth(1)).to_have_text("4", timeout=SOON)
    expect(task.locator("td").nth(2)).to_have_text("25.0%")
    expect(task.locator("td").nth(4)).to_have_text(re.compile(r"^\d.* · \d.* · \d"))
    assert task.locator(".good").get_attribute("d")
    expect(page.locator("#queues tbody th")).to_have_text(
        ["default", "emails", "images", "reports", "texts"], timeout=SOON
    )
    expect(page.locator("#workers tbody th")).to_have_text(re.compile(r"^.+@.+$"), timeout=SOON)
    expect(page.locator("#workers tbody td").nth(1)).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(page.locator("#workers tbody td").nth(2)).to_have_text("Now")
    expect(page.locator("[data-figure=workers] dd")).to_have_text("1")


def test_a_job_is_seen_while_it_goes_on(site: Whole, page: Page, journals: Journals) -> None:
    page.goto(f"{site.address}/dashboard")
    task = journals.task()
    row = row_of(page, task)
    expect(row).to_contain_text("PENDING", timeout=SOON)
    task.append(state=events.STARTED, type="state")
    expect(row).to_contain_text("STARTED", timeout=SOON)
    task.finish()
    expect(row).to_contain_text("SUCCESS", timeout=SOON)


def test_a_job_is_opened_and_goes_on(site: Whole, page: Page, journals: Journals) -> None:
    task = journals.task()
    page.goto(f"{site.address}/dashboard")
    link = row_of(page, task).get_by_role("link")
    link.click(timeout=SOON)
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("li")).to_have_count(1)
    task.append("more")
    expect(drawer.locator("li")).to_have_count(2)
    expect(drawer.locator(".canvas")).to_be_hidden()
    sent = journals.task(labels={"tree": task.id})
    expect(drawer.locator(".canvas tbody tr")).to_have_count(2, timeout=SOON)
    sent.finish()
    assert violations(page) == []
    page.reload()
    expect(drawer.locator("li")).to_have_count(2, timeout=SOON)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(f"{site.address}/dashboard/")
    task.finish()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_why_a_job_failed_is_told(site: Whole, page: Page, reports: list[str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{site.address}/dashboard")
    row_of(page, reports[3]).get_by_role("link").click(timeout=SOON)
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("region", name="Why it failed")).to_contain_text(
        "UnknownUserError", timeout=SOON
    )
    drawer.locator("summary").click()
    expect(drawer.get_by_role("region", name="Traceback")).to_contain_text(
        "Traceback (most recent call last)"
    )
    expect(drawer.get_by_role("region", name="Arguments")).to_contain_text("999")
    expect(drawer.locator("[data-part=spans]")).to_have_text(re.compile(r"^waited \d.* · ran \d"))
    facts = drawer.locator(".facts")
    expect(facts).to_contain_text("Queue")
    expect(facts).to_contain_text("reports")
    expect(facts.locator("dd").nth(4)).to_have_text(re.compile("@"))
    expect(drawer.locator(".journal li").last).to_contain_text("There is no user with this number.")
    assert violations(page) == []


def test_a_job_is_run_again_and_says_which_one_it_repeats(
    site: Whole, page: Page, reports: list[str]
) -> None:
    page.goto(f"{site.address}/dashboard/?task={reports[0]}")
    drawer = page.get_by_role("dialog", name="reports.generate")
    drawer.get_by_role("button", name="Run again").click(timeout=SOON)
    sure = page.get_by_role("dialog", name="Run this job again?")
    expect(sure.get_by_role("button", name="Keep as is")).to_be_focused()
    assert violations(page) == []
    sure.get_by_role("button", name="Run again").click()
    expect(sure).to_be_hidden(timeout=SOON)
    expect(drawer.locator(".facts")).to_contain_text(f"Repeats{reports[0]}", timeout=SOON)
    expect(drawer.locator(".state")).to_have_text("SUCCESS", timeout=SOON)
    expect(page).not_to_have_url(re.compile(reports[0]))


def test_many_jobs_are_cancelled_after_a_question(site: Whole, page: Page, journals: Journals) -> None:
    tasks = [journals.task(labels={"tags": "many"}) for _ in range(2)]
    page.goto(f"{site.address}/dashboard/?tag=many")
    for task in tasks:
        row_of(page, task).get_by_role("checkbox").check(timeout=SOON)
    chosen = page.get_by_role("group", name="Chosen jobs")
    expect(chosen).to_contain_text("2 jobs chosen")
    chosen.get_by_role("button", name="Cancel").click()
    sure = page.get_by_role("dialog", name="Cancel 2 jobs?")
    sure.get_by_role("button", name="Keep as is").click()
    assert [len(task.records()) for task in tasks] == [1, 1]
    chosen.get_by_role("button", name="Cancel").click()
    tasks[1].finish()
    sure.get_by_role("button", name="Cancel jobs").click()
    expect(sure).to_contain_text("1 job cancelled or asked to stop, 1 refused.", timeout=SOON)
    expect(sure).to_contain_text("The task has ended already. (too_late)")
    assert violations(page) == []


def test_a_queue_is_paused_purged_and_resumed_after_questions(site: Whole, page: Page) -> None:
    page.goto(f"{site.address}/dashboard")
    row = page.locator("#queues tbody tr", has_text="texts")
    sure = page.locator("#sure")

    def do(what: str, *, told: str) -> None:
        row.get_by_role("button", name=f"{what} texts").click(timeout=SOON)
        expect(sure).to_contain_text(f"{what} the queue texts?")
        expect(sure.get_by_role("button", name="Keep as is")).to_be_focused()
        sure.get_by_role("button", name=f"{what} queue").click()
        expect(sure.get_by_role("status")).to_contain_text(told, timeout=SOON)
        assert violations(page) == []
        sure.get_by_role("button", name="Close").click()

    do("Pause", told="stopped taking jobs from it")
    expect(row.locator("td.number").nth(1)).to_have_text("Paused", timeout=SOON)
    expect(row.get_by_role("button", name="Resume texts")).to_be_focused()
    task = httpx.post(f"{site.address}/texts", json={"words": 7}).json()["task_id"]
    expect(row.locator("td.number").nth(0)).to_have_text("1", timeout=SOON)
    page.set_viewport_size({"width": 360, "height": 800})
    assert (overflow(page), violations(page)) == (0, [])
    do("Purge", told="1 message taken out, 1 job ended.")
    expect(row_of(page, task)).to_contain_text("REVOKED", timeout=SOON)
    expect(row_of(page, task)).to_contain_text("The task was taken out of its queue before it began.")
    do("Resume", told="takes jobs from it again")
    expect(row.locator("td.number").nth(1)).to_have_text(re.compile(r"^[1-9]"), timeout=SOON)
    task = httpx.post(f"{site.address}/texts", json={"words": 7}).json()["task_id"]
    expect(row_of(page, task)).to_contain_text("SUCCESS", timeout=SOON)


def test_failures_of_one_cause_are_one_row(site: Whole, page: Page, reports: list[str]) -> None:
    page.goto(f"{site.address}/dashboard")
    group = page.locator("#failures tbody tr", has_text="reports.generate")
    expect(group.locator("td").nth(0)).to_have_text("UnknownUserError", timeout=SOON)
    expect(group.locator("td").nth(1)).to_have_text("1")
    group.get_by_role("link").click()
    expect(row_of(page, reports[3])).to_be_visible(timeout=SOON)
    expect(page.locator("#jobs tbody tr")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(site: Whole, page: Page, reports: list[str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{site.address}/dashboard")
    expect(row_of(page, reports[3])).to_contain_text("FAILURE", timeout=SOON)
    assert violations(page) == []


#: Columns that a row shows as they are, or as cells that say what they are; an empty cell says nothing.
_MISSING = """() => [...document.querySelectorAll("main tbody tr, dialog[open] tbody tr")]
  .flatMap((row) => [...row.children].filter((cell) => cell.textContent && !cell.checkVisibility()))
  .map((cell) => cell.outerHTML)"""

#: What is left of a mark where the browser takes all backgrounds away.
_MARK = "(element) => parseFloat(getComputedStyle(element, '::before').borderTopWidth)"


def test_what_belongs_together_is_drawn_over_time(site: Whole, page: Page) -> None:
    answer = httpx.post(f"{site.address}/reports/batches", json={"user_ids": [1, 2, 999]})
    page.goto(f"{site.address}/dashboard/?task={answer.json()['task_id']}")
    drawer = page.locator("#job")
    rows = drawer.locator(".canvas tbody tr")
    expect(rows).to_have_count(4, timeout=SOON)
    failed = rows.filter(has_text="FAILURE")
    expect(failed).to_have_count(1, timeout=SOON)
    expect(rows.nth(0).get_by_role("link", name="reports.batch")).to_have_attribute("aria-current", "true")
    for row in rows.all():
        assert row.locator(".ran").evaluate("(bar) => bar.offsetWidth") > 0
        expect(row.locator("td.number").nth(1)).to_have_text(re.compile(r"^\d"))
    page.emulate_media(forced_colors="active")
    for width in (360, 640):  # a phone, and 200 % of a desktop
        page.set_viewport_size({"width": width, "height": 800})
        assert (overflow(page), violations(page), page.evaluate(_MISSING)) == (0, [], [])
    for mark in page.locator("#jobs tbody .state, .canvas tbody .state, #line").all():
        assert mark.evaluate(_MARK) > 0
    assert failed.locator(".ran").evaluate("(bar) => parseFloat(getComputedStyle(bar).borderTopWidth)") > 0
    failed.get_by_role("link").click()
    expect(drawer.get_by_role("region", name="Why it failed")).to_contain_text("999", timeout=SOON)
    expect(failed.get_by_role("link")).to_have_attribute("aria-current", "true")


def test_a_line_of_a_log_is_searched_copied_and_found_again(
    site: Whole, page: Page, journals: Journals
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.address)
    task = journals.task()
    task.append(state=events.STARTED, type="state")
    task.write("one fish\ntwo fish\n")
    marked = task.append("Read the needle", type="log")
    for number in range(60):
        task.append(f"Straw {number}", type="log")
    page.goto(f"{site.address}/dashboard/?task={task.id}")
    drawer = page.locator("#job")
    log = drawer.locator(".log")
    output, lines = (log.locator(f"[data-lines={which}] li:visible") for which in ("output", "events"))
    expect(output).to_have_count(2, timeout=SOON)
    expect(lines).to_have_count(64)
    expect(output.nth(0)).to_have_text(re.compile(r"^1\d\d:\d\d:\d\d\.\d{3}one fish$"))

    search = log.get_by_role("searchbox")
    search.fill("NEEDLE read")
    expect(lines).to_have_count(1)
    expect(log.locator(".search .note")).to_have_text("1 line")
    expect(output).to_have_count(0)
    lines.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"line={marked}$"))
    search.fill("")
    expect(lines).to_have_count(64)
    chosen = log.get_by_role("group", name="Chosen line")
    chosen.get_by_role("button", name="Copy line").click()
    expect(log.locator(".search .note")).to_have_text("The line is copied.")
    assert page.evaluate("navigator.clipboard.readText()").endswith("Z log Read the needle")
    chosen.get_by_role("button", name="Copy link").click()
    expect(log.locator(".search .note")).to_have_text("The link is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert violations(page) == []

    page.set_viewport_size({"width": 360, "height": 800})
    page.reload()
    found = log.locator("li[data-chosen]")
    expect(found).to_contain_text("Read the needle", timeout=SOON)
    expect(found).to_be_in_viewport()
    assert (overflow(page), violations(page)) == (0, [])
    found.get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    expect(lines.filter(has_text="Straw 0").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(found).to_contain_text("Straw 0")
    page.keyboard.press("Enter")
    expect(found).to_have_count(0)
    expect(page).not_to_have_url(re.compile("line="))
    task.finish()


def test_a_replay_asks_once_for_what_is_known_of_a_job(site: Whole, page: Page, journals: Journals) -> None:
    task = journals.task()
    for state in ("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH"):
        task.append(state=state, type="state")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.address}/dashboard/?task={task.id}")
    expect(page.locator("#job .log li")).to_have_count(6, timeout=SOON)
    details = f"{site.address}/dashboard/tasks/{task.id}"
    while asked.count(details) < 2:  # the one after the replay
        page.wait_for_event("request", timeout=SOON)
    task.finish()
    expect(page.locator("#job .facts dd").nth(2)).to_have_text(re.compile(":"), timeout=SOON)  # ended
    assert asked.count(details) <= 3
