"""An application's own `identify`, `authorize` and `identify_sender` fail or hang: each client is told."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from taskbeam.gateway import problems
from taskbeam.gateway.auth.access import Access
from taskbeam.gateway.auth.identity import ANYONE, Action
from taskbeam.journal.keys import JournalNames, TaskKeys
from tests.cli.running import Serving, serving
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import PATHS, Gateway
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.results import server_of_results
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from taskbeam.gateway.problems import Problem
    from tests.support.journal import Journals

#: Seconds. A Redis that is well answers within them, on a busy machine, too.
TIMEOUT = 3.0

#: Seconds that an answer may take beyond the timeout, on a busy machine.
SLACK = 40.0

STREAM = {"Accept": "text/event-stream"}
JSON = {"Accept": "application/json"}


@contextmanager
def own(valkey: Valkey, part: str, path: str) -> Iterator[Serving]:
    detach = "1" if path == "detached" else "0"
    with serving(
        valkey, "--app", f"tests.gateway.own_policy:{part}", detach=detach, redis_timeout=str(TIMEOUT)
    ) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="module", params=PATHS)
def policy(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Serving]:
    with own(valkey, "policy", request.param) as running:
        yield running


@pytest.fixture(scope="module", params=[("identity", "detached"), ("threaded", "portable")], ids="-".join)
def identity(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Serving]:
    with own(valkey, *request.param) as running:
        yield running


class TestAuthorizeThatRaises:
    @pytest.mark.parametrize(
        ("method", "path", "headers"),
        [
            ("GET", "", JSON),
            ("GET", "/events", STREAM),
            ("GET", "/events", JSON),
            ("GET", "/events?wait=5", JSON),
            ("POST", "/cancel", JSON),
        ],
    )
    def test_over_http(
        self, policy: Serving, journals: Journals, method: str, path: str, headers: dict[str, str]
    ) -> None:
        task = journals.task(task_id=f"fails-{time.monotonic_ns()}")
        answer = httpx.request(method, f"{policy.http}/tasks/{task.id}{path}", headers=headers, timeout=60)
        assert_problem(answer, problems.INTERNAL)
        policy.wait_for("authorize", task.id)
        assert policy.logged("LookupError: no such row")

    def test_on_a_socket_for_one_task(self, policy: Serving) -> None:
        with RawWebSocket(policy.gateway, "/tasks/fails/ws") as socket:
            assert socket.closed() == Closed(1011, "internal_error")

    def test_on_a_socket_for_many_which_goes_on(self, policy: Serving, journals: Journals) -> None:
        task = journals.task()
        with RawWebSocket(policy.gateway) as socket:
            socket.say(op="subscribe", task_id="fails")
            refused = socket.json()
            assert (refused["op"], refused["code"], refused["task_id"]) == (
                "error",
                "internal_error",
                "fails",
            )
            socket.say(op="subscribe", task_id=task.id)
            assert socket.json()["op"] == "subscribed"


def test_what_authorize_returns_that_is_no_bool_is_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine would let everybody in: it is true."""

    class NoLabels:
        async def labels(self, _: TaskKeys) -> None: ...

    def odd(*_: object) -> Any:
        return object()

    access = Access(cast("Any", NoLabels()), JournalNames("", TaskKeys), odd)
    refusal = asyncio.run(access.refusal(ANYONE, Action.READ, "some"))
    assert refusal is problems.INTERNAL
    assert "authorize returned 'object', and not a bool" in caplog.text


class TestIdentifyThat:
    @pytest.mark.parametrize(
        ("who", "problem"),
        [
            ("fails", problems.INTERNAL),
            ("hangs", problems.UNAVAILABLE),
            ("stranger", problems.UNAUTHENTICATED),
        ],
        ids=["fails", "hangs", "refuses"],
    )
    def test_is_answered_on_every_transport(self, identity: Serving, who: str, problem: Problem) -> None:
        headers = {"X-Who": who}
        began = time.monotonic()
        for path, accept in (("", JSON), ("/events", STREAM), ("/events", JSON)):
            answer = httpx.get(f"{identity.http}/tasks/some{path}", headers=headers | accept, timeout=60)
            assert_problem(answer, problem)
        for path in ("/ws", "/tasks/some/ws"):
            with RawWebSocket(identity.gateway, path, headers=headers) as socket:
                assert socket.closed() == Closed(problem.close, problem.code)
        assert time.monotonic() - began < 5 * TIMEOUT + SLACK

    @pytest.mark.parametrize(
        ("who", "problem"), [("fails", problems.INTERNAL), ("hangs", problems.UNAVAILABLE)]
    )
    def test_of_a_sender_as_well(self, identity: Serving, who: str, problem: Problem) -> None:
        assert httpx.post(f"{identity.http}/jobs", timeout=60).json() == "ada"
        assert_problem(httpx.post(f"{identity.http}/jobs", headers={"X-Who": who}, timeout=60), problem)

    def test_works_follows_a_task(self, identity: Serving, journals: Journals) -> None:
        answer = httpx.get(f"{identity.http}/tasks/{journals.task().id}", timeout=60)
        assert answer.json()["state"] == "PENDING"


def test_a_subscription_is_answered_though_redis_is_silent(served: Gateway, valkey: Valkey) -> None:
    results = server_of_results(valkey)
    with RawWebSocket(served) as socket:
        socket.say(op="ping")
        assert socket.json() == {"op": "pong"}
        results.pause()
        try:
            socket.say(op="subscribe", task_id="some")
            refused = socket.json()
        finally:
            results.resume()
        assert (refused["op"], refused["code"], refused["task_id"]) == ("error", "unavailable", "some")

        def answered() -> bool:
            socket.say(op="subscribe", task_id="some")
            return bool(socket.json()["code"] == "unknown_task")

        wait_until(answered)


SETTINGS = {"redis_timeout": TIMEOUT}
