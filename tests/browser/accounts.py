"""Somebody who has an account at the sample's page."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.gateway import gateway
from tests.support.tokens import PUSHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

PASSWORD = "correct horse"


@contextmanager
def telling(valkey: Valkey, folder: Path) -> Iterator[Gateway]:
    """The sample's page, with accounts, for a gateway that tells of ends: no worker is needed for that."""
    settings = PUSHING | {
        "accounts_db": folder / "accounts.db",
        "webhooks": "[]",
        "webhook_networks": '["127.0.0.0/8"]',
        "critical_tasks": '["backups.*"]',
    }
    with gateway(valkey.url().removesuffix("/0"), **settings) as running:
        yield running


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
