"""`<task-progress>` in pages of all kinds: rendered by a server, swapped in and out, built by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.waiting import wait_until

from .gallery import markup

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from .gallery import Gallery


class TestInPages:
    def test_its_content_is_the_fallback_until_it_is_defined(self, served: Gallery, page: Page) -> None:
        task = served.task()
        content = '<a href="/status">How is my report?</a>'
        page.goto(served.page(markup(task, content=content), head=""))
        expect(page.get_by_text("How is my report?")).to_be_visible()
        page.goto(served.page(markup(task, content=content)))
        expect(page.locator("#state")).to_have_text("Queued")
        expect(page.get_by_text("How is my report?")).to_be_hidden()

    def test_slots_replace_the_words(self, served: Gallery, page: Page) -> None:
        task = served.task()
        task.start()
        content = (
            '<h2 slot="title">Sales in <i>March</i></h2><b slot="running">Hold on</b>'
            '<b slot="done">It is yours</b>'
            '<span slot="link">Download</span><button slot="actions">Share</button>'
        )
        page.goto(served.page(f'<task-progress task-id="{task.id}">{content}</task-progress>'))
        element = page.locator("task-progress")
        expect(element.get_by_text("Hold on")).to_be_visible()
        expect(element.get_by_text("It is yours")).to_be_hidden()
        expect(element.get_by_role("progressbar", name="Sales in March")).to_be_visible()
        expect(element.get_by_role("button", name="Share")).to_be_visible()
        task.succeed({"url": "/files/a"})
        expect(element.get_by_text("It is yours")).to_be_visible()
        expect(element.get_by_text("Hold on")).to_be_hidden()
        expect(element.get_by_role("link", name="Download")).to_be_visible()
        expect(element.get_by_role("status")).to_contain_text("Sales in March: Done")

    def test_attributes_may_come_late_and_change(self, served: Gallery, page: Page) -> None:
        first, second = served.task(), served.task()
        first.succeed()
        page.goto(served.page("<task-progress></task-progress>"))
        element = page.locator("task-progress")
        expect(element.locator("#state")).to_have_text("No task")
        element.evaluate("(e, id) => e.setAttribute('task-id', id)", first.id)
        expect(element.locator("#state")).to_have_text("Done")
        element.evaluate("(e, id) => e.setAttribute('task-id', id)", second.id)
        expect(element.locator("#state")).to_have_text("Queued")
        expect(element.locator("#figure")).to_be_empty()
        element.evaluate("e => e.removeAttribute('task-id')")
        expect(element.locator("#state")).to_have_text("No task")

    def test_the_transport_may_change(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task, 'transport="sse"')
        wait_until(lambda: element.evaluate("e => e.watch?.line === 'live'"))
        assert element.evaluate("e => e.watch.transport") == "sse"
        element.evaluate("e => e.transport = 'websocket'")
        wait_until(
            lambda: page.evaluate("document.querySelector('task-progress').watch.transport === 'websocket'")
        )
        task.start()
        expect(element.locator("#state")).to_have_text("Running")

    def test_properties_may_be_set_before_it_is_defined(self, served: Gallery, page: Page) -> None:
        task = served.task()
        page.goto(served.page("<task-progress></task-progress>", head=""))
        page.evaluate(
            """async (id) => {
              const element = document.querySelector("task-progress");
              const early = { taskId: id, cancellable: true, label: "Early", getToken: () => "early" };
              Object.assign(element, early);
              await import("/element/index.js");
            }""",
            task.id,
        )
        element = page.locator("task-progress")
        expect(element.get_by_role("button", name="Cancel Early")).to_be_visible()
        assert element.evaluate("e => [e.getAttribute('task-id'), e.getToken()]") == [task.id, "early"]

    def test_a_node_that_is_moved_is_watched_on(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Queued")
        same = element.evaluate(
            """async (e) => {
              const before = e.watch;
              document.querySelector("h1").before(e);
              await new Promise(requestAnimationFrame);
              return before === e.watch && before.line !== "ended";
            }"""
        )
        assert same
        task.start()
        expect(element.locator("#state")).to_have_text("Running")

    def test_a_node_that_is_taken_out_watches_no_more_and_goes_on_when_it_is_back(
        self, served: Gallery, page: Page
    ) -> None:
        task = served.task()
        element = served.show(page, task)
        expect(element.locator("#state")).to_have_text("Queued")
        page.evaluate(
            """() => {
              window.kept = document.querySelector("task-progress");
              window.told = [];
              kept.addEventListener("task-event", ({ detail }) => told.push(detail.state));
              kept.remove();
            }"""
        )
        wait_until(lambda: served.followers(task) == 0)
        task.start()
        page.evaluate("document.body.append(kept)")
        expect(element.locator("#state")).to_have_text("Running")
        assert page.evaluate("told") == ["STARTED"]

    def test_markup_is_swapped_as_htmx_does(self, served: Gallery, page: Page) -> None:
        """A form's answer is a fragment that replaces it; the end of the task asks for the next one."""
        task = served.task()
        (served.folder / "fragment.html").write_text(markup(task))
        (served.folder / "next.html").write_text("<p>Here it is</p>")
        page.goto(served.page('<button id="go">Go</button>', policy="script-src 'self'"))
        page.evaluate(
            """() => {
              const swap = async (target, url) => {
                const text = await (await fetch(url)).text();
                target.replaceWith(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
              };
              const go = document.getElementById("go");
              go.addEventListener("click", () => swap(go, "/fragment.html"));
              document.body.addEventListener("task-done", ({ target }) => swap(target, "/next.html"));
            }"""
        )
        page.get_by_role("button", name="Go").click()
        expect(page.locator("#state")).to_have_text("Queued")
        task.succeed()
        expect(page.get_by_text("Here it is")).to_be_visible()
        expect(page.locator("task-progress")).to_have_count(0)

    def test_the_token_goes_with_the_subscription(self, served: Gallery, page: Page) -> None:
        frames: list[str] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(str(frame))))
        element = served.show(page, served.task(), 'token="secret-token"')
        expect(element.locator("#state")).to_have_text("Queued")
        assert '"token":"secret-token"' in frames[0]

    def test_only_a_token_is_another_try(self, served: Gallery, page: Page) -> None:
        """What cannot be watched is asked for once, whatever a handler of the failure sets."""
        asked: list[str] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(str(frame))))
        page.goto(served.page(""))
        page.evaluate(
            """() => {
              window.failures = 0;
              document.addEventListener("task-failed", ({ target }) => {
                failures += 1;
                target.label = `Failed ${failures}`;
              });
              const element = document.createElement("task-progress");
              element.taskId = "nobody";
              document.body.append(element);
            }"""
        )
        element = page.locator("task-progress")
        expect(element.locator("#title")).to_have_text("Failed 1")
        element.evaluate("e => e.token = 'late'")
        expect(element.locator("#title")).to_have_text("Failed 2")
        element.evaluate("e => e.getToken = () => 'later'")
        expect(element.locator("#title")).to_have_text("Failed 3")
        tries = [frame for frame in asked if '"subscribe"' in frame]
        assert ['"token":"late' in frame for frame in tries] == [False, True, True]
        assert '"token"' not in tries[0]

    def test_what_comes_later_moves_nothing(self, served: Gallery, page: Page) -> None:
        task = served.task()
        element = served.show(page, task, "cancellable")
        height = "e => e.getBoundingClientRect().height"
        expect(element.locator("#state")).to_have_text("Queued")
        heights = [element.evaluate(height)]
        task.state("PENDING", ahead=3)
        expect(element.locator("#note")).not_to_be_empty()
        heights.append(element.evaluate(height))
        task.start()
        task.progress(1, 2, "Drew the charts", estimate={"end": 90.0})
        expect(element.locator("#figure")).to_have_text("50%")
        heights.append(element.evaluate(height))
        task.succeed({"url": "/files/a"})
        expect(element.get_by_role("link")).to_be_visible()
        heights.append(element.evaluate(height))
        assert len(set(heights)) == 1

    def test_it_keeps_its_looks_in_another_document(self, served: Gallery, page: Page) -> None:
        """A constructed sheet belongs to one document; an element may be moved into a frame or a window."""
        element = served.show(page, served.task())
        expect(element.locator("#state")).to_have_text("Queued")
        moved = element.evaluate(
            """(e) => {
              const frame = document.body.appendChild(document.createElement("iframe"));
              frame.contentDocument.body.append(e);
              const card = e.shadowRoot.getElementById("card");
              return [e.ownerDocument === frame.contentDocument, getComputedStyle(card).borderRadius];
            }"""
        )
        assert moved == [True, "12px"]

    def test_a_page_that_centres_its_text_does_not_centre_it(self, served: Gallery, page: Page) -> None:
        page.goto(served.page(markup(served.task())))
        page.evaluate("document.body.style.textAlign = 'center'")
        assert page.locator("#title").evaluate("e => getComputedStyle(e).textAlign") == "start"

    def test_a_light_page_stays_light(self, served: Gallery, browser: Browser) -> None:
        """On a dark system, a page that says nothing of colour schemes is light, and so is the element."""
        context = browser.new_context(color_scheme="dark")
        page = context.new_page()

        page.goto(served.page(markup(served.task())))
        card, colour = page.locator("#card"), "e => getComputedStyle(e).color"
        assert card.evaluate(colour) == "rgb(229, 237, 234)"
        page.evaluate("document.documentElement.style.colorScheme = 'normal'")
        assert card.evaluate(colour) == "rgb(18, 32, 29)"
        context.close()
