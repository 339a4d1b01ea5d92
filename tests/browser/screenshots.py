"""``python -m tests.browser.screenshots``: pictures of both pages for the documents, light and dark.

Everything on them is real: the jobs run, the line is cut, the transports change. About three minutes.
"""

from __future__ import annotations

import random
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from PIL import Image
from playwright.sync_api import expect

from tests.support.chromium import chromium
from tests.support.gateway import ROOT
from tests.support.whole import whole
from tests.worker.pictures import encoded, gradient

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ROOT / "docs/images"
VIEWPORT = {"width": 1360, "height": 900}
SCHEMES = ("light", "dark")

#: Milliseconds. That of the year's report is half a minute of work.
DONE = 60_000
YEAR_DONE = 10 * DONE
SECOND = 1_000

#: Seconds of work that the dashboard shows.
BUSY = 75


def main() -> None:
    """Start everything, use it, and look at it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        whole(Path(folder)) as site,
        chromium() as browser,
    ):
        page = browser.new_context(viewport=VIEWPORT).new_page()  # type: ignore[arg-type]
        keep_busy(page, site.address)
        page.goto(f"{site.address}/dashboard")
        expect(page.locator("#jobs tbody tr")).to_have_count(50, timeout=DONE)
        take(page, "dashboard")
        open_job(page, site.address)
        take(page, "job")
        use(page, site.address)
        take(page, "page", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator("#detail").evaluate("panel => panel.scrollIntoView()")
        take(page, "phone")


def keep_busy(page: Page, address: str) -> None:
    """An ordinary minute: reports now and then, some in bursts, a few that fail, pictures."""
    chance = random.Random(7)
    with httpx.Client(base_url=address) as client:
        for second in range(BUSY):
            burst = 14 if second % 17 == 0 else chance.randrange(3)
            for _ in range(burst):
                client.post("/reports", json={"user_id": chance.randrange(1, 251)})
            if second % 23 == 5:
                client.post("/reports", json={"user_id": 999})
            if second % 9 == 4:
                client.post("/images", content=encoded(gradient(1800 + second, 1200)))
            page.wait_for_timeout(SECOND)
        for width in range(4):
            client.post("/images", content=encoded(gradient(4000 + width, 3000)))


def open_job(page: Page, address: str) -> None:
    """A year's report, which is tried twice, sends another job and writes a line for each month."""
    task_id = httpx.post(f"{address}/reports/year", json={}).json()["task_id"]
    page.goto(f"{address}/dashboard/?task={task_id}")
    expect(page.locator("#job [data-lines=output] li")).to_have_count(5, timeout=3 * DONE)
    expect(page.locator("#job .canvas tbody tr")).to_have_count(2, timeout=DONE)


def use(page: Page, address: str) -> None:
    """Some reports, and that of the year, which is followed over every transport, with two cuts."""
    page.goto(address)
    state = page.locator("#detail task-progress [part~=state]")
    for user in ("31", "999", "7", "123"):
        page.get_by_label("Generate a report for user").fill(user)
        page.get_by_role("button", name="Generate", exact=True).click()
        expect(state).to_have_text("Failed" if user == "999" else "Done", timeout=DONE)
    page.get_by_role("button", name="Make the year’s report").click()
    count = page.locator(".journal [data-part=count]")
    cut = page.get_by_role("button", name="Drop the connection")
    # On a first visit the page has made the first cut itself.
    steps = {50: page.get_by_role("radio", name="SSE").check, 80: cut.click}
    for events, step in (steps | {110: page.get_by_role("radio", name="Long-polling").check}).items():
        page.wait_for_function(
            "([node, most]) => parseInt(node.textContent) >= most", arg=[count.element_handle(), events]
        )
        step()
    expect(state).to_have_text("Done", timeout=YEAR_DONE)


def take(page: Page, name: str, *, full_page: bool = False) -> None:
    """Write `<name>-<scheme>.png`, in 256 colours: a third of the bytes, and few see it."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(SECOND)  # what fades has faded
        with Image.open(BytesIO(page.screenshot(full_page=full_page))) as image:
            # This way to choose the colours leaves out none that is rare: what failed stays red.
            few = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
            few.save(FOLDER / f"{name}-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main()
