"""The events as JSON, the snapshot, and long-polling both."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.journal.events import EventId

if TYPE_CHECKING:
    import httpx

    from tests.support.journal import Journals, Task

JSON = {"Accept": "application/json"}

#: Seconds that a long-poll may wait in these tests; none of them waits that long for what has happened.
LONG = 50


def get(
    http: httpx.Client, path: str, headers: dict[str, str] | None = None, **query: object
) -> httpx.Response:
    return http.get(path, params={name: str(value) for name, value in query.items()}, headers=headers)


def events(http: httpx.Client, task: Task, **query: object) -> dict[str, Any]:
    answer = get(http, f"/tasks/{task.id}/events", JSON, **query).raise_for_status()
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    assert set(found) == {"events", "last_event_id", "final"}
    return found


def journal(task: Task) -> list[dict[str, Any]]:
    return [json.loads(body) for body in task.bodies()]


class TestEvents:
    def test_all_that_the_journal_has_byte_for_byte(self, http: httpx.Client, task: Task) -> None:
        last = task.grow(3)[-1]
        answer = get(http, f"/tasks/{task.id}/events", JSON)
        bodies = b",".join(task.bodies())
        assert answer.content == b'{"events":[%b],"last_event_id":"%b","final":false}' % (
            bodies,
            str(last).encode(),
        )
        assert answer.headers["cache-control"] == "no-store"

    def test_after_a_cursor(self, http: httpx.Client, task: Task) -> None:
        first, *_, last = task.grow(4)
        found = events(http, task, after=first)
        assert found == {"events": journal(task)[2:], "last_event_id": str(last), "final": False}

    def test_a_limit_pages_through_them(self, http: httpx.Client, task: Task) -> None:
        task.grow(5)
        task.finish()
        pages = [events(http, task, limit=3)]
        while not pages[-1]["final"]:
            pages.append(events(http, task, limit=3, after=pages[-1]["last_event_id"]))
        assert [len(page["events"]) for page in pages] == [3, 3, 1]
        assert [event for page in pages for event in page["events"]] == journal(task)

    def test_a_page_that_ends_with_the_final_event_is_final(self, http: httpx.Client, task: Task) -> None:
        end = task.finish()
        assert events(http, task, limit=2)["final"]
        assert events(http, task, limit=1)["final"] is False
        assert events(http, task, after=end) == {"events": [], "last_event_id": str(end), "final": True}

    def test_nothing_new_keeps_the_cursor(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        assert events(http, task, after=last) == {
            "events": [],
            "last_event_id": str(last),
            "final": False,
        }

    @pytest.mark.parametrize("query", ["wait=0", "limit=10"])
    def test_wait_and_limit_mean_json_whatever_is_accepted(
        self, http: httpx.Client, task: Task, query: str
    ) -> None:
        answer = http.get(f"/tasks/{task.id}/events?{query}", headers={"Accept": "*/*"})
        assert answer.json()["events"] == journal(task)

    def test_a_cursor_of_another_epoch_gets_a_gap(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        old = EventId(last.epoch - 1, 3)
        gap, *rest = events(http, task, after=old)["events"]
        assert gap["gap"] == {"after": str(old), "reason": "epoch"}
        assert gap["snapshot"] == rest[-1]
        assert rest == journal(task)

    def test_a_trimmed_cursor_gets_a_gap(self, http: httpx.Client, journals: Journals) -> None:
        task = journals.task(limit=3)
        cursor, *_ = task.grow(9)
        gap, *rest = events(http, task, after=cursor)["events"]
        assert gap["gap"] == {"after": str(cursor), "reason": "trimmed"}
        assert gap["id"] == f"{cursor.epoch}-7"
        assert rest == journal(task)

    def test_so_does_a_client_without_one(self, http: httpx.Client, journals: Journals) -> None:
        task = journals.task(limit=3)
        cursor, *_ = task.grow(9)
        beginning = {"after": f"{cursor.epoch}-0", "reason": "trimmed"}
        gap, *rest = events(http, task)["events"]
        assert (gap["gap"], gap["snapshot"]) == (beginning, rest[-1])
        assert rest == journal(task)
        gap, *rest = events(http, task, wait=LONG)["events"]
        assert (gap["gap"], rest) == (beginning, journal(task))


class TestLongPoll:
    def test_a_new_event_wakes_it(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        with ThreadPoolExecutor() as pool:
            poll = pool.submit(events, http, task, after=last, wait=LONG)
            task.wait_for_subscribers()
            woken_by, began = task.append("news"), time.monotonic()
            found = poll.result()
        assert time.monotonic() - began < LONG / 2
        assert found == {"events": journal(task)[2:], "last_event_id": str(woken_by), "final": False}
        task.wait_for_subscribers(0)

    def test_the_final_event_wakes_it(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        with ThreadPoolExecutor() as pool:
            poll = pool.submit(events, http, task, after=last, wait=LONG)
            task.wait_for_subscribers()
            end = task.finish()
            assert poll.result() == {
                "events": journal(task)[2:],
                "last_event_id": str(end),
                "final": True,
            }

    def test_what_is_there_is_not_waited_for(self, http: httpx.Client, task: Task) -> None:
        end = task.finish()
        began = time.monotonic()
        assert events(http, task, wait=LONG)["events"] == journal(task)
        assert events(http, task, after=end, wait=LONG)["final"]
        assert time.monotonic() - began < LONG / 2

    def test_it_ends_without_news(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        found = events(http, task, after=last, wait=0.05)
        assert found == {"events": [], "last_event_id": str(last), "final": False}


class TestSnapshot:
    def test_the_newest_event_that_tells_the_state(self, http: httpx.Client, task: Task) -> None:
        task.append(state="PROGRESS")
        snapshot = journal(task)[-1]
        last = task.append("a line", type="log", state="")
        answer = get(http, f"/tasks/{task.id}")
        assert answer.json() == snapshot | {"last_event_id": str(last)}
        assert answer.headers["etag"] == f'"{last}"'
        assert answer.headers["cache-control"] == "private, no-cache"

    def test_the_same_etag_is_not_modified(self, http: httpx.Client, task: Task) -> None:
        path = f"/tasks/{task.id}"
        etag = get(http, path).headers["etag"]
        for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            answer = get(http, path, {"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b""), known
            assert answer.headers["etag"] == etag
        task.append()
        assert get(http, path, {"If-None-Match": etag}).status_code == 200

    def test_a_new_event_wakes_it(self, http: httpx.Client, task: Task) -> None:
        last = task.append()
        with ThreadPoolExecutor() as pool:
            poll = pool.submit(get, http, f"/tasks/{task.id}", after=last, wait=LONG)
            task.wait_for_subscribers()
            news = task.append("news")
            assert poll.result().json()["last_event_id"] == str(news)

    def test_an_older_cursor_is_answered_at_once(self, http: httpx.Client, task: Task) -> None:
        first, last = task.grow(2)
        began = time.monotonic()
        answer = get(http, f"/tasks/{task.id}", after=first, wait=LONG)
        assert answer.json()["last_event_id"] == str(last)
        assert time.monotonic() - began < LONG / 2
