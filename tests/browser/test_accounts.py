"""The sample's page for whoever has signed in, and for whoever has not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.support.telling import ToldTask

from .accounts import PASSWORD, account, sign_up
from .visiting import overflow, quiet_visit, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.support.journal import Journals
    from tests.support.whole import Whole

#: Milliseconds in which a job is done, also on a machine that does other things.
DONE = 60_000


def report(page: Page, user: int) -> None:
    page.get_by_label("Generate a report for user").fill(str(user))
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#detail-title")).to_have_text(f"Report for user {user}", timeout=DONE)
    expect(page.locator("#detail task-progress [part~=state]")).to_have_text("Done", timeout=DONE)


def test_ones_jobs_are_ones_own(site: Whole, page: Page) -> None:
    page.goto(site.address)
    report(page, 3)
    with quiet_visit(page, site.address):
        sign_up(page, "grace")
        expect(page.locator("#jobs [part~=row]")).to_have_count(0)  # that of before is nobody's
        report(page, 4)
        mine = page.url
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=DONE)
        expect(page.get_by_role("link", name="Report for user 3")).to_be_visible()
        expect(page.get_by_role("link", name="Report for user 4")).to_have_count(0)
    page.goto("about:blank")
    page.goto(mine)
    expect(page.locator("#detail task-progress [part~=state]")).to_have_text("Unavailable", timeout=DONE)


def test_a_browser_that_was_to_be_told_is_forgotten_with_its_user(site: Whole, page: Page) -> None:
    page.goto(site.address)
    sign_up(page, "mary")
    device = f"push_{'0' * 32}"
    page.evaluate(
        "(device) => localStorage.setItem(`taskbeam-device ${location.origin}/`, JSON.stringify({ device }))",
        device,
    )
    with page.expect_request(f"**/push/{device}") as asked:
        page.get_by_role("button", name="Sign out").click()
    assert asked.value.method == "DELETE"
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=DONE)
    assert page.evaluate("localStorage.getItem(`taskbeam-device ${location.origin}/`)") is None


def test_a_batch_is_one_bar_with_its_members(site: Whole, page: Page) -> None:
    with quiet_visit(page, site.address):
        page.goto(site.address)
        sign_up(page, "katherine")
        mine = page.locator("#mine task-feed")
        expect(mine).to_contain_text("My jobs")
        page.get_by_label("Generate a report for user").fill("100")
        page.get_by_role("button", name="Run 12 at once").click()
        batch = page.locator(".result task-feed")
        expect(batch).to_contain_text("12 done", timeout=DONE)
        expect(batch.locator("[part~=row]")).to_have_count(12)
        expect(batch.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "100", timeout=DONE)
        expect(mine).to_contain_text("13 done", timeout=DONE)
        assert violations(page) == []
        batch.get_by_role("link", name="Report for user 100", exact=True).click()
        expect(page.locator("[data-part=result] dl")).to_contain_text("Orders", timeout=DONE)


def test_ones_jobs_are_on_every_device(site: Whole, page: Page, browser: Browser) -> None:
    page.goto(site.address)
    sign_up(page, "annie")
    other = browser.new_context()
    phone = other.new_page()
    phone.goto(site.address)
    phone.get_by_role("button", name="Sign in", exact=True).click()
    dialog = phone.get_by_role("dialog")
    dialog.get_by_label("Name").fill("annie")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(account(phone)).to_have_text("annie", timeout=DONE)
    report(page, 5)
    mine = phone.locator("#mine task-feed")
    expect(mine).to_contain_text("1 done", timeout=DONE)
    mine.get_by_role("link", name="Report for user 5", exact=True).click()
    expect(phone.locator("[data-part=result] dl")).to_contain_text("Orders", timeout=DONE)
    other.close()


def test_a_wrong_password_is_said_in_words(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("nobody")
    dialog.get_by_label("Password").fill("wrong horse")
    dialog.get_by_label("Password").press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text(
        "no account with this name and password", timeout=DONE
    )
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_focused()


def is_at_its_end(text: Locator) -> bool:
    """Whether the newest words are in view."""
    at_end: bool = text.evaluate("page => page.scrollHeight - page.scrollTop - page.clientHeight < 8")
    return at_end


def test_a_text_is_written_and_is_still_there_after_a_reload(site: Whole, page: Page) -> None:
    with quiet_visit(page, site.address):
        page.goto(site.address)
        page.get_by_label("Write a text").fill("3000")
        page.get_by_role("button", name="Write", exact=True).click()
        expect(page.locator("#detail task-progress [part~=state]")).to_have_text("Done", timeout=DONE)
        text = page.locator("#detail task-progress [part=output]")
        whole = text.inner_text()
        assert len(whole) > 3000
        assert is_at_its_end(text)
        expect(page.locator(".result dl")).to_contain_text("3,000 words")
        page.reload()
        expect(text).to_have_text(whole, use_inner_text=True, timeout=DONE)
        assert violations(page) == []


def test_a_text_is_read_while_it_is_written(site: Whole, page: Page, journals: Journals) -> None:
    """The test writes it: a worker may be done before a slow browser has looked."""
    task = ToldTask(journals.writer, str(uuid4()))
    task.start()
    with quiet_visit(page, site.address):
        page.goto(f"{site.address}/#{task.id}")
        task.write("Early words. " * 400)
        text = page.locator("#detail task-progress [part=output]")
        expect(text).to_contain_text("Early words.", timeout=DONE)
        early = text.inner_text()
        task.write("What comes later. " * 400)
        expect(text).to_contain_text("What comes later.", timeout=DONE)
        whole = text.inner_text()
        assert whole.startswith(early[:100])
        assert len(whole) > len(early)
        assert is_at_its_end(text)
        task.succeed({"words": 2800})
        expect(page.locator(".result dl")).to_contain_text("2,800 words", timeout=DONE)
        assert text.inner_text() == whole


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_everybody(site: Whole, browser: Browser, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(site.address)
    sign_up(page, f"a-rather-long-name-on-a-{scheme}-phone")
    assert overflow(page) == 0
    assert violations(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert overflow(page) == 0
    context.close()
