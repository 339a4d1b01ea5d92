"""What usual clients do, in their own spellings: `EventSource` polyfills, HTTP libraries, old proxies."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway import problems
from taskbeam.gateway.transports.stream import END_EVENT
from taskbeam.journal.encode import to_json
from tests.gateway.test_problems import assert_problem
from tests.support.event_stream import EventStream, bodies_of, connected_socket
from tests.support.gateway import PATHS, gateway
from tests.support.raw_websocket import RawWebSocket

if TYPE_CHECKING:
    import httpx

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

STREAM = {"Accept": "text/event-stream"}
ORIGIN = "https://shop.example"
SETTINGS: dict[str, Any] = {"allowed_origins": json.dumps([ORIGIN])}

SPELLINGS = pytest.mark.parametrize("name", ["lastEventId", "last-event-id"])


class TestACursorOfAPolyfill:
    @SPELLINGS
    def test_goes_on_after_it(self, served: Gateway, task: Task, name: str) -> None:
        task.grow(3)
        last = task.finish()
        second = task.records()[1].id
        with EventStream(served, task.id, f"?{name}={second}", STREAM) as stream:
            assert bodies_of(stream.rest())[:3] == task.bodies()[2:]
        with EventStream(served, task.id, f"?{name}={last}", STREAM) as stream:
            assert stream.status == 204

    @SPELLINGS
    def test_is_newer_than_that_of_the_address(self, http: httpx.Client, task: Task, name: str) -> None:
        """A polyfill adds it to the address that the page gave it."""
        first, second, _ = task.grow(3)
        found = http.get(
            f"/tasks/{task.id}/events", params={"after": str(first), name: str(second), "limit": 9}
        )
        assert [event["id"] for event in found.json()["events"]] == [str(task.records()[-1].id)]

    @SPELLINGS
    def test_that_is_malformed_is_refused(self, http: httpx.Client, task: Task, name: str) -> None:
        answer = http.get(f"/tasks/{task.id}/events", params={name: "7"}, headers=STREAM)
        assert_problem(answer, problems.BAD_CURSOR)


class TestAnEndByName:
    """htmx stops at an event of a name, and takes a 204 for a reason to begin anew, without a cursor."""

    def test_is_the_last_event_of_a_stream_whose_task_ends(self, served: Gateway, task: Task) -> None:
        with EventStream(served, task.id, "?end=true", STREAM) as stream:
            first = stream.body()
            task.finish()
            rest = stream.rest()
        assert [first, *bodies_of(rest.removesuffix(END_EVENT))] == task.bodies()
        assert rest.endswith(b"\n\n" + END_EVENT)

    def test_is_told_again_to_who_begins_again(self, served: Gateway, task: Task) -> None:
        last = task.finish()
        with EventStream(served, task.id, "?end=1", STREAM) as stream:
            assert stream.rest().endswith(b"\n\n" + END_EVENT)
        with EventStream(served, task.id, f"?end=1&after={last}", STREAM) as stream:
            assert stream.status == 204

    def test_is_for_who_asked_alone(self, served: Gateway, task: Task) -> None:
        task.finish()
        for query in ("", "?end=false", "?end=0"):
            with EventStream(served, task.id, query, STREAM) as stream:
                assert b"event: " not in stream.rest()

    def test_says_nothing_where_the_gateway_ends_first(self, valkey: Valkey, task: Task) -> None:
        for path in PATHS:
            with (
                gateway(valkey.url().removesuffix("/0"), path) as own,
                EventStream(own, task.id, "?end=true", STREAM) as stream,
            ):
                stream.body()
                own.process.send_signal(signal.SIGTERM)
                assert b"event: " not in stream.rest()


def test_axios_and_angular_get_json_by_default(http: httpx.Client, task: Task) -> None:
    accept = {"Accept": "application/json, text/plain, */*"}
    answer = http.get(f"/tasks/{task.id}/events", headers=accept)
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()["events"]) == 1


def test_a_page_of_an_allowed_site_may_send_an_etag(http: httpx.Client) -> None:
    """The contract offers it; a browser asks first whether it may."""
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = http.options("/tasks/some", headers=asked | {"Access-Control-Request-Headers": "if-none-match"})
    assert answer.status_code == 200
    assert "if-none-match" in answer.headers["access-control-allow-headers"].lower()


class TestHttp10:
    """No chunks (RFC 9112, 6.1): the body ends with the connection."""

    def ask(self, served: Gateway, path: str, header: bytes = b"") -> tuple[bytes, bytes]:
        with connected_socket(served.port) as client:
            client.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n".encode() + header + b"\r\n")
            head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
        assert b"chunked" not in head
        return head, body

    def test_a_stream(self, served: Gateway, task: Task) -> None:
        task.append("für alle")
        task.finish()
        head, body = self.ask(served, f"/tasks/{task.id}/events")
        assert head.startswith(b"HTTP/1.1 200")
        assert body.startswith(b"retry: 2000\ndata: {")
        assert bodies_of(body)[:3] == task.bodies()

    def test_a_stream_that_goes_on(self, served: Gateway, task: Task) -> None:
        with connected_socket(served.port) as client, client.makefile("rb") as answer:
            client.sendall(b"GET /tasks/%b/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" % task.id.encode())
            while answer.readline() != b"\r\n":
                pass
            assert [answer.readline() for _ in range(2)] == [
                b"retry: 2000\n",
                b"data: %b\n" % task.bodies()[0],
            ]
            task.append(1)
            assert b"data: %b\n" % task.bodies()[1] in iter(answer.readline, b"")

    @pytest.mark.parametrize("path", ["", "/events?limit=9"])
    def test_an_answer_of_a_known_length(self, served: Gateway, task: Task, path: str) -> None:
        head, body = self.ask(served, f"/tasks/{task.id}{path}")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert json.loads(body)["last_event_id"] == str(task.records()[-1].id)

    def test_has_no_status_100(self, served: Gateway) -> None:
        with connected_socket(served.port) as client:
            client.sendall(
                b"POST /reports HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Expect: 100-continue\r\nContent-Length: 14\r\n\r\n"
                b'{"user_id": 1}'
            )
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 202")


class TestAnIdWithASlash:
    """It has no address: a path with it is another path, on every server that decodes it first."""

    @pytest.mark.parametrize("path", ["", "/events", "/events?wait=1"])
    def test_is_found_by_no_request(self, http: httpx.Client, journals: Journals, path: str) -> None:
        journals.task(task_id="report/2026/7")
        assert_problem(http.get(f"/tasks/report%2F2026%2F7{path}"), problems.NOT_FOUND)

    def test_is_refused_by_a_socket(self, served: Gateway, journals: Journals) -> None:
        journals.task(task_id="report/2026/7")
        with RawWebSocket(served) as socket:
            socket.say(op="subscribe", task_id="report/2026/7")
            refused = socket.json()
        assert (refused["op"], refused["code"]) == ("error", "bad_request")
        assert "slash" in refused["message"]


def test_an_event_is_one_line_for_readers_that_know_more_ends_than_the_standard(
    served: Gateway, task: Task
) -> None:
    """`str.splitlines` cuts at them, and clients that are made with it took half an event for one."""
    text = "one\u0085two\u2028three\u2029four, für alle"
    task.append(text)
    task.finish()
    with EventStream(served, task.id) as stream:
        lines = stream.rest().decode().splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith('data: {"id"')]
    assert events[1]["data"] == text
    assert to_json(text) == r'"one\u0085two\u2028three\u2029four, für alle"'
