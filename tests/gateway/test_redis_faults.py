"""Redis away, restarted, replaced and frozen; the broker away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from stack.ports import kept_port
from stack.valkey import Valkey
from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.redis_cluster import one_server
from tests.support.results import server_of_results
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds. A Redis that is well answers within them, on a busy machine, too.
REDIS_TIMEOUT = 3.0

#: Seconds that an answer may take beyond the gateway's timeout on a busy machine.
SLACK = 40.0


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server that the test may restart; it keeps its data."""
    with Valkey(None, tmp_path) as server:
        yield server


def origin(port: int) -> str:
    return f"redis://127.0.0.1:{port}"


def is_ready(served: Gateway) -> bool:
    return httpx.get(f"{served.http}/readyz").status_code == 200


def assert_unavailable(served: Gateway, path: str, **headers: str) -> None:
    """The request is answered, in time, with a problem that says to come again."""
    began = time.monotonic()
    answer = httpx.get(served.http + path, headers=headers, timeout=60)
    assert time.monotonic() - began < REDIS_TIMEOUT + SLACK
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["retry"]) == ("unavailable", True)


def assert_all_unavailable(served: Gateway) -> None:
    assert httpx.get(f"{served.http}/healthz").status_code == 200
    assert_unavailable(served, "/readyz")
    assert_unavailable(served, "/tasks/some/events", Accept="text/event-stream")
    assert_unavailable(served, "/tasks/some/events", Accept="application/json")
    assert_unavailable(served, "/tasks/some")


@one_server("it starts the server with the results later")
def test_no_redis_at_start_is_waited_for(path: str) -> None:
    with (
        kept_port() as port,
        gateway(origin(port), path, ready=False, redis_timeout=REDIS_TIMEOUT) as served,
    ):
        wait_until(lambda: "Cannot connect to Redis" in served.process.output)
        assert_all_unavailable(served)
        with (
            RawWebSocket(served, "/tasks/some/ws") as socket,
            Valkey(port) as valkey,
            Journals(valkey.url(1)) as journals,
        ):
            # A socket that was opened meanwhile has waited, too.
            assert socket.closed() == Closed(4404, "unknown_task")
            wait_until(lambda: is_ready(served))
            task = journals.task()
            with EventStream(served, task.id) as stream:
                first = stream.body()
                task.finish()
                assert [first, *bodies_of(stream.rest())] == task.bodies()


@one_server("it restarts the server with the results, which keeps its data")
def test_a_restart_that_keeps_the_data_costs_a_gap_and_no_event(path: str, own_valkey: Valkey) -> None:
    with (
        gateway(origin(own_valkey.port), path) as served,
        Journals(own_valkey.url(1)) as journals,
    ):
        task = journals.task()
        with EventStream(served, task.id) as stream, RawWebSocket(served, f"/tasks/{task.id}/ws") as socket:
            streamed, sent = [stream.body()], [socket.body()]
            journals.writer.close()
            own_valkey.restart()
            # Written before the gateway is back, or after: it must not matter.
            task.grow(5)
            task.wait_for_subscribers()
            task.finish()
            streamed += bodies_of(stream.rest())
            sent += [socket.body() for _ in range(7)]
            assert socket.closed() == Closed(1000, "")
        bodies = task.bodies()
        assert streamed == sent
        assert [*streamed[:1], *streamed[2:]] == bodies
        first, gap, then = (json.loads(body) for body in streamed[:3])
        assert gap["gap"] == {"after": first["id"], "reason": "epoch"}
        assert gap["id"] == f"{then['id'].split('-')[0]}-1"


@one_server("it replaces the server with the results")
def test_another_life_of_the_journal_is_told_as_a_gap(path: str, tmp_path: Path) -> None:
    with (
        Valkey() as valkey,
        gateway(origin(valkey.port), path) as served,
        Journals(valkey.url(1)) as journals,
    ):
        task = journals.task()
        task.grow(3)
        with EventStream(served, task.id) as stream, RawWebSocket(served, f"/tasks/{task.id}/ws") as socket:
            streamed = [stream.event() for _ in range(4)]
            sent = [socket.json() for _ in range(4)]
            assert streamed == sent
            # The same task is born again on a server that then takes the place of the first.
            with Valkey(None, tmp_path) as other, Journals(other.url(1)) as reborn_journals:
                reborn = reborn_journals.task(task_id=task.id)
                reborn.append("reborn")
                bodies = reborn.bodies()
            valkey.stop()
            with Valkey(valkey.port, tmp_path):
                gap = stream.event()
                assert gap["gap"] == {"after": streamed[-1]["id"], "reason": "epoch"}
                assert socket.json() == gap
                assert [stream.body() for _ in bodies] == bodies
                assert [socket.body() for _ in bodies] == bodies


def test_a_frozen_redis_is_answered_in_time_and_streams_go_on(path: str, own_valkey: Valkey) -> None:
    with (
        gateway(origin(own_valkey.port), path, redis_timeout=REDIS_TIMEOUT) as served,
        Journals(own_valkey.url(1)) as journals,
    ):
        task = journals.task()
        with EventStream(served, task.id) as stream, RawWebSocket(served, f"/tasks/{task.id}/ws") as socket:
            streamed, sent = [stream.body()], [socket.body()]
            results = server_of_results(own_valkey)
            results.pause()
            try:
                assert_all_unavailable(served)
                late = RawWebSocket(served, f"/tasks/{task.id}/ws")
            finally:
                results.resume()
            with late:
                task.grow(2)
                streamed += [stream.body() for _ in range(2)]
                sent += [socket.body() for _ in range(2)]
                assert streamed == sent == task.bodies() == [late.body() for _ in range(3)]
        wait_until(lambda: is_ready(served))


def test_a_read_that_fails_is_tried_again(path: str, own_valkey: Valkey) -> None:
    with (
        gateway(origin(own_valkey.port), path) as served,
        Journals(own_valkey.url(1)) as journals,
    ):
        task = journals.task()
        head, aside = task.keys.head, task.keys.head + ":aside"
        journals.redis.rename(head, aside)
        journals.redis.set(head, "not a journal")
        with RawWebSocket(served, f"/tasks/{task.id}/ws") as socket:
            wait_until(lambda: "Cannot read the journal" in served.process.output)
            journals.redis.rename(aside, head)
            assert socket.body() == task.bodies()[0]


def test_a_broker_that_is_away(path: str, own_valkey: Valkey) -> None:
    with (
        kept_port() as port,
        gateway(origin(own_valkey.port), path, ready=False, broker_url=origin(port) + "/0") as served,
    ):

        def ask() -> httpx.Response:
            return httpx.post(f"{served.http}/reports", json={"user_id": 1}, timeout=60)

        began = time.monotonic()
        answer = ask()
        assert time.monotonic() - began < SLACK
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "unavailable"
        unready = httpx.get(f"{served.http}/readyz")
        assert unready.status_code == 503
        assert "broker" in unready.json()["detail"]
        with Valkey(port) as broker:
            assert ask().status_code == 202
            assert httpx.get(f"{served.http}/readyz").status_code == 200
            broker.restart()
            wait_until(lambda: ask().status_code == 202)
