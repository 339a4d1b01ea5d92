"""Somebody who has an account at the sample's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PASSWORD = "correct horse"


def sign_up(page: Page, name: str) -> None:
    """Create an account by the page's form, and wait until the page has begun anew."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Create an account").click()
    expect(account(page)).to_have_text(name)


def account(page: Page) -> Locator:
    """Who has signed in."""
    return page.locator("#account b")
