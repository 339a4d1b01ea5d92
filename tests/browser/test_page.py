"""The page at `/`, as a person meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.whole import Whole

#: Milliseconds in which a report is made, also on a machine that does other things.
DONE = 60_000


def test_a_report_is_asked_for_and_its_end_is_seen(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[data-state]").first).to_have_text("SUCCESS", timeout=DONE)
