"""`<task-progress>` and what it shows, with tasks whose every state is told by the test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .gallery import Gallery


class TestWhatIsShown:
    def test_a_queued_task_says_where_it_stands(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Queued")
        expect(element.locator("#message")).to_have_text("Waiting for a worker")
        task.state("PENDING", ahead=12, estimate={"start": 3000.0, "end": 3600.0, "spread": 4.0})
        expect(element.locator("#note")).to_have_text("12 ahead in the queue · starts in about 50 min")
        task.state("PENDING", ahead=0, waiting="no_consumer")
        expect(element.locator("#message")).to_have_text("No worker takes such tasks right now")
        expect(element.locator("#note")).to_have_text("Next in line")

    def test_progress_moves_the_bar(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        element = served.show(page, task)
        bar = element.get_by_role("progressbar", name="Report")
        expect(bar).not_to_have_attribute("aria-valuenow", re.compile(""))
        expect(bar).to_have_attribute("aria-valuetext", "A worker has begun")
        task.progress(3, 5, "Drew the charts", estimate={"end": 118.0})
        expect(bar).to_have_attribute("aria-valuenow", "60")
        expect(bar).to_have_attribute("aria-valuetext", "60% Drew the charts")
        expect(element.locator("#figure")).to_have_text("60%")
        expect(element.locator("#note")).to_have_text("about 2 min left")
        widths = "e => [e, e.parentElement].map((each) => each.getBoundingClientRect().width)"
        wait_until(lambda: _share(element.locator("#bar").evaluate(widths)) == 60)

    def test_progress_without_a_total_is_a_count(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.progress(312, message="Read rows")
        element = served.show(page, task)
        expect(element.locator("#figure")).to_have_text("312")
        expect(element.get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", re.compile(""))

    def test_a_retry_counts_down(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.retry(delay=300)
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Retrying")
        expect(element.locator("#message")).to_have_text("The task failed.")
        note = element.locator("#note")
        expect(note).to_have_text(re.compile(r"^Attempt 2 of 4 in (5|4:\d\d) min$"))
        first = note.inner_text()
        expect(note).not_to_have_text(first)
        task.start()
        expect(element.locator("#state")).to_have_text("Running")
        expect(note).to_have_text("Attempt 2")

    @pytest.mark.parametrize(
        ("state", "word", "code", "message"),
        [
            ("FAILURE", "Failed", "task_failed", "The task failed."),
            ("LOST", "Lost", "worker_lost", "The worker that ran the task was lost."),
            ("REVOKED", "Cancelled", "revoked", "The task was cancelled."),
            ("REJECTED", "Rejected", "rejected", "The task was rejected."),
        ],
    )
    def test_an_end_without_result(
        self, served: Gallery, page: Page, state: str, word: str, code: str, message: str
    ) -> None:
        task = served.task()
        task.start()
        task.fail(state, code, message)
        element = served.show(page, task, "cancellable")
        expect(element.locator("#state")).to_have_text(word)
        expect(element.locator("#message")).to_have_text(message)
        expect(element.locator("#note")).to_contain_text(f"{code} · b486cb31")
        expect(element.locator("#card")).to_have_attribute("part", "card failed")
        expect(element.get_by_role("button")).to_have_count(0)

    def test_a_stalled_task_may_come_back(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.state("STALLED", error={"code": "worker_silent", "message": "The worker is silent.", "ref": "r"})
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Stalled")
        expect(element.locator("#message")).to_have_text("The worker is silent.")
        task.progress(1, 2)
        expect(element.locator("#state")).to_have_text("Running")

    def test_success_has_a_link(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.succeed({"report_url": "/files/report.pdf"})
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Done")
        link = element.get_by_role("link", name="Open the result")
        expect(link).to_have_js_property("href", f"{served.address}/files/report.pdf")

    def test_an_address_that_is_code_is_no_link(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        task.succeed({"url": "javascript:alert(1)"})
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Done")
        expect(element.get_by_role("link")).to_have_count(0)

    def test_a_task_that_nobody_sent(self, served: Gallery, page: Page) -> None:
        page.goto(served.page('<task-progress task-id="nobody" cancellable></task-progress>'))
        expect(page.locator("#state")).to_have_text("Unavailable")
        expect(page.get_by_role("button")).to_have_count(0)

    def test_details_say_it_exactly(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task, "details")
        element.locator("summary").focus()
        page.keyboard.press("Enter")
        facts = element.locator("#facts")
        expect(facts).to_be_visible()
        expect(facts).to_contain_text(task.id)
        expect(facts).to_contain_text("reports.generate")
        expect(facts).to_contain_text("live · websocket")


class TestCancelling:
    def test_by_keyboard_and_the_focus_stays(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task, "cancellable")
        button = element.get_by_role("button", name="Cancel Report")
        expect(button).to_be_visible()
        page.keyboard.press("Tab")
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
        expect(element.locator("#state")).to_have_text("Cancelled")
        expect(element.locator("#message")).to_be_focused()

    def test_only_where_it_is_allowed(self, served: Gallery, page: Page) -> None:
        element = served.show(page, served.task())
        expect(element.locator("#state")).to_have_text("Queued")
        expect(element.get_by_role("button")).to_have_count(0)
        element.evaluate("e => e.cancellable = true")
        expect(element.get_by_role("button")).to_be_visible()

    def test_a_running_task_is_asked_to_stop(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        element = served.show(page, task, "cancellable")
        element.get_by_role("button").click()
        expect(element.locator("#state")).to_have_text("Cancelling")
        task.progress(4, 5, "Cleaning up")
        expect(element.locator("#figure")).to_have_text("80%")
        expect(element.locator("#state")).to_have_text("Cancelling")

    def test_the_page_may_prevent_it(self, served: Gallery, page: Page) -> None:
        element = served.show(page, served.task(), "cancellable")
        page.evaluate("document.addEventListener('task-cancel', (event) => event.preventDefault())")
        posts: list[str] = []
        page.on("request", lambda request: posts.append(request.method))
        element.get_by_role("button").click()
        expect(element.locator("#state")).to_have_text("Queued")
        assert "POST" not in posts

    def test_a_refusal_is_told(self, served: Gallery, page: Page) -> None:
        element = served.show(page, served.task(), "cancellable")
        expect(element.get_by_role("button")).to_be_visible()
        page.context.set_offline(True)
        element.get_by_role("button").click()
        expect(element.locator("#note")).to_have_text("The gateway cannot be reached.")
        page.context.set_offline(False)


class TestEvents:
    def test_they_bubble_out_of_every_tree(self, served: Gallery, page: Page) -> None:
        task = served.task()
        page.goto(served.page('<div id="host"></div>'))
        page.evaluate(
            """(taskId) => {
              window.told = [];
              for (const type of ["task-event", "task-state", "task-done", "task-failed"]) {
                document.addEventListener(type, ({ detail }) => told.push([type, detail]));
              }
              const element = document.createElement("task-progress");
              element.taskId = taskId;
              document.getElementById("host").attachShadow({ mode: "open" }).append(element);
            }""",
            task.id,
        )
        task.start()
        task.progress(1, 2)
        task.succeed({"rows": 3})
        wait_until(lambda: page.evaluate("told.some(([type]) => type === 'task-done')"))
        told: list[tuple[str, Any]] = page.evaluate("told")
        seqs = [detail["id"].split("-")[1] for type_, detail in told if type_ == "task-event"]
        states = [detail["state"] for type_, detail in told if type_ == "task-state"]
        assert seqs == ["1", "2", "3", "4"]
        assert states == ["PENDING", "STARTED", "PROGRESS", "SUCCESS"]
        assert [detail["result"] for type_, detail in told if type_ == "task-done"] == [{"rows": 3}]

    def test_a_failure_and_a_task_that_cannot_be_watched(self, served: Gallery, page: Page) -> None:
        failed = served.task()
        failed.fail("FAILURE", "quota", "Your quota is used up.")
        page.goto(served.page(""))
        page.evaluate(
            """([...ids]) => {
              window.codes = {};
              document.addEventListener("task-failed", ({ target, detail }) => {
                codes[target.taskId] = [detail.error.code, detail.error.message];
              });
              for (const id of ids) {
                const element = document.createElement("task-progress");
                element.setAttribute("task-id", id);
                document.body.append(element);
              }
            }""",
            [failed.id, "nobody"],
        )
        wait_until(lambda: page.evaluate("Object.keys(codes).length === 2"))
        assert page.evaluate("codes")[failed.id] == ["quota", "Your quota is used up."]
        assert page.evaluate("codes")["nobody"][0] == "unknown_task"


def _share(widths: list[float]) -> int:
    return round(100 * widths[0] / widths[1])


class TestAWatchOfThePage:
    def test_is_shown_from_where_it_is_and_left_alone(self, served: Gallery, page: Page) -> None:
        told, other = served.task(), served.task()
        told.start()
        told.progress(3, 5, "Drew the charts", estimate={"end": 118.0})
        element = served.show(page, other)
        page.evaluate(
            """async (taskId) => {
              const { watch } = await import("/client/index.js");
              window.own = watch(taskId);
              await new Promise((heard) => own.addEventListener("progress", heard, { once: true }));
              document.querySelector("task-progress").watch = own;
            }""",
            told.id,
        )
        expect(element.locator("#message")).to_have_text("Drew the charts")
        expect(element.locator("#note")).to_have_text("about 2 min left")
        assert element.get_attribute("task-id") == told.id
        element.evaluate("(element, id) => { element.taskId = id; }", other.id)
        expect(element.locator("#state")).to_have_text("Queued")
        told.progress(4, 5)
        told.succeed()
        page.wait_for_function("() => own.job.state === 'SUCCESS'")
        expect(element.locator("#state")).to_have_text("Queued")

    @pytest.mark.parametrize("end", ["done", "failed"])
    def test_its_end_is_told_once_wherever_the_element_goes(
        self, served: Gallery, page: Page, end: str
    ) -> None:
        task = served.task()
        element = served.show(page, served.task())
        element.evaluate(
            """async (element, taskId) => {
              const { watch } = await import("/client/index.js");
              const { parentNode } = element;
              window.ends = [];
              for (const type of ["task-done", "task-failed"]) {
                element.addEventListener(type, () => ends.push(type));
              }
              window.turn = () => new Promise((turned) => setTimeout(turned));
              window.move = async () => {
                element.remove();
                await turn();
                parentNode.append(element);
                await turn();
              };
              element.watch = window.own = watch(taskId);
              await turn();
              await move();
            }""",
            task.id,
        )
        if end == "done":
            task.succeed()
        else:
            task.fail("FAILURE", "quota", "Your quota is used up.")
        page.evaluate("own.result.catch(() => {}).then(turn).then(move)")
        assert page.evaluate("ends") == [f"task-{end}"]
