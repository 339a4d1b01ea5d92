"""Whatever ends otherwise than in a stream, the application answers, and the connection goes on as ever."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from taskbeam.gateway import problems
from tests.support.event_stream import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.gateway.problems import Problem
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]


class KeptConnection:
    """Many requests over one connection; it is not opened again."""

    def __init__(self, served: Gateway) -> None:
        self._connection = HTTPConnection("127.0.0.1", served.port, timeout=TIMEOUT)
        self._connection.connect()
        self._connection.auto_open = 0

    def get(self, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", path, headers=named)
        with self._connection.getresponse() as response:
            return Answer(response.status, response.read(), dict(response.getheaders()))

    def first_event_of(self, task: Task) -> Any:
        """The last request of the connection: a stream, of which the first event is read."""
        self._connection.request("GET", f"/tasks/{task.id}/events")
        with self._connection.getresponse() as response:
            while not (line := response.readline()).startswith(b"data: "):
                assert line
            return json.loads(line[6:])

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def kept(served: Gateway) -> Iterator[KeptConnection]:
    connection = KeptConnection(served)
    yield connection
    connection.close()


def check(answer: Answer, problem: Problem) -> None:
    assert answer.status == problem.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.body)["code"] == problem.code


class TestAStreamThatIsNone:
    def test_of_a_task_that_nobody_sent(self, kept: KeptConnection, task: Task) -> None:
        for _ in range(3):
            check(kept.get("/tasks/nobody-sent-it/events"), problems.UNKNOWN_TASK)
        assert kept.first_event_of(task) == json.loads(task.bodies()[0])

    def test_of_a_task_that_is_long_gone(self, kept: KeptConnection, journals: Journals, task: Task) -> None:
        gone = journals.task()
        gone.lose()
        journals.redis.set(gone.keys.tombstone, "", ex=60)
        check(kept.get(f"/tasks/{gone.id}/events"), problems.EXPIRED)
        assert kept.first_event_of(task) == json.loads(task.bodies()[0])

    def test_of_a_task_that_has_ended_and_a_client_that_knows(self, kept: KeptConnection, task: Task) -> None:
        end = str(task.finish())
        for _ in range(2):
            assert kept.get(f"/tasks/{task.id}/events", Last_Event_ID=end)[:2] == (204, b"")
            assert kept.get(f"/tasks/{task.id}/events?after={end}")[:2] == (204, b"")
        assert kept.first_event_of(task) == json.loads(task.bodies()[0])

    def test_for_a_cursor_that_is_none(self, kept: KeptConnection, task: Task) -> None:
        check(kept.get(f"/tasks/{task.id}/events?after=-"), problems.BAD_CURSOR)
        assert kept.first_event_of(task) == json.loads(task.bodies()[0])

    def test_for_a_client_that_takes_json(self, kept: KeptConnection, task: Task) -> None:
        answer = kept.get(f"/tasks/{task.id}/events", Accept="application/json")
        assert json.loads(answer.body)["events"] == [json.loads(task.bodies()[0])]
        assert kept.get("/healthz").status == 200

    def test_between_requests_of_other_kinds(self, kept: KeptConnection, task: Task) -> None:
        paths = ("/healthz", "/tasks/nobody-sent-it/events", f"/tasks/{task.id}", "/tasks/x/events")
        assert [kept.get(path).status for path in paths] == [200, 404, 200, 404]
        assert kept.first_event_of(task) == json.loads(task.bodies()[0])
