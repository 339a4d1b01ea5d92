"""Server-Sent Events, byte by byte (HTML standard, 9.2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from taskbeam.journal.events import EventId
from tests.support.event_stream import EventStream, block_of, bodies_of

if TYPE_CHECKING:
    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = {"heartbeat": 1}

RETRY = b"retry: 2000\n"


def get(served: Gateway, task: Task, query: str = "", **headers: str) -> EventStream:
    return EventStream(
        served, task.id, query, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def whole(served: Gateway, task: Task, query: str = "", **headers: str) -> bytes:
    with get(served, task, query, **headers) as stream:
        return stream.rest()


class TestBytes:
    def test_data_before_id_and_retry_once(self, served: Gateway, task: Task) -> None:
        task.grow(2)
        task.finish()
        assert whole(served, task) == RETRY + b"".join(map(block_of, task.bodies()))

    def test_live_events_look_as_replayed_ones(self, served: Gateway, task: Task) -> None:
        with get(served, task) as stream:
            first = stream.block()
            task.grow(3)
            task.finish()
            live = first + stream.rest()
        assert live == whole(served, task) == RETRY + b"".join(map(block_of, task.bodies()))

    def test_the_head_keeps_proxies_from_holding_it_back(self, served: Gateway, task: Task) -> None:
        with get(served, task) as stream:
            head = stream.response
            assert stream.status == 200
            assert head.getheader("content-type") == "text/event-stream; charset=utf-8"
            assert head.getheader("cache-control") == "no-store, no-transform"
            assert head.getheader("incremental") == "?1"
            assert head.getheader("x-accel-buffering") == "no"
            assert head.getheader("transfer-encoding") == "chunked"
            assert head.getheader("content-length") is None

    def test_a_heartbeat_is_one_comment_line_without_a_blank_one(self, served: Gateway, task: Task) -> None:
        with get(served, task) as stream:
            stream.block()
            assert stream.raw_line() == b": ping\n"
            task.append()
            # There may have been more of them by now. A blank line behind one would be a block of its own.
            assert stream.block() == block_of(task.bodies()[-1])

    def test_text_of_any_kind_stays_one_event(self, served: Gateway, task: Task) -> None:
        text = 'a\nb\r\nc\u2028d"\\\0🦄'
        task.append(text)
        task.finish()
        found = bodies_of(whole(served, task))
        assert found == task.bodies()
        assert json.loads(found[1])["data"] == text

    def test_anything_accepted_means_the_stream(self, served: Gateway, task: Task) -> None:
        task.finish()
        for accept in ("*/*", "text/event-stream", "text/*", "application/json;q=0.5, text/event-stream"):
            assert whole(served, task, Accept=accept).startswith(RETRY)


class TestResume:
    def test_after_the_last_event_id(self, served: Gateway, task: Task) -> None:
        second = task.grow(4)[1]
        task.finish()
        expected = RETRY + b"".join(map(block_of, task.bodies()[3:]))
        assert whole(served, task, Last_Event_ID=str(second)) == expected
        assert whole(served, task, f"?after={second}") == expected

    def test_the_header_wins_over_the_query(self, served: Gateway, task: Task) -> None:
        """A browser keeps the address, and with it the first cursor, when it reconnects."""
        first, second, *_ = task.grow(3)
        task.finish()
        with get(served, task, f"?after={first}", Last_Event_ID=str(second)) as stream:
            assert stream.body() == task.bodies()[3]

    def test_an_empty_cursor_is_none(self, served: Gateway, task: Task) -> None:
        task.finish()
        assert bodies_of(whole(served, task, "?after=", Last_Event_ID="")) == task.bodies()

    def test_a_client_that_has_all_is_told_the_next_event_first(self, served: Gateway, task: Task) -> None:
        last = task.append()
        with get(served, task, Last_Event_ID=str(last)) as stream:
            task.append("next")
            assert stream.block() == RETRY + block_of(task.bodies()[-1])

    def test_after_the_end_there_is_no_content(self, served: Gateway, task: Task) -> None:
        end = task.finish()
        with get(served, task, Last_Event_ID=str(end)) as stream:
            assert stream.status == 204
            assert stream.rest() == b""


class TestGap:
    def test_a_cursor_of_another_epoch(self, served: Gateway, task: Task) -> None:
        before = task.append()
        task.lose()
        task.append("reborn")
        old = EventId(before.epoch - 1, 7)
        with get(served, task, Last_Event_ID=str(old)) as stream:
            gap, reborn = stream.event(), stream.body()
        epoch = task.records()[0].id.epoch
        assert gap == {
            "id": f"{epoch}-0",
            "task_id": task.id,
            "type": "gap",
            "final": False,
            "gap": {"after": str(old), "reason": "epoch"},
            "snapshot": json.loads(task.bodies()[-1]),
        }
        assert reborn == task.bodies()[-1]

    def test_a_cursor_that_the_log_no_longer_reaches(self, served: Gateway, journals: Journals) -> None:
        task = journals.task(limit=3)
        cursor, *_ = task.grow(9)
        with get(served, task, Last_Event_ID=str(cursor)) as stream:
            block = stream.block()
            gap = json.loads(bodies_of(block)[0])
            assert block == RETRY + block_of(bodies_of(block)[0])
            assert gap["gap"] == {"after": str(cursor), "reason": "trimmed"}
            assert gap["id"] == f"{cursor.epoch}-7"
            assert gap["snapshot"] == json.loads(task.bodies()[-1])
            assert [stream.body() for _ in range(3)] == task.bodies()
            task.finish()
            assert stream.rest() == block_of(task.bodies()[-1])

    def test_the_gaps_id_is_a_cursor_like_any_other(self, served: Gateway, journals: Journals) -> None:
        task = journals.task(limit=3)
        cursor, *_ = task.grow(9)
        with get(served, task, Last_Event_ID=str(cursor)) as stream:
            resumed = get(served, task, Last_Event_ID=stream.event()["id"])
        with resumed:
            assert [resumed.body() for _ in range(3)] == task.bodies()

    def test_without_a_cursor_a_beginning_that_was_trimmed_is_one(
        self, served: Gateway, journals: Journals
    ) -> None:
        task = journals.task(limit=3)
        task.append("half way")
        snapshot = task.bodies()[-1]
        for number in range(9):
            task.append(number, type="data", state="")
        with get(served, task) as stream:
            gap = stream.event()
            epoch = task.records()[0].id.epoch
            assert gap["gap"] == {"after": f"{epoch}-0", "reason": "trimmed"}
            assert gap["id"] == f"{epoch}-8"
            assert gap["snapshot"] == json.loads(snapshot)
            assert [stream.body() for _ in range(3)] == task.bodies()

    def test_without_a_cursor_nothing_is_missing_up_to_the_limit(
        self, served: Gateway, journals: Journals
    ) -> None:
        task = journals.task(limit=3)
        task.append()
        task.finish()
        assert bodies_of(whole(served, task)) == task.bodies()

    def test_a_task_that_is_born_again_while_it_is_followed(self, served: Gateway, task: Task) -> None:
        with get(served, task) as stream:
            before = stream.event()
            task.lose()
            task.append("reborn")
            gap = stream.event()
            assert gap["gap"] == {"after": before["id"], "reason": "epoch"}
            task.finish()
            assert bodies_of(stream.rest()) == task.bodies()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_stream_is_only_there_to_get(http: httpx.Client, task: Task, method: str) -> None:
    answer = http.request(method, f"/tasks/{task.id}/events")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
