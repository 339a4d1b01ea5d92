"""`<task-progress>` for people who use a keyboard, a screen reader, or colours of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.support.gateway import ROOT

from .gallery import markup, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from .gallery import Gallery

AXE = Path(ROOT / "node_modules" / "axe-core" / "axe.min.js")


def note_announcements(page: Page) -> None:
    """Keep in `said` what the page's one live region says from now on."""
    page.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelector("task-progress").shadowRoot.querySelector("[role=status]");
          new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true });
        }"""
    )


class TestAccessibility:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [360, 1280])
    def test_axe_finds_nothing(
        self, served: Gallery, browser: Browser, scheme: Literal["light", "dark"], width: int
    ) -> None:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(served.page("".join(every_state(served))))
        for state in ("Queued", "Running", "Retrying", "Failed", "Done", "Unavailable"):
            expect(page.locator("#state", has_text=state).first).to_be_visible()
        for summary in page.locator("task-progress[details] summary").all():
            summary.click()
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run()")
        assert [each["id"] for each in found["violations"]] == []
        assert found["passes"]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        context.close()

    def test_announcements_are_few(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        element = served.show(page, task)
        expect(element.get_by_role("status")).to_have_text("Report: Running, A worker has begun")
        note_announcements(page)
        for current in range(1, 101):
            task.progress(current, 100, f"Row {current}")
        task.succeed()
        expect(element.get_by_role("status")).to_have_text("Report: Done, 100%, Finished")
        # A hundred steps: at the most each quarter, and the end.
        assert 1 <= len(page.evaluate("said")) <= 5

    def test_silent_says_nothing(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.succeed()
        other = served.task()
        other.succeed()
        page.goto(served.page(markup(task, "silent") + markup(other)))
        loud = page.get_by_role("status").nth(1)
        expect(loud).to_have_text("Report: Done, 100%, Finished")
        expect(page.get_by_role("status").nth(0)).to_be_empty()

    def test_reduced_motion_moves_nothing(self, served: Gallery, browser: Browser) -> None:
        task = served.task()
        task.start()
        for motion, moving in (("no-preference", True), ("reduce", False)):
            context = browser.new_context(reduced_motion=motion)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(served.page(markup(task)))
            expect(page.locator("#state")).to_have_text("Running")
            assert (
                bool(page.locator("task-progress").evaluate("e => e.shadowRoot.getAnimations().length"))
                is moving
            )
            context.close()

    def test_forced_colours_keep_the_bar(self, served: Gallery, browser: Browser) -> None:
        task = served.task()
        task.start()
        task.progress(1, 2)
        context = browser.new_context(forced_colors="active")
        page = context.new_page()
        page.goto(served.page(markup(task)))
        expect(page.locator("#figure")).to_have_text("50%")
        colour = "e => getComputedStyle(e).backgroundColor"
        assert page.locator("#bar").evaluate(colour) != page.locator("#track").evaluate(colour)
        context.close()


def every_state(served: Gallery) -> Iterator[str]:
    """One element for each thing that an element can show."""
    yield markup(served.task(), "cancellable details")
    (queued := served.task()).state("PENDING", ahead=3, estimate={"start": 60.0, "spread": 4.0})
    (running := served.task()).start()
    running.progress(2, 5, "Drew the charts", estimate={"end": 30.0})
    (counting := served.task()).start()
    counting.progress(7)
    (writing := served.task()).start()
    writing.progress(1, 2, steps=steps(("Load", "done"), ("Render", "running"), ("Store", "failed")))
    writing.write("One line\n" * 60, lost=7)
    (retrying := served.task()).start()
    retrying.retry(delay=3600)
    (failed := served.task()).fail("FAILURE", "task_failed", "The task failed.")
    (done := served.task()).succeed({"url": "/files/a"})
    for task in (queued, running, writing, counting, retrying, failed, done):
        yield markup(task, "cancellable details")
    yield '<task-progress task-id="nobody" label="Nobody"></task-progress><task-progress></task-progress>'
