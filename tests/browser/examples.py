"""The back end of the examples in `frontend/examples/`, and what each of them does."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect

from tests.docs.samples import moved, serving, working
from tests.support.gateway import ROOT
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from stack.valkey import Valkey

EXAMPLES = ROOT / "frontend/examples"


@contextmanager
def shop(folder: Path, valkey: Valkey, *friends: str) -> Iterator[str]:
    """Its origin, with a worker beside it. ``folder`` has the examples; ``friends`` are other origins."""
    jobs = moved((EXAMPLES / "jobs.py").read_text(), valkey)
    (folder / "jobs.py").write_text(jobs.replace("sleep(0.25)", "sleep(0.02)"))
    settings = {"TASKBEAM_AUTH": "open", "TASKBEAM_ALLOWED_ORIGINS": json.dumps(friends)}
    with (
        working("celery -A jobs worker -P threads", folder),
        serving("taskbeam serve --app shop:app", folder, **settings) as origin,
    ):
        yield origin


def make_report(shop: str) -> str:
    """As a page does it; the task's id."""
    task_id: str = httpx.post(f"{shop}/reports", timeout=DEADLINE).json()["task_id"]
    return task_id


def press_and_see(page: Page) -> None:
    """Start a task, and see it to its end."""
    page.get_by_role("button", name="Make a report").click()
    see(page)


def see(page: Page) -> None:
    """The page does something with the result, and the element has followed the task to it."""
    expect(page.get_by_text("1204 orders")).to_be_visible()
    for element in page.locator("task-progress").all():  # htmx puts another one in its place
        expect(element.locator("#state")).to_have_text("Done")
