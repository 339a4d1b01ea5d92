"""`<task-feed>` and what it shows, of tasks whose every state is told by the test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.support.gateway import ROOT
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.support.telling import ToldTask

    from .gallery import Gallery

AXE = Path(ROOT / "node_modules" / "axe-core" / "axe.min.js")
ELEMENT = '<script type="module" src="/element/feed/index.js"></script>'
LONG = "Read the rows of a file whose name is longer than any phone is wide. " * 6


def markup(feed: str, attributes: str = "", content: str = "") -> str:
    return f'<task-feed feed="{feed}" label="My reports" {attributes}>{content}</task-feed>'


class Owner:
    """Somebody with tasks, and a page with the list of them."""

    def __init__(self, gallery: Gallery) -> None:
        self.name = f"ada-{uuid4()}"
        self.feed = f"owner:{self.name}"
        self._gallery = gallery

    def task(self, name: str = "reports.generate", **sent: Any) -> ToldTask:
        return self._gallery.task(name=name, owner=self.name, **sent)

    def show(self, page: Page, attributes: str = "", content: str = "") -> Locator:
        page.goto(self._gallery.page(markup(self.feed, attributes, content), head=ELEMENT))
        return page.locator("task-feed")

    def one_of_each(self) -> None:
        """A task in each state that looks its own way."""
        (done := self.task()).start()
        done.succeed({"url": "/files/a"})
        (failed := self.task("images.resize")).start()
        failed.fail("FAILURE", "task_failed", "The task failed.")
        self.task().fail("REVOKED", "revoked", "The task was cancelled.")
        (retrying := self.task()).start()
        retrying.retry(delay=3600)
        (arabic := self.task("تقارير.شهرية")).start()
        arabic.progress(3, 5, "تم رسم المخططات (3 من 5) – ready")
        (counting := self.task("exports." + "a_name_without_a_break_" * 6)).start()
        counting.progress(7, message=LONG)
        (running := self.task()).start()
        running.progress(2, 5, "Drew the charts", estimate={"end": 30.0})
        self.task().state("PENDING", ahead=3)


@pytest.fixture
def owner(served: Gallery) -> Owner:
    return Owner(served)


class Canvas:
    """A report: its rows are loaded, four charts drawn, and all of it is put together."""

    def __init__(self, gallery: Gallery) -> None:
        self.tree = str(uuid4())
        self.charts: list[ToldTask] = []
        self._gallery = gallery

    def task(self, name: str, **sent: Any) -> ToldTask:
        return self._gallery.task(name=name, tree=self.tree, **sent)

    def begin(self) -> None:
        (loading := self.task("reports.load")).start()
        loading.succeed()
        self.charts = [self.task("charts.draw") for _ in range(4)]
        for chart in self.charts[:3]:
            chart.start()
        self.charts[0].succeed({"url": "/files/a.png"})
        self.charts[1].progress(3, 4, "Drew the axes")
        self.charts[2].fail("FAILURE", "task_failed", "The task failed.")
        self.task("reports.assemble", waiting="dependency")

    def show(self, page: Page) -> Locator:
        body = f'<task-feed feed="tree:{self.tree}" label="Report of May"></task-feed>'
        page.goto(self._gallery.page(body, head=ELEMENT))
        return page.locator("task-feed")


@pytest.fixture
def canvas(served: Gallery) -> Canvas:
    return Canvas(served)


def rows(element: Locator) -> Locator:
    return element.get_by_role("listitem")


def title_of(row: Locator) -> Locator:
    return row.locator("[part=name]")


class TestWhatIsShown:
    def test_the_newest_first_and_how_all_stand(self, owner: Owner, page: Page) -> None:
        (first := owner.task("reports.first")).start()
        owner.task("reports.second")
        element = owner.show(page)
        expect(rows(element)).to_have_count(2)
        expect(title_of(rows(element).nth(0))).to_have_text("reports.second")
        expect(element.locator("#summary")).to_have_text("1 queued · 1 running")
        first.succeed({"url": "/files/a.pdf"})
        owner.task("reports.third").fail("FAILURE", "quota", "Your quota is used up.")
        expect(element.locator("#summary")).to_have_text("1 queued · 1 done · 1 failed")
        expect(rows(element)).to_have_text(
            [
                re.compile("reports.third.*Failed.*Your quota is used up.*quota"),
                re.compile("reports.second.*Queued"),
                re.compile("reports.first.*Done"),
            ]
        )
        link = rows(element).nth(2).get_by_role("link", name="Open the result: reports.first")
        expect(link).to_have_attribute("href", re.compile("/files/a.pdf$"))

    def test_progress_moves_the_bar_and_nothing_else(self, owner: Owner, page: Page) -> None:
        (task := owner.task()).start()
        task.progress(1, 5, "Drew the charts")
        element = owner.show(page)
        bar = element.get_by_role("progressbar", name="reports.generate")
        expect(bar).to_have_attribute("aria-valuenow", "20")
        # Somebody selects the title, and the page remembers the nodes.
        title_of(rows(element)).evaluate(
            """node => {
              getSelection().selectAllChildren(node);
              window.kept = node.getRootNode().querySelector("li");
            }"""
        )
        selected = page.evaluate("getSelection().toString()")
        task.progress(4, 5, "Drew the charts")
        owner.task("reports.other")
        expect(bar).to_have_attribute("aria-valuenow", "80")
        expect(bar).to_have_attribute("aria-valuetext", "80% Drew the charts")
        expect(rows(element)).to_have_count(2)
        assert page.evaluate("kept.isConnected && kept === kept.parentNode.children[1]")
        assert page.evaluate("getSelection().toString()") == selected
        task.succeed()
        expect(bar).to_have_count(0)

    def test_an_empty_list_says_so_until_there_is_one(self, owner: Owner, page: Page) -> None:
        element = owner.show(page)
        expect(element.locator("#empty")).to_have_text("No tasks yet")
        expect(element.get_by_role("list")).to_have_count(0)
        owner.task()
        expect(rows(element)).to_have_count(1)
        expect(element.locator("#empty")).to_be_hidden()

    def test_the_page_has_its_own_words_for_it(self, owner: Owner, page: Page) -> None:
        task = owner.task()
        content = '<b slot="title">Meine Berichte</b><i slot="empty">Noch nichts</i>'
        element = owner.show(page, content=content)
        expect(rows(element)).to_have_count(1)
        element.evaluate(
            """e => {
              e.titleOf = ({ state }) => `Report ${state}`;
              e.linkOf = ({ taskId }) => `/jobs/${taskId}`;
            }"""
        )
        link = rows(element).get_by_role("link", name="Report PENDING")
        expect(link).to_have_attribute("href", f"/jobs/{task.id}")
        expect(element.get_by_role("list", name="Meine Berichte")).to_be_visible()

    def test_no_more_than_its_limit(self, owner: Owner, page: Page) -> None:
        for number in range(3):
            owner.task(f"reports.{number}")
        element = owner.show(page, 'limit="2"')
        expect(rows(element)).to_have_count(2)
        expect(element.locator("#note")).to_have_text("The newest 2 of 3")
        owner.task("reports.3")
        expect(title_of(rows(element))).to_have_text(["reports.3", "reports.2"])
        expect(element.locator("#note")).to_have_text("The newest 2 of 4")

    def test_a_list_that_is_none_of_ours(self, served: Gallery, page: Page) -> None:
        page.goto(served.page(markup("owner:me"), head=ELEMENT))
        expect(page.locator("#empty")).to_have_text("There is no such list for you")
        expect(page.locator("#card")).to_have_attribute("part", "card gone")

    def test_a_line_that_is_lost_is_told_once(self, owner: Owner, page: Page) -> None:
        owner.task()
        owner.task()
        element = owner.show(page)
        expect(rows(element)).to_have_count(2)
        wait_until(lambda: bool(element.evaluate("e => e.watch.line === 'live'")))
        page.context.set_offline(True)
        element.evaluate("e => e.watch.drop()")
        expect(element.get_by_text("You are offline")).to_have_count(1)
        page.context.set_offline(False)
        owner.task()
        expect(rows(element)).to_have_count(3)
        expect(element.locator("#note")).to_be_hidden()


class TestOfOneWhole:
    def test_a_tree_has_one_bar_and_its_parts(self, canvas: Canvas, page: Page) -> None:
        canvas.begin()
        element = canvas.show(page)
        bar = element.get_by_role("progressbar", name="Report of May")
        expect(bar).to_have_attribute("aria-valuenow", "50")
        parts = element.locator("[part=part]")
        # In the order in which they were sent; a part with a single task needs no heading.
        expect(parts.locator("[part=heading]:visible")).to_have_text(["charts.draw2 of 4 ended"])
        expect(parts).to_have_text(
            [
                re.compile("reports.load.*Done"),
                re.compile("charts.draw.*Done.*Running.*75%.*Failed.*Queued"),
                re.compile("reports.assemble.*Waiting for the task before it"),
            ]
        )
        expect(element.get_by_role("list", name="charts.draw").get_by_role("listitem")).to_have_count(4)
        canvas.charts[1].succeed()
        expect(parts.locator("[part=heading]:visible")).to_have_text(["charts.draw3 of 4 ended"])
        expect(bar).to_have_attribute("aria-valuenow", "66")

    def test_with_one_name_it_is_a_plain_list(self, canvas: Canvas, page: Page) -> None:
        for _ in range(3):
            canvas.task("charts.draw")
        element = canvas.show(page)
        expect(element.get_by_role("progressbar", name="Report of May")).to_be_visible()
        expect(rows(element)).to_have_count(3)
        expect(element.locator("[part=part]")).to_have_count(0)


class TestEvents:
    def test_they_bubble_out_of_every_tree(self, owner: Owner, page: Page) -> None:
        task = owner.task()
        element = owner.show(page)
        page.evaluate(
            """() => {
              window.told = [];
              for (const type of ["feed-change", "feed-event", "feed-failed"]) {
                document.addEventListener(type, ({ detail }) => told.push([type, detail]));
              }
            }"""
        )
        wait_until(lambda: bool(element.evaluate("e => e.watch.line === 'live'")))
        task.succeed({"rows": 3})
        wait_until(lambda: page.evaluate("told.some(([type]) => type === 'feed-event')"))
        (event,) = page.evaluate("told.filter(([type]) => type === 'feed-event').map(([, detail]) => detail)")
        assert (event["task_id"], event["state"], event["result"]) == (task.id, "SUCCESS", {"rows": 3})
        change = page.evaluate("told.findLast(([type]) => type === 'feed-change')[1]")
        assert [each["state"] for each in change["tasks"]] == ["SUCCESS"]
        assert change["rollup"]["done"] == {"SUCCESS": 1}
        element.evaluate("e => e.feed = 'owner:me'")
        wait_until(lambda: page.evaluate("told.at(-1)[0] === 'feed-failed'"))
        assert page.evaluate("told.at(-1)[1].error.code") == "unknown_feed"

    def test_an_element_that_is_taken_out_lets_go_and_comes_back(self, owner: Owner, page: Page) -> None:
        task = owner.task()
        element = owner.show(page)
        expect(rows(element)).to_have_count(1)
        element.evaluate("e => { window.element = e; e.remove(); }")
        wait_until(lambda: page.evaluate("element.watch === null"))
        task.succeed()
        owner.task()
        page.evaluate("document.body.append(element)")
        expect(rows(element)).to_have_text([re.compile("Queued"), re.compile("Done")])


class TestAccessibility:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [360, 1280])
    def test_axe_finds_nothing(
        self,
        served: Gallery,
        owner: Owner,
        canvas: Canvas,
        browser: Browser,
        scheme: Literal["light", "dark"],
        width: int,
    ) -> None:
        owner.one_of_each()
        canvas.begin()
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        lists = markup(owner.feed, 'limit="7"') + markup("owner:nobody") + markup("owner:me")
        tree = f'<task-feed feed="tree:{canvas.tree}" label="Report of May"></task-feed>'
        page.goto(served.page(lists + tree, head=ELEMENT))
        expect(page.get_by_text("2 of 4 ended")).to_be_visible()
        expect(rows(page.locator("task-feed").first)).to_have_count(7)
        for words in ("No tasks yet", "There is no such list for you"):
            expect(page.locator("#empty:not([hidden])", has_text=words)).to_have_count(1)
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run()")
        assert [each["id"] for each in found["violations"]] == []
        assert found["passes"]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        context.close()

    def test_the_counts_are_announced_and_not_each_step(self, owner: Owner, page: Page) -> None:
        tasks = [owner.task() for _ in range(5)]
        element = owner.show(page)
        status = element.get_by_role("status")
        expect(status).to_have_text("My reports: 5 queued")
        status.evaluate(
            """region => {
              window.said = [];
              new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true });
            }"""
        )
        for task in tasks:
            task.start()
            for current in range(1, 11):
                task.progress(current, 10, f"Row {current}")
            task.succeed()
        expect(status).to_have_text("My reports: 5 done")
        assert 1 <= len(page.evaluate("said")) <= 10

    def test_silent_says_nothing(self, owner: Owner, page: Page) -> None:
        owner.task()
        element = owner.show(page, "silent")
        expect(rows(element)).to_have_count(1)
        page.wait_for_timeout(1_500)  # longer than an announcement waits
        expect(element.get_by_role("status")).to_be_empty()

    def test_what_is_written_from_right_to_left_turns_nothing_around(self, owner: Owner, page: Page) -> None:
        (task := owner.task("تقارير.شهرية")).start()
        task.progress(3, 5, "تم رسم المخططات (3 من 5)")
        element = owner.show(page)
        row = rows(element)
        expect(row.locator("[part=figure]")).to_have_text("60%")
        left = "node => node.getBoundingClientRect().left"
        assert row.locator("[part=figure]").evaluate(left) > row.locator("[part=message]").evaluate(left)
        assert row.locator("[part~=state]").evaluate(left) > title_of(row).evaluate(left)
        directions = row.locator("[dir=auto]").evaluate_all(
            "nodes => nodes.map((node) => getComputedStyle(node).direction)"
        )
        assert directions == ["rtl", "rtl"]

    def test_focus_stays_in_the_list_when_its_task_goes(self, owner: Owner, page: Page) -> None:
        owner.task().succeed({"url": "/files/a"})
        element = owner.show(page, 'limit="1"')
        expect(element.get_by_role("link")).to_be_visible()
        page.keyboard.press("Tab")
        expect(element.get_by_role("link")).to_be_focused()
        owner.task()
        expect(rows(element)).to_have_text(re.compile("Queued"))
        expect(element.get_by_role("list")).to_be_focused()
