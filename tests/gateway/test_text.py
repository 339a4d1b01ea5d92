"""Whoever joins a task that writes gets the whole text in one event, then what follows, on each transport.

A client keeps the text by the rules of docs/contract.md, and so it is the same on all of them.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.asyncapi import check
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import RawWebSocket
from tests.support.reading import ReadText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from taskbeam.journal.events import EventId
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task


@contextmanager
def streamed(served: Gateway, task: Task, after: EventId | None) -> Iterator[Callable[[], dict[str, Any]]]:
    with EventStream(served, task.id, f"?after={after}" if after else "") as stream:
        yield stream.event


@contextmanager
def streamed_by_the_application(
    served: Gateway, task: Task, after: EventId | None
) -> Iterator[Callable[[], dict[str, Any]]]:
    query = f"?end=true&after={after}" if after else "?end=true"  # which the shortcut leaves to it
    with EventStream(served, task.id, query) as stream:
        yield stream.event


@contextmanager
def on_its_socket(
    served: Gateway, task: Task, after: EventId | None
) -> Iterator[Callable[[], dict[str, Any]]]:
    path = f"/tasks/{task.id}/ws" + (f"?after={after}" if after else "")
    with RawWebSocket(served, path) as socket:
        yield socket.json


@contextmanager
def on_a_shared_socket(
    served: Gateway, task: Task, after: EventId | None
) -> Iterator[Callable[[], dict[str, Any]]]:
    with RawWebSocket(served) as socket:
        socket.say(op="subscribe", task_id=task.id, after=after and str(after))
        assert socket.json() == {"op": "subscribed", "task_id": task.id}
        yield socket.json


TRANSPORTS = pytest.mark.parametrize(
    "transport", [streamed, streamed_by_the_application, on_its_socket, on_a_shared_socket]
)


def read_until(next_event: Callable[[], dict[str, Any]], last: EventId) -> list[dict[str, Any]]:
    """The events up to this one."""
    found: list[dict[str, Any]] = []
    while not found or found[-1].get("id") != str(last):
        found.append(next_event())
    return found


@TRANSPORTS
class TestJoining:
    def test_the_whole_text_in_one_event_then_live(
        self, served: Gateway, journals: Journals, transport: Any
    ) -> None:
        task = journals.task(limit=100)
        for number in range(300):
            last = task.write(f"{number:5}" * 60)
        whole = "".join(f"{number:5}" * 60 for number in range(300))
        with transport(served, task, None) as next_event:
            gap, so_far, *records = read_until(next_event, last)
            assert gap["type"] == "gap"
            assert so_far["output"] == {"offset": 0, "text": whole}
            assert "id" not in so_far
            assert len(records) == 100
            assert ReadText([gap, so_far]).text == ReadText([gap, so_far, *records]).text == whole
            task.write(" and on")
            live = next_event()
            assert live["output"] == {"offset": len(whole), "text": " and on"}
        for event in (so_far, records[0], live):
            assert check(event, "event", "output", "gap") == "output"

    def test_with_a_cursor_that_fits_only_what_follows(
        self, served: Gateway, task: Task, transport: Any
    ) -> None:
        cursor = task.write("Once")
        last = task.write(" upon")
        with transport(served, task, cursor) as next_event:
            (event,) = read_until(next_event, last)
        assert event["output"] == {"offset": 4, "text": " upon"}

    def test_with_one_that_was_trimmed_the_whole_text_behind_the_gap(
        self, served: Gateway, journals: Journals, transport: Any
    ) -> None:
        task = journals.task(limit=3)
        cursor = task.write("a")
        for text in "bcdef":
            last = task.write(text)
        with transport(served, task, cursor) as next_event:
            events = read_until(next_event, last)
        assert [event["type"] for event in events] == ["gap"] + 4 * ["output"]
        assert events[1]["output"] == {"offset": 0, "text": "abcdef"}
        assert ReadText(events).text == "abcdef"

    def test_a_client_that_is_cut_behind_the_gap_gets_it_when_it_comes_back(
        self, served: Gateway, journals: Journals, transport: Any
    ) -> None:
        task = journals.task(limit=3)
        cursor = task.write("a")
        for text in "bcdef":
            last = task.write(text)
        with transport(served, task, cursor) as next_event:
            gap = next_event()
        with transport(served, task, last.parse(gap["id"])) as next_event:
            so_far, *records = read_until(next_event, last)
        assert "id" not in so_far
        assert [event["id"] for event in records] == [str(record.id) for record in task.records()]
        assert ReadText([gap, so_far, *records]).text == "abcdef"

    def test_a_task_that_writes_nothing_is_followed_as_ever(
        self, served: Gateway, task: Task, transport: Any
    ) -> None:
        last = task.append()
        with transport(served, task, None) as next_event:
            events = read_until(next_event, last)
        assert [event["id"] for event in events] == [str(record.id) for record in task.records()]


class TestPolling:
    def events(self, http: httpx.Client, task: Task, **query: object) -> dict[str, Any]:
        found: dict[str, Any] = (
            http.get(
                f"/tasks/{task.id}/events",
                params={name: str(value) for name, value in query.items()},
                headers={"Accept": "application/json"},
            )
            .raise_for_status()
            .json()
        )
        return found

    def test_the_whole_text_comes_first_and_moves_no_cursor(self, http: httpx.Client, task: Task) -> None:
        first = task.write("Once")
        last = task.write(" upon")
        found = self.events(http, task, limit=2)
        assert [event.get("output") for event in found["events"]] == [
            {"offset": 0, "text": "Once upon"},
            None,
            {"offset": 0, "text": "Once"},
        ]
        assert found["last_event_id"] == str(first)
        found = self.events(http, task, after=first, wait=20)
        assert [event["output"] for event in found["events"]] == [{"offset": 4, "text": " upon"}]
        assert found["last_event_id"] == str(last)

    def test_behind_a_gap(self, http: httpx.Client, journals: Journals) -> None:
        task = journals.task(limit=2)
        cursor = task.write("a")
        for text in "bcde":
            task.write(text)
        found = self.events(http, task, after=cursor, wait=20)
        assert [event["type"] for event in found["events"]] == ["gap", "output", "output", "output"]
        assert ReadText(found["events"]).text == "abcde"

    def test_the_snapshot_is_without_it(self, http: httpx.Client, task: Task) -> None:
        task.write("Once")
        found = http.get(f"/tasks/{task.id}").raise_for_status().json()
        assert "output" not in found
        assert found["type"] == "state"


class TestOverSse:
    def test_it_has_no_id_line(self, served: Gateway, task: Task) -> None:
        task.write("Once")
        with EventStream(served, task.id) as stream:
            block = stream.block()
        assert block.startswith(b"retry: 2000\ndata: {")
        assert b"\nid:" not in block

    def test_line_ends_of_all_kinds_stay_one_event(self, served: Gateway, task: Task) -> None:
        text = 'a\nb\r\nc\u2028d"\\\0🦄\u0085'
        task.write(text)
        with EventStream(served, task.id) as stream:
            assert stream.event()["output"]["text"] == text
            stream.event()
            assert stream.event()["output"]["text"] == text


@TRANSPORTS
def test_a_client_that_comes_and_goes_has_the_text_in_the_end(
    served: Gateway, journals: Journals, transport: Any
) -> None:
    """Cuts at random, cursors that fit and that were trimmed, none at all, and a new attempt in between."""
    generator = random.Random(11)
    task = journals.task(limit=5)
    reader, cursor, whole = ReadText(), None, ""
    for _ in range(25):
        with transport(served, task, cursor) as next_event:
            for _ in range(generator.randrange(4)):
                whole += (text := generator.choice(["word ", "é😀", "\r\n", "אב"]))
                task.write(text)
            target = task.records()[-1].id
            while cursor != target:
                event = next_event()
                reader.heard(event)
                if "id" in event:
                    cursor = target.parse(event["id"])
            assert reader.text == whole
        for _ in range(generator.choice([0, 0, 2, 9])):
            whole += "missed "
            task.write("missed ")
        if generator.random() < 0.2:
            reader, cursor = ReadText(), None
    assert reader.holes == 0


def test_a_large_text_comes_whole_to_a_client_that_reads_slowly(served: Gateway, journals: Journals) -> None:
    task = journals.task(limit=3)
    for _ in range(40):
        last = task.write("x" * 30_000)
    with EventStream(served, task.id, receive_buffer=4096) as stream:
        events: list[dict[str, Any]] = []
        while not events or events[-1].get("id") != str(last):
            events.append(stream.event())
    assert ReadText(events).text == "x" * 1_200_000
