"""The job that was chosen, or has just begun, is brought into view where it is not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .gallery import Gallery

#: Where the details begin, as a part of the window's height.
TOP = "node => node.getBoundingClientRect().top / innerHeight"


def begins_in_the_upper_half(page: Page) -> None:
    title = page.locator("#detail-title")
    expect(title).to_be_in_viewport()
    assert 0 <= title.evaluate(TOP) <= 0.5


def test_one_that_was_chosen_in_a_low_window(served: Gallery, page: Page) -> None:
    page.set_viewport_size({"width": 1360, "height": 480})
    tasks = [{"task_id": served.task().id, "title": f"Job {number}"} for number in range(20)]
    page.goto(f"{served.address}/favicon.svg")
    page.evaluate("tasks => localStorage.setItem('taskbeam.recent', JSON.stringify(tasks))", tasks)
    page.goto(served.address)
    expect(page.locator("#detail-title")).to_have_text("Job 0")
    for number in (3, 19):
        page.evaluate("scrollTo(0, 0)")
        assert page.locator("#detail-title").evaluate(TOP) > 0.5
        # By the keyboard, which scrolls no further than to the link.
        page.get_by_role("link", name=f"Job {number} ").press("Enter")
        expect(page.locator("#detail-title")).to_have_text(f"Job {number}")
        begins_in_the_upper_half(page)


@pytest.mark.parametrize("size", [(1360, 480), (390, 664)], ids=["low", "phone"])
def test_one_that_has_just_begun(served: Gallery, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    task = served.task()
    page.route("**/reports/year", lambda route: route.fulfill(status=202, json={"task_id": task.id}))
    page.goto(served.address)
    page.get_by_role("button", name="Make the year’s report").click()
    expect(page.locator("#detail-title")).to_have_text("The year’s report")
    begins_in_the_upper_half(page)
