"""The page at `/`, as a person meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import httpx
import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.support.chromium import patient
from tests.worker.pictures import encoded, gradient

from .visiting import overflow, quiet_visit, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

    from tests.support.journal import Journals
    from tests.support.whole import Whole

#: Milliseconds in which a job is done, also on a machine that does other things.
DONE = 60_000

#: Text that appears when the connection does what it should.
SOON = 60_000

#: No browser and no gateway of ours has said this.
ARABIC = "اكتملت ثلاث خطوات"

#: More jobs than the page has once kept.
MANY = 13

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

TRANSPORTS = {"WebSocket": "WS", "SSE": "SSE", "Long-polling": "poll"}


@pytest.fixture(autouse=True)
def _quiet(site: Whole, page: Page) -> Iterator[None]:
    with quiet_visit(page, site.address):
        yield


#: What the element calls a state.
STATES = {
    "PENDING": "Queued",
    "SUCCESS": "Done",
    "FAILURE": "Failed",
    "REVOKED": "Cancelled",
    "STALLED": "Stalled",
    "UNKNOWN": "Unavailable",
}


def rows(page: Page) -> Locator:
    return page.locator("#jobs [part~=row]")


def titles_in(page: Page) -> Locator:
    return page.locator("#jobs [part=name]")


def done_in(page: Page) -> Locator:
    return page.locator("#jobs [part=state]").get_by_text(STATES["SUCCESS"])


def message_of(page: Page) -> Locator:
    return page.locator("#detail task-progress [part=message]")


def expect_state(page: Page, state: str, timeout: int = DONE) -> None:
    expect(page.locator("#detail task-progress [part~=state]")).to_have_text(STATES[state], timeout=timeout)


def expect_proof(page: Page, *parts: str) -> None:
    for part in parts:
        expect(page.locator(".proof")).to_contain_text(part, timeout=SOON)


def use(page: Page, transport: str) -> None:
    """Choose it by hand. A socket that were closed before it is open would be an error in the console."""
    expect(page.locator("#detail [data-part=line]")).to_contain_text("Live over", timeout=SOON)
    page.get_by_role("radio", name=transport).check()


def test_a_report_is_seen_step_by_step_and_downloaded(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_label("Generate a report for user").fill("7")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect_state(page, "SUCCESS")
    kinds = page.locator(".journal .kind").all_inner_texts()
    # A job that waits for long, as for a worker that is only starting, is told where it stands, too.
    assert set(kinds[:-7]) == {"PENDING"}
    assert kinds[-7:] == ["STARTED", *["PROGRESS"] * 5, "SUCCESS"]
    expect(message_of(page)).to_have_text("Finished")
    expect_proof(page, f"{len(kinds)} of {len(kinds)} events · 0 lost · 0 duplicated")
    tops = (
        page.locator(".journal li")
        .last.locator("span")
        .evaluate_all("each => each.map((it) => it.offsetTop)")
    )
    assert max(tops) - min(tops) < 10, "an event is one row"
    expect(page.locator("[data-part=result]")).to_contain_text("Orders")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    document = PdfReader(download.value.path())
    assert "Order report" in document.pages[0].extract_text()


def test_it_can_be_installed(site: Whole, page: Page) -> None:
    """An iPhone pushes to pages on its Home Screen alone."""
    page.goto(site.address)
    manifest = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert json.loads(manifest["data"])["display"] == "standalone"


def test_somebody_who_waits_for_long_is_offered_to_be_told(
    site: Whole, notifying_page: Page, journals: Journals
) -> None:
    page = notifying_page
    page.route("**/push/key", lambda route: route.fulfill(json={"key": "a key"}))
    page.clock.install()
    task = journals.task()
    page.goto(f"{site.address}/#{task.id}")
    expect_state(page, "PENDING")
    offer = page.locator("#detail").get_by_role("button", name="Tell me when it’s done")
    expect(offer).to_be_hidden()
    page.clock.fast_forward(10_000)
    expect(offer).to_be_visible()
    assert violations(page) == []
    task.finish()
    expect_state(page, "SUCCESS")
    expect(offer).to_be_hidden()


def test_a_report_for_nobody_says_what_is_wrong(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_label("Generate a report for user").fill("999")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect_state(page, "FAILURE")
    expect(message_of(page)).to_contain_text("There is no user with this number.")


def test_a_picture_is_uploaded_and_its_sizes_are_seen(site: Whole, page: Page) -> None:
    page.goto(site.address)
    content = encoded(gradient(500, 300), "PNG")
    page.get_by_label("Resize a picture").set_input_files(
        {"name": "sky.png", "mimeType": "image/png", "buffer": content}
    )
    expect_state(page, "SUCCESS")
    rows = page.locator(".result tbody tr")
    expect(rows).to_have_count(3)
    assert [row.split("\t")[0] for row in rows.all_inner_texts()] == ["160 × 96", "400 × 240", "500 × 300"]
    expect(page.locator(".result img")).to_have_js_property("naturalWidth", 500)
    for link in page.locator(".result td a").all():
        assert "/tasks/" in str(link.get_attribute("href"))
        answer = page.request.get(str(link.get_attribute("href")))
        assert answer.headers["content-type"] in ("image/webp", "image/avif")


def test_a_file_that_is_no_picture_is_refused_in_words(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.evaluate("""() => {
      const files = new DataTransfer();
      files.items.add(new File(["no picture"], "notes.txt"));
      document.querySelector("#new-picture").dispatchEvent(
        new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }""")
    expect_state(page, "FAILURE")
    expect(page.locator("#detail-title")).to_have_text("notes.txt")
    expect(message_of(page)).to_contain_text("not a picture that can be read")


def test_the_sample_is_a_picture_and_can_be_cancelled(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_role("button", name="Use a sample").click()
    expect(message_of(page)).to_contain_text("as WEBP", timeout=DONE)
    page.get_by_role("button", name="Cancel").click()
    expect_state(page, "REVOKED")
    expect(page.locator(".result tbody tr").first).to_contain_text("160 × 107")


def test_a_queued_job_is_cancelled_at_once(site: Whole, page: Page, journals: Journals) -> None:
    page.goto(f"{site.address}/#{journals.task().id}")
    page.get_by_role("button", name="Cancel").click()
    expect_state(page, "REVOKED")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(message_of(page)).to_be_focused()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_cut_line_heals(site: Whole, page: Page, journals: Journals, transport: str) -> None:
    task = journals.task()
    page.goto(f"{site.address}/#{task.id}")
    use(page, transport)
    task.append("before")
    expect_proof(page, "2 of 2 events")
    page.get_by_role("button", name="Drop the connection").click()
    task.grow(5)
    expect_proof(page, "7 of 7 events · 0 lost · 0 duplicated", "1 reconnect")
    task.finish()
    expect_state(page, "SUCCESS")
    expect_proof(page, "8 of 8 events · 0 lost · 0 duplicated")
    assert page.locator(".journal .via").last.inner_text() == TRANSPORTS[transport]


def test_the_transport_is_switched_in_the_middle_of_a_job(
    site: Whole, page: Page, journals: Journals
) -> None:
    task = journals.task()
    page.goto(f"{site.address}/#{task.id}")
    last = page.locator(".journal .via").last
    for round_, (label, name) in enumerate([*TRANSPORTS.items()] * 2, start=2):
        use(page, label)
        task.append()
        expect_proof(page, f"{round_} of {round_} events · 0 lost · 0 duplicated")
        expect(last).to_have_text(name)
    task.finish()
    expect_state(page, "SUCCESS")


def test_a_reload_keeps_the_list(site: Whole, page: Page, journals: Journals) -> None:
    tasks = [journals.task() for _ in range(MANY)]
    for task in tasks:
        task.finish()
    sent = iter(tasks)
    page.route("**/reports", lambda route: route.fulfill(status=202, json={"task_id": next(sent).id}))
    page.goto(site.address)
    for user in range(MANY):
        page.get_by_label("Generate a report for user").fill(str(100 + user))
        page.get_by_role("button", name="Generate", exact=True).click()
    expect(done_in(page)).to_have_count(MANY, timeout=DONE)
    titles = titles_in(page).all_inner_texts()
    page.reload()
    expect(titles_in(page)).to_have_text(titles)
    expect(done_in(page)).to_have_count(MANY, timeout=SOON)
    page.get_by_role("link", name=titles[5]).click()
    expect(page.locator("#detail-title")).to_have_text(titles[5])
    expect(page.locator("#jobs [aria-current]")).to_have_text(titles[5])
    page.get_by_role("button", name=f"Dismiss {titles[5]}").click()
    expect(page.locator("#detail-title")).to_have_text(titles[6])
    expect(page.locator("#detail-title")).to_be_focused()
    page.get_by_role("button", name="Clear finished").click()
    page.reload()
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#how")).to_be_visible()


def test_an_id_that_nobody_sent_is_said_to_be_unknown(site: Whole, page: Page) -> None:
    page.goto(f"{site.address}/#nobody-sent-this")
    expect_state(page, "UNKNOWN")


def test_nothing_moves_by_itself(site: Whole, page: Page) -> None:
    page.add_init_script("""
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const { hadRecentInput, value } of list.getEntries()) window.shift += hadRecentInput ? 0 : value;
      }).observe({ type: "layout-shift", buffered: true });
    """)
    page.goto(site.address)
    page.get_by_label("Generate a report for user").fill("8")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect_state(page, "SUCCESS")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    # Text that grows is a shift of its own, of next to nothing; 0.1 is what web.dev calls good.
    assert page.evaluate("shift") < 0.01


@pytest.fixture
def every_state(site: Whole, page: Page, journals: Journals) -> Page:
    """The page with a job that is done, one that failed, one that runs and one that waits."""
    page.goto(site.address)
    for user in ("1", "999"):
        page.get_by_label("Generate a report for user").fill(user)
        page.get_by_role("button", name="Generate", exact=True).click()
        expect_state(page, "SUCCESS" if user == "1" else "FAILURE")
    running = journals.task()
    running.append()
    for task in (running, journals.task()):
        page.goto(f"{site.address}/#{task.id}")
        expect(page.locator(".journal li").first).to_be_visible()
    page.get_by_role("link", name="Report for user 1").click()
    expect(page.locator("[data-part=result] dl")).to_be_visible()
    return page


def test_everybody_can_use_it(site: Whole, every_state: Page) -> None:
    page = every_state
    for row in [None, *titles_in(page).all()[:3]]:
        if row is not None:
            row.click()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == []
    page.emulate_media(forced_colors="active")
    marks = page.locator("[part~=state]").evaluate_all("""each => each.map((node) => [
      getComputedStyle(node, "::before").backgroundColor, getComputedStyle(node).backgroundColor])""")
    assert len(marks) == 5
    assert all(mark != around for mark, around in marks)
    page.emulate_media(forced_colors="none")
    page.evaluate("localStorage.clear()")
    page.goto(site.address + "/?empty")
    expect(page.locator("#how")).to_be_visible()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []


def test_it_fits_a_phone(site: Whole, every_state: Page) -> None:
    page = every_state
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 740})
        for row in titles_in(page).all():
            row.click()
            assert overflow(page) == 0
    page.evaluate("localStorage.clear()")
    page.goto(site.address + "/?empty")
    expect(page.locator("#how")).to_be_visible()
    assert overflow(page) == 0


def test_a_press_before_the_script_has_come_does_not_reload_the_page(site: Whole, page: Page) -> None:
    held: list[Route] = []
    page.route("**/page/launch.js", lambda route: held.append(route))
    with page.expect_request("**/page/launch.js"):
        page.goto(site.address, wait_until="commit")
    field = page.get_by_label("Generate a report for user")
    field.press("Enter")
    assert page.url.rstrip("/") == site.address
    held[0].continue_()
    page.get_by_role("button", name="Generate", exact=True).click()
    expect_state(page, "SUCCESS")


def test_without_scripts_no_form_leads_elsewhere(site: Whole, browser: Browser) -> None:
    context = patient(browser.new_context(java_script_enabled=False))
    page = context.new_page()
    page.goto(site.address)
    for field in page.locator(".launch input:not([type=file])").all():
        field.press("Enter")
    page.locator("#begin").click(force=True)
    assert page.url.rstrip("/") == site.address
    context.close()


def test_a_press_before_the_page_knows_whose_jobs_it_shows_starts_the_job(site: Whole, page: Page) -> None:
    held: list[Route] = []
    page.route("**/session", lambda route: held.append(route))
    with page.expect_request("**/session"):
        page.goto(site.address)
    with page.expect_response("**/reports"):
        page.get_by_label("Generate a report for user").press("Enter")
    held[0].continue_()
    expect_state(page, "SUCCESS")


def test_it_is_used_without_a_mouse(site: Whole, page: Page) -> None:
    page.goto(site.address)
    page.get_by_label("Generate a report for user").focus()
    page.keyboard.press("Enter")
    expect_state(page, "SUCCESS")
    page.get_by_role("link", name="Report for user 123").focus()
    page.keyboard.press("Enter")
    dismiss = page.get_by_role("button", name="Dismiss Report for user 123")
    while not dismiss.evaluate("button => document.activeElement === button"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#jobs-title")).to_be_focused()


def test_a_list_of_200_jobs_shows_the_one_that_is_chosen_at_once(
    site: Whole, page: Page, journals: Journals
) -> None:
    page.set_viewport_size({"width": 1360, "height": 900})
    tasks = [{"task_id": journals.task().id, "title": f"Job {number}"} for number in range(200)]
    page.goto(site.address)
    page.evaluate("tasks => localStorage.setItem('taskbeam.recent', JSON.stringify(tasks))", tasks)
    page.reload()
    expect(rows(page)).to_have_count(200)
    page.get_by_role("link", name="Job 150 ").click()
    title = page.locator("#detail-title")
    expect(title).to_have_text("Job 150")
    expect(title).to_be_in_viewport()
    expect(page.get_by_role("link", name="Job 150 ")).to_be_in_viewport()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("link", name="Job 20 ").click()
    expect(title).to_have_text("Job 20")
    expect(title).to_be_in_viewport()


def test_a_long_message_has_the_width_of_a_phone(site: Whole, page: Page, journals: Journals) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    task = journals.task()
    task.append(progress={"current": 1, "total": 4, "percent": 25, "message": "Read a very long line. " * 12})
    page.goto(f"{site.address}/#{task.id}")
    message = message_of(page)
    expect(message).to_contain_text("Read a very long line.")
    box = message.bounding_box()
    assert box is not None
    assert box["width"] > 300
    lines = message.evaluate("node => node.clientHeight / parseFloat(getComputedStyle(node).lineHeight)")
    assert round(lines) == 3
    assert overflow(page) == 0


def test_a_message_from_right_to_left_turns_none_of_our_words_around(
    site: Whole, page: Page, journals: Journals
) -> None:
    task = journals.task()
    task.append(progress={"current": 2, "total": 5, "percent": 42, "message": ARABIC})
    page.goto(f"{site.address}/#{task.id}")
    told = page.locator(".journal .told").last
    expect(told).to_contain_text("42%")
    # What comes after the message stands right of it, as in every line of the page.
    message, figure = told.evaluate(
        """(node, message) => {
          const text = node.firstChild;
          const ranges = [text.data.indexOf(message), text.data.indexOf("42%")].map((at, index) => {
            const range = new Range();
            range.setStart(text, at);
            range.setEnd(text, at + (index ? 3 : message.length));
            return range.getBoundingClientRect();
          });
          return ranges.map(({ left, right }) => [left, right]);
        }""",
        ARABIC,
    )
    assert figure[0] >= message[1]


def test_an_address_that_is_none_is_that_of_the_page(site: Whole, page: Page) -> None:
    page.goto(f"{site.address}/#%E0%A4%A")
    expect(page.locator("#how")).to_be_visible()


def test_the_tab_says_how_far_the_job_is(site: Whole, page: Page, journals: Journals) -> None:
    task = journals.task()
    page.goto(f"{site.address}/#{task.id}")
    name = f"Task {task.id[:8]} · Taskbeam"
    icon = page.locator("link[rel=icon]")
    expect(page).to_have_title(name)
    waiting = icon.get_attribute("href")
    task.append(progress={"current": 2, "total": 5, "percent": 42})
    expect(page).to_have_title(f"42% {name}")
    running = icon.get_attribute("href")
    task.finish()
    expect(page).to_have_title(f"✓ {name}")
    assert len({waiting, running, icon.get_attribute("href")}) == 3


@pytest.mark.parametrize("size", [(1360, 900), (390, 844)], ids=["desktop", "phone"])
def test_a_newcomer_sees_a_connection_drop_and_heal(
    site: Whole, page: Page, journals: Journals, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    first, second = journals.task(), journals.task()
    sent = iter([first, second])
    page.route("**/reports/year", lambda route: route.fulfill(status=202, json={"task_id": next(sent).id}))
    page.goto(site.address)
    start = page.get_by_role("button", name="Make the year’s report")
    expect(start).to_be_in_viewport()
    start.click()
    expect(page.locator("#detail [data-part=line]")).to_contain_text("Live over")
    expect(page.locator(".lanes")).to_be_in_viewport(ratio=1)
    first.grow(20)
    expect(page.locator("[data-part=note]")).to_contain_text("has dropped the connection once")
    first.grow(3)
    expect_proof(page, "24 of 24 events · 0 lost · 0 duplicated", "reconnect")
    expect(page.locator(".proof")).to_be_in_viewport()
    start.click()
    expect(page.locator("#detail-title")).to_be_in_viewport()
    expect_proof(page, "1 of 1 event ")
    second.grow(22)
    expect_proof(page, "23 of 23 events · 0 lost · 0 duplicated")
    expect(page.locator("[data-part=note]")).to_be_empty()


def test_the_worker_is_killed_where_the_broker_delivers_the_job_again(
    site: Whole, page: Page, journals: Journals
) -> None:
    page.route("**/development/kill-worker", lambda route: route.fulfill(status=202))
    other, year = journals.task(), journals.task(name="reports.year")
    kill = page.get_by_role("button", name="Kill the worker")
    page.goto(f"{site.address}/#{other.id}")
    expect_state(page, "PENDING")
    expect(kill).to_be_hidden()
    page.goto(f"{site.address}/#{year.id}")
    with page.expect_request("**/development/kill-worker") as asked:
        kill.click()
    assert asked.value.method == "POST"
    expect(page.locator("[data-part=note]")).to_contain_text("another one starts")
    year.append(state="STALLED", type="state")
    expect_state(page, "STALLED")
    year.finish()
    expect_state(page, "SUCCESS")
    expect(kill).to_be_hidden()


def test_what_curl_prints_is_seen_in_step_with_the_page(site: Whole, page: Page, journals: Journals) -> None:
    task = journals.task()
    page.goto(f"{site.address}/#{task.id}")
    expect_proof(page, "1 of 1 event ")
    summary = page.get_by_text("What curl -N prints meanwhile")
    printed = page.locator(".curl pre")
    summary.click()
    expect(printed).to_contain_text("\n\n")
    expect(printed).to_contain_text(str(task.append("live")))
    task.finish()
    expect_state(page, "SUCCESS")
    assert violations(page) == []
    page.reload()
    summary.click()
    url = f"{site.address}/tasks/{task.id}/events"
    expect(printed).to_have_js_property("textContent", f"$ curl -N {url}\n{httpx.get(url).text}")
