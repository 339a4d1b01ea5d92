"""What a task does step by step, and the text that it writes, in `<task-progress>`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.waiting import wait_until

from .gallery import steps

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .gallery import Gallery

#: Lines from both sides, a surrogate pair, both kinds of line ends, and what would be markup.
TEXT = "One & <b>two</b>\n\u0645\u0631\u062d\u0628\u0627 (3)\r\n\N{GRINNING FACE} \u05e9\u05dc\u05d5\u05dd\n"

#: Units of text that stand on a page at the most: the newest, and one piece.
MOST = 220_000


def text_of(element: Locator) -> str:
    found: str = element.locator("#output").evaluate("node => node.textContent")
    return found


def is_at_end(element: Locator) -> bool:
    found: bool = element.locator("#output").evaluate(
        "node => node.scrollHeight - node.scrollTop - node.clientHeight < 2 && node.scrollTop > 0"
    )
    return found


class TestSteps:
    def test_each_says_how_it_stands(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.progress(1, 2, steps=steps(("Load", "done"), ("Render", "running"), percent=40.0))
        element = served.show(page, task)
        items = element.get_by_role("list", name="Steps").get_by_role("listitem")
        expect(items).to_have_text([re.compile("Done: Load2 s"), re.compile("Running: Render40%")])
        expect(items.nth(1)).to_have_attribute("aria-current", "step")
        task.progress(
            2,
            2,
            steps=steps(
                ("Load", "done"),
                ("Render", "failed"),
                ("\u0627\u0644\u0635\u0641\u062d\u0629", "stopped"),
                depth=1,
            ),
        )
        expect(items).to_have_count(3)
        expect(items.nth(1)).to_have_attribute("part", "step failed")
        expect(items.nth(2)).to_have_text(re.compile("Stopped"))
        assert items.nth(2).evaluate("node => parseFloat(node.style.paddingInlineStart)") == 1

    def test_another_attempt_begins_without(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.progress(1, 2, steps=steps(("Load", "running")))
        element = served.show(page, task)
        expect(element.get_by_role("listitem")).to_have_count(1)
        task.retry(delay=3600)
        task.start()
        expect(element.locator("#note")).to_have_text("Attempt 2")
        expect(element.get_by_role("listitem")).to_have_count(0)


class TestText:
    def test_it_comes_piece_by_piece_as_it_was_written(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Running")
        expect(element.get_by_role("region")).to_have_count(0)
        for _ in range(20):
            task.write(TEXT)
        expect(element.get_by_role("region", name="Output")).to_be_visible()
        wait_until(lambda: text_of(element) == TEXT * 20)
        directions = element.locator("#output").evaluate("node => getComputedStyle(node).unicodeBidi")
        assert directions == "plaintext"

    def test_whoever_comes_later_has_all_of_it_and_what_follows(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        for number in range(50):
            task.write(f"{number} ")
        element = served.show(page, task)
        whole = "".join(f"{number} " for number in range(50))
        wait_until(lambda: text_of(element) == whole)
        task.write("end", lost=1_200)
        wait_until(lambda: text_of(element) == whole + "end")
        expect(element.get_by_text("1,200 more characters were written and not kept")).to_be_visible()

    def test_it_follows_its_end_unless_somebody_has_scrolled_away(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.write("A line\n" * 100)
        element = served.show(page, task)
        output = element.locator("#output")
        wait_until(lambda: is_at_end(element))
        task.write("A line\n" * 50)
        wait_until(lambda: text_of(element).count("\n") == 150)
        assert is_at_end(element)
        output.evaluate("node => (node.scrollTop = 40)")
        task.write("A line\n" * 50)
        wait_until(lambda: text_of(element).count("\n") == 200)
        assert output.evaluate("node => node.scrollTop") == 40
        output.evaluate("node => (node.scrollTop = node.scrollHeight)")
        task.write("The last line")
        wait_until(lambda: text_of(element).endswith("The last line"))
        assert is_at_end(element)

    def test_another_attempt_begins_anew(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.write("First")
        element = served.show(page, task)
        wait_until(lambda: text_of(element) == "First")
        task.retry(delay=3600)
        task.start()
        expect(element.locator("#output")).to_be_hidden()
        task.write("Second")
        wait_until(lambda: text_of(element) == "Second")

    def test_a_page_holds_no_more_than_the_newest(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        element = served.show(page, task)
        for number in range(40):
            task.write(f"{number:02} " + "x" * 9_997)
        wait_until(lambda: "39 x" in text_of(element))
        text = text_of(element)
        assert len(text) <= MOST
        assert "00 x" not in text
        assert element.evaluate("e => e.job.output.text.length") == 400_000
