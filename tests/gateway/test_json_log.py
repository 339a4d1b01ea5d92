"""`TASKBEAM_LOG_FORMAT=json`: an object a line, with what it is about as fields."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.background.log_fields import about, serving
from taskbeam.gateway.server.json_log import MAX_TEXT, JsonFormatter
from tests.cli.running import Serving
from tests.cli.running import serving as serve
from tests.support.gateway import PATHS
from tests.support.raw_websocket import RawWebSocket
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Journals


def written(message: str, *args: object, **kwargs: Any) -> dict[str, Any]:
    """What becomes of a record."""
    logger = logging.getLogger("taskbeam.tests")
    extra, error = kwargs.get("extra"), kwargs.get("exc_info")
    record = logger.makeRecord(logger.name, logging.WARNING, "", 1, message, args, error, extra=extra)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


class TestALine:
    def test_says_when_how_bad_and_what(self) -> None:
        line = written("two\nlines of %s", "text")
        assert (line["level"], line["logger"], line["message"]) == (
            "warning",
            "taskbeam.tests",
            "two\nlines of text",
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["ts"])
        assert "exception" not in line

    def test_names_what_it_is_about(self) -> None:
        with serving(7):
            line = written("failed", extra=about(task_id="t", ref="r"))
            library = written("the connection is slow")
        assert (line["task_id"], line["ref"]) == ("t", "r")
        assert line["connection_id"] == library["connection_id"]
        assert line["connection_id"].endswith("-7")
        assert written("failed", extra=about(connection=8))["connection_id"].endswith("-8")
        assert "connection_id" not in written("failed", extra=about())

    def test_has_the_exception_bounded(self) -> None:
        try:
            raise LookupError("begins" + "x" * 3 * MAX_TEXT + "ends")
        except LookupError:
            line = written("failed", exc_info=sys.exc_info())
        assert line["exception"].startswith("Traceback")
        assert line["exception"].endswith("ends")
        assert len(line["exception"]) < MAX_TEXT + 10

    def test_has_no_secret(self) -> None:
        try:
            raise LookupError("token=hunter2hunter2")
        except LookupError:
            line = written("Authorization: Bearer %s", "hunter2hunter2", exc_info=sys.exc_info())
        assert "hunter2" not in json.dumps(line)

    def test_is_written_though_its_arguments_do_not_fit(self) -> None:
        assert "cannot be formatted" in written("%d", "seven")["message"]


@pytest.fixture(scope="module", params=PATHS)
def running(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Serving]:
    detach = "1" if request.param == "detached" else "0"
    app = "tests.gateway.own_policy:policy"
    with serve(valkey, "--app", app, detach=detach, log_format="json") as running:
        running.wait_until_ready()
        yield running


class TestAGateway:
    def lines(self, running: Serving, *words: str) -> list[dict[str, Any]]:
        """Those with all of the words, once there is one; every line is an object."""
        running.wait_for(*words)
        lines = [(line, json.loads(line)) for line in tuple(running.lines)]
        return [found for line, found in lines if all(word in line for word in words)]

    def test_names_the_task_and_the_connection(self, running: Serving, journals: Journals) -> None:
        task = journals.task(task_id=f"fails-{time.monotonic_ns()}")
        stream = {"Accept": "text/event-stream"}
        assert (
            httpx.get(f"{running.http}/tasks/{task.id}/events", headers=stream, timeout=60).status_code == 500
        )
        (request,) = self.lines(running, "uvicorn.access", task.id)
        assert (request["method"], request["path"], request["status"]) == (
            "GET",
            f"/tasks/{task.id}/events",
            500,
        )
        refused = self.lines(running, "authorize", task.id)
        assert {line["task_id"] for line in refused} == {task.id}
        assert {line["connection_id"] for line in refused} == {request["connection_id"]}
        assert "LookupError: no such row" in refused[0]["exception"]

    def test_each_connection_has_a_name(self, running: Serving, journals: Journals) -> None:
        task = journals.task()
        task.finish()
        stream = {"Accept": "text/event-stream"}
        for _ in range(3):
            httpx.get(f"{running.http}/tasks/{task.id}/events", headers=stream, timeout=60)

        def asked() -> list[dict[str, Any]]:
            return self.lines(running, "uvicorn.access", task.id)

        wait_until(lambda: len(asked()) == 3)
        assert len({line["connection_id"] for line in asked()}) == 3

    def test_a_socket_keeps_its_name(self, running: Serving) -> None:
        names = [f"fails-{time.monotonic_ns()}-{number}" for number in range(2)]
        with RawWebSocket(running.gateway) as socket:
            for name in names:
                socket.say(op="subscribe", task_id=name)
                assert socket.json()["code"] == "internal_error"
        said = [line for name in names for line in self.lines(running, "authorize", name)]
        assert [line["task_id"] for line in said] == names
        assert len({line["connection_id"] for line in said}) == 1
