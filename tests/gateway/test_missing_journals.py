"""Redis has lost the journal of a task that somebody knows: that is no fate of the task."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from stack.valkey import Valkey
from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals, Task
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.redis_cluster import one_server
from tests.support.results import control
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

Event = dict[str, Any]

RESTARTS = one_server("it restarts the server with the results")

#: Seconds for which a task without a journal is waited for, by a gateway that is to give it up.
SHORT = 2


class Lossy(NamedTuple):
    """A gateway, and the server of its journals, which keeps nothing over a restart."""

    valkey: Valkey
    gateway: Gateway
    journals: Journals

    def lose_everything(self) -> None:
        """Restart, and wait until the gateway listens again."""
        self.journals.writer.close()
        self.valkey.restart()
        wait_until(lambda: httpx.get(f"{self.gateway.http}/readyz").status_code == 200)

    def get(self, task: Task, path: str = "", **query: object) -> tuple[int, str | None]:
        """The status, and the code of a problem."""
        answer = httpx.get(f"{self.gateway.http}/tasks/{task.id}{path}", params=query, timeout=60)  # type: ignore[arg-type]
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["retry"] is True
        return answer.status_code, answer.json().get("code")


@contextmanager
def lossy(path: str, **settings: Any) -> Iterator[Lossy]:
    with (
        Valkey() as valkey,
        gateway(valkey.url().removesuffix("/0"), path, **settings) as running,
        Journals(valkey.url(1)) as journals,
    ):
        yield Lossy(valkey, running, journals)


@pytest.fixture(scope="module", params=PATHS)
def server(request: pytest.FixtureRequest) -> Iterator[Lossy]:
    with lossy(request.param) as found:
        yield found


@contextmanager
def followed(
    served: Gateway, task: Task, after: str | None = None
) -> Iterator[dict[str, Callable[[], Event]]]:
    """A client on each live transport: how to get its next event. Each is admitted when the block begins."""
    with ExitStack() as stack:
        # A plain request takes the shortcut, where there is one; a header that is unusual does not.
        headers = {"Last-Event-ID": after} if after else {}
        plain = stack.enter_context(EventStream(served, task.id, headers=headers))
        unusual = stack.enter_context(
            EventStream(served, task.id, headers={**headers, "Accept": "*/*;q=0.9"})
        )
        assert (plain.status, unusual.status) == (200, 200)
        one = stack.enter_context(
            RawWebSocket(served, f"/tasks/{task.id}/ws" + (f"?after={after}" if after else ""))
        )
        many = stack.enter_context(RawWebSocket(served))
        many.say(op="subscribe", task_id=task.id, after=after)
        assert many.json() == {"op": "subscribed", "task_id": task.id}
        yield {"plain": plain.event, "stream": unusual.event, "socket": one.json, "many": many.json}


@RESTARTS
def test_whoever_follows_is_told_nothing_until_the_task_speaks(server: Lossy) -> None:
    task = server.journals.task()
    with followed(server.gateway, task) as clients:
        [last] = {each()["id"] for each in clients.values()}
        server.lose_everything()
        assert server.get(task) == (503, "records_missing"), "somebody follows it here"
        # Clients that come back are as good.
        with followed(server.gateway, task, last) as others:
            spoken = task.append("alive")
            for client in (*clients.values(), *others.values()):
                gap, event = client(), client()
                assert gap["gap"] == {"after": last, "reason": "epoch"}
                assert (event["id"], event["data"]) == (str(spoken), "alive")


@RESTARTS
def test_whoever_asks_with_a_cursor_is_told_to_ask_again(server: Lossy) -> None:
    task = server.journals.task()
    last = str(task.grow(2)[-1])
    server.lose_everything()
    missing = (503, "records_missing")
    assert server.get(task, "/events", after=last, limit=10) == missing
    assert server.get(task, "/events", after=last, wait=0.2) == missing
    assert server.get(task, after=last) == missing
    assert server.get(task, after=last, wait=0.2) == missing
    spoken = task.append("alive")
    answer = httpx.get(
        f"{server.gateway.http}/tasks/{task.id}/events", params={"after": last, "limit": "10"}
    ).json()
    assert [event["type"] for event in answer["events"]] == ["gap", "progress"]
    assert answer["last_event_id"] == str(spoken)


@RESTARTS
def test_a_long_poll_is_answered_when_the_task_speaks(server: Lossy) -> None:
    task = server.journals.task()
    last = str(task.grow(2)[-1])
    server.lose_everything()
    with (
        httpx.Client(base_url=server.gateway.http, timeout=60) as client,
        ThreadPoolExecutor(1) as thread,
    ):
        poll = thread.submit(client.get, f"/tasks/{task.id}/events", params={"after": last, "wait": "50"})
        task.wait_for_subscribers()
        spoken = task.append("alive")
        answer = poll.result().json()
    assert answer["last_event_id"] == str(spoken)


@RESTARTS
def test_without_evidence_it_is_unknown(server: Lossy) -> None:
    task = server.journals.task()
    old = "1400000000000-7"
    server.lose_everything()
    for query in ({}, {"after": old}):
        assert server.get(task, **query) == (404, "unknown_task")
        assert server.get(task, "/events", **query, limit=10) == (404, "unknown_task")
        assert server.get(task, "/events", **query, wait=30) == (404, "unknown_task")
    with EventStream(server.gateway, task.id, headers={"Last-Event-ID": old}) as stream:
        assert stream.status == 404
    with RawWebSocket(server.gateway, f"/tasks/{task.id}/ws?after={old}") as socket:
        assert socket.closed() == Closed(4404, "unknown_task")


@RESTARTS
@pytest.mark.parametrize("path", PATHS)
def test_a_task_that_never_speaks_again_is_unknown_in_the_end(path: str) -> None:
    with lossy(path, lost_after=SHORT) as server:
        task = server.journals.task()
        with (
            EventStream(server.gateway, task.id) as stream,
            RawWebSocket(server.gateway, f"/tasks/{task.id}/ws") as socket,
        ):
            last = stream.event()["id"]
            socket.body()
            server.lose_everything()
            assert bodies_of(stream.rest()) == []
            assert socket.closed() == Closed(4404, "unknown_task")
        with EventStream(server.gateway, task.id, headers={"Last-Event-ID": last}) as stream:
            assert stream.status == 404
        assert server.get(task, "/events", after=last, limit=10) == (404, "unknown_task")


class TestEviction:
    """Redis drops what it has no room for; here, what the test chooses."""

    @pytest.fixture
    def client(self, server: Lossy) -> redis.Redis:
        client: redis.Redis = server.journals.redis
        return client

    def test_a_task_without_its_log_is_told_by_its_state(self, server: Lossy, client: redis.Redis) -> None:
        task = server.journals.task()
        first, last = task.grow(2)
        client.delete(task.keys.log)
        snapshot = httpx.get(f"{server.gateway.http}/tasks/{task.id}").json()
        told = {name: snapshot[name] for name in ("id", "type", "state", "name", "attempt", "final")}
        assert told == {
            "id": str(last),
            "type": "state",
            "state": "PROGRESS",
            "name": "tests.task",
            "attempt": 1,
            "final": False,
        }
        # Log lines and chunks of data come after it. None of them is the task's state.
        for number in range(3):
            task.append(number, type="data", state="")
        with followed(server.gateway, task, str(first)) as clients:
            for each in clients.values():
                gap = each()
                assert gap["gap"] == {"after": str(first), "reason": "trimmed"}
                assert (gap["snapshot"]["type"], gap["snapshot"]["state"]) == ("state", "PROGRESS")
                assert [each()["data"] for _ in range(3)] == [0, 1, 2]

    def test_an_ended_task_without_its_log_has_ended(self, server: Lossy, client: redis.Redis) -> None:
        task = server.journals.task()
        first, last = task.append(), task.finish()
        client.delete(task.keys.log)
        for after in (None, str(first)):
            with followed(server.gateway, task, after) as clients:
                for each in clients.values():
                    snapshot = each()["snapshot"]
                    assert (snapshot["state"], snapshot["final"]) == ("SUCCESS", True)
                    assert snapshot["result_omitted"] is True
        assert (
            httpx.get(
                f"{server.gateway.http}/tasks/{task.id}/events", headers={"Last-Event-ID": str(last)}
            ).status_code
            == 204
        )

    def test_a_task_without_its_head_is_known(self, server: Lossy, client: redis.Redis) -> None:
        task = server.journals.task()
        client.delete(task.keys.head, task.keys.tombstone)
        assert server.get(task) == (503, "records_missing")
        with followed(server.gateway, task) as clients:
            task.append("alive")
            for each in clients.values():
                assert each()["data"] == "alive"

    def test_a_run_that_goes_on_is_known(self, server: Lossy, client: redis.Redis) -> None:
        task = server.journals.task()
        client.delete(task.keys.head, task.keys.log, task.keys.tombstone)
        assert server.get(task) == (404, "unknown_task")
        client.zadd(control().workers, {"worker": 2**50})
        client.hset(control().runs("worker"), task.keys.result, "row")
        assert server.get(task) == (503, "records_missing")
        client.delete(control().workers, control().runs("worker"))
