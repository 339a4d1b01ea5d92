"""Every error is `application/problem+json` (RFC 9457) with a code of the closed table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway import problems

if TYPE_CHECKING:
    import httpx

    from taskbeam.gateway.problems import Problem
    from tests.support.journal import Task

STREAM = {"Accept": "text/event-stream"}
JSON = {"Accept": "application/json"}
BAD_CURSORS = ["7", "1-x", "-1", "1763800000000-01", "1-1 ", "١-١", "9" * 40 + "-1", "1-1\n"]


def assert_problem(answer: httpx.Response, problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == problem.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert body.pop("detail", "text")
    assert body == {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "retry": problem.retry,
    }
    return answer.json()  # type: ignore[no-any-return]


class TestUnknown:
    @pytest.mark.parametrize("accept", [STREAM, JSON], ids=["stream", "json"])
    @pytest.mark.parametrize("task_id", ["nobody-sent-this", "%F0%9F%A6%84", "a%0Ab", "%00", "x" * 2000])
    def test_task_events(self, http: httpx.Client, task_id: str, accept: dict[str, str]) -> None:
        answer = http.get(f"/tasks/{task_id}/events", headers=accept)
        assert_problem(answer, problems.UNKNOWN_TASK)

    @pytest.mark.parametrize("path", ["/tasks/nobody-sent-this", "/reports/nobody-sent-this"])
    def test_task_snapshot(self, http: httpx.Client, path: str) -> None:
        assert_problem(http.get(path), problems.UNKNOWN_TASK)
        assert_problem(http.get(path + "?wait=9&after=1-1"), problems.UNKNOWN_TASK)

    @pytest.mark.parametrize(
        "path",
        ["/nowhere", "/tasks", "/tasks//events", "/files/none.pdf", "/files/..%2fpyproject.toml", "/ws"],
    )
    def test_address(self, http: httpx.Client, path: str) -> None:
        assert_problem(http.get(path), problems.NOT_FOUND)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/reports", "POST"),
            ("POST", "/tasks/x", "GET, HEAD"),
            ("DELETE", "/tasks/x/events", "GET, HEAD"),
            ("POST", "/healthz", "GET, HEAD"),
            ("HEAD", "/reports", "POST"),
            ("HEAD", "/tasks/x/cancel", "POST"),
            ("POST", "/docs", "GET, HEAD"),
            ("PUT", "/client/index.js", "GET, HEAD"),
            ("PUT", "/reports/x", "GET, HEAD"),
            ("PUT", "/page/page.css", "GET, HEAD"),
            ("PUT", "/", "GET, HEAD"),
        ],
    )
    def test_method(self, http: httpx.Client, method: str, path: str, allowed: str) -> None:
        answer = http.request(method, path)
        if method == "HEAD":
            assert (answer.status_code, answer.content) == (405, b"")
        else:
            assert_problem(answer, problems.METHOD_NOT_ALLOWED)
        assert ", ".join(sorted(answer.headers["allow"].split(", "))) == allowed


class TestBadRequests:
    @pytest.mark.parametrize("accept", [STREAM, JSON], ids=["stream", "json"])
    @pytest.mark.parametrize("cursor", BAD_CURSORS)
    def test_a_malformed_cursor(
        self, http: httpx.Client, task: Task, cursor: str, accept: dict[str, str]
    ) -> None:
        for path in (f"/tasks/{task.id}/events", f"/tasks/{task.id}"):
            answer = http.get(path, headers=accept, params={"after": cursor})
            assert_problem(answer, problems.BAD_CURSOR)

    @pytest.mark.parametrize("cursor", ["7", "1-x"])
    def test_a_malformed_last_event_id(self, http: httpx.Client, task: Task, cursor: str) -> None:
        address = f"/tasks/{task.id}/events"
        assert_problem(http.get(address, headers={"Last-Event-ID": cursor}), problems.BAD_CURSOR)

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=1001", "limit=x", "wait=-1", "wait=soon", "wait=nan", "limit=1.5"]
    )
    def test_a_query_that_does_not_fit(self, http: httpx.Client, task: Task, query: str) -> None:
        answer = http.get(f"/tasks/{task.id}/events?{query}")
        body = assert_problem(answer, problems.INVALID_REQUEST)
        assert body["detail"].startswith("query." + query.partition("=")[0])

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{}",
            b"[]",
            b"{",
            b"user_id=123",
            b'{"user_id":0}',
            b'{"user_id":"x"}',
            b'{"user_id":1.5}',
            b'{"user_id":2147483648}',
            b'{"user_id":null}',
        ],
    )
    def test_a_body_that_does_not_fit(self, http: httpx.Client, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = http.post("/reports", content=content, headers=headers)
        assert_problem(answer, problems.INVALID_REQUEST)

    @pytest.mark.parametrize("content", [b"\xff\xfe\xfa", b"[" * 100_000], ids=["no text", "too deep"])
    def test_a_body_that_cannot_be_read(self, http: httpx.Client, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = http.post("/reports", content=content, headers=headers)
        assert_problem(answer, problems.BAD_REQUEST)
