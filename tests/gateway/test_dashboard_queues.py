"""What operators do to queues: purge one, whose tasks end by that; pause it, and go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from taskbeam.gateway import problems
from taskbeam.journal import events
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.jobs import jobs_app
from tests.support.results import control, results_at
from tests.support.tokens import TOKENS, bearer, operator, sign
from tests.support.waiting import wait_until
from tests.support.worker import hears_broadcasts, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

QUEUE = "dashboard.queues"


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    app = jobs_app(valkey.url(0), f"taskbeam+{results_at(valkey.url(1))}")
    with app.connection_for_write() as connection:
        app.amqp.queues[QUEUE](connection).declare()
    with gateway(valkey.url().removesuffix("/0"), dashboard=1, **TOKENS) as running:
        yield running


@pytest.fixture
def broker(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url(0)) as client:
        yield client
        client.delete(QUEUE)


def ask(
    served: Gateway, what: str, queue: str = QUEUE, headers: dict[str, str] | None = None
) -> httpx.Response:
    url = f"{served.http}/dashboard/queues/{what}"
    return httpx.post(
        url, json={"queue": queue}, headers=operator() if headers is None else headers, timeout=60
    )


def state(served: Gateway, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{served.http}/tasks/{task_id}", headers=operator()).json()
    return found


def queue_row(served: Gateway) -> dict[str, Any]:
    url = f"{served.http}/tasks/taskbeam.dashboard/events?limit=1&tail=1"
    ticks = httpx.get(url, headers=operator()).json().get("events", [])
    rows: dict[str, dict[str, Any]] = {row["name"]: row for tick in ticks for row in tick["data"]["queues"]}
    return rows.get(QUEUE, {})


def test_tasks_of_a_purged_queue_end(
    served: Gateway, broker: redis.Redis, journals: Journals, valkey: Valkey
) -> None:
    app = jobs_app(valkey.url(0), f"taskbeam+{results_at(valkey.url(1))}")
    waits = app.send_task("jobs.add", (1, 2), queue=QUEUE).id
    link = app.signature("jobs.total", queue="elsewhere")
    first = app.signature("jobs.digest", (1,), queue=QUEUE)
    chained: Any = (first | link).apply_async()
    over = app.send_task("jobs.add", (1, 2), queue=QUEUE).id
    app.backend.store_result(over, 3, events.SUCCESS)
    runs = journals.task()
    runs.append(state=events.STARTED, type="state")
    app.send_task("jobs.add", (3, 4), task_id=runs.id, queue=QUEUE)
    # Of somebody else: no task, and a task that keeps no journal.
    like = json.loads(broker.lindex(QUEUE, 0) or "")
    for tag, headers in (("one", {}), ("two", like["headers"] | {"id": "nobodys"})):
        properties = like["properties"] | {"delivery_tag": tag}
        broker.lpush(QUEUE, json.dumps(like | {"headers": headers, "properties": properties}))
    assert broker.llen(QUEUE) == 6

    answer = ask(served, "purge")
    assert answer.json() == {"queue": QUEUE, "purged": 5, "ended": 2, "kept": 1, "more": False}
    for task_id in (waits, chained.parent.id):
        end = state(served, task_id)
        assert (end["state"], end["final"], end["error"]["code"]) == ("REVOKED", True, "purged")
    assert state(served, chained.id)["error"]["code"] == "dependency_failed"
    assert state(served, over)["state"] == "SUCCESS"
    assert state(served, runs.id)["state"] == "STARTED"
    assert str(app.AsyncResult(waits).state) == "REVOKED", "who waits for Celery's result is told, too"
    (kept,) = map(json.loads, broker.lrange(QUEUE, 0, -1))
    assert kept["headers"]["id"] == runs.id
    assert not broker.zcard("unacked_index")
    wait_until(lambda: f"Purged queue {QUEUE}: removed 5 messages, revoked 2 tasks" in served.process.output)
    runs.finish()
    assert ask(served, "purge").json()["purged"] == 1, "it has ended: its message is of no use"
    assert ask(served, "purge").json()["purged"] == 0


def test_a_paused_queue_is_left_alone_until_it_is_resumed(
    served: Gateway, broker: redis.Redis, valkey: Valkey
) -> None:
    backend = f"taskbeam+{results_at(valkey.url(1))}"
    app = jobs_app(valkey.url(0), backend)
    with worker(valkey.url(0), backend, pool="solo", queue=QUEUE):
        wait_until(lambda: hears_broadcasts(app))
        wait_until(lambda: queue_row(served).get("slots") == 1)
        told = ask(served, "pause").json()
        (name,) = told["workers"]
        assert (told["queue"], told["silent"], "@" in name) == (QUEUE, [], True)
        wait_until(lambda: (app.control.inspect(timeout=1).active_queues() or {}).get(name) == [])
        sent = app.send_task("jobs.add", (1, 2), queue=QUEUE)
        wait_until(lambda: (queue_row(served).get("slots"), queue_row(served).get("paused")) == (0, 1))
        assert broker.llen(QUEUE) == 1
        assert ask(served, "pause").json()["workers"] == [], "nobody consumes it"
        assert ask(served, "resume").json() == {"queue": QUEUE, "workers": [name], "silent": []}
        assert sent.get(timeout=60) == 3
        wait_until(lambda: queue_row(served).get("slots") == 1 and "paused" not in queue_row(served))
        assert_problem(ask(served, "resume"), problems.NOT_PAUSED)
        assert ask(served, "pause").json()["workers"] == [name]
    wait_until(lambda: "paused" not in queue_row(served))
    # Whoever was paused is gone, and consumes all of its queues when it comes back.
    assert ask(served, "resume").json() == {"queue": QUEUE, "workers": [], "silent": []}


def test_that_nobody_answers_is_said(served: Gateway) -> None:
    answer = ask(served, "pause")
    assert_problem(answer, problems.NO_WORKER_ANSWERED)
    assert "worker_enable_remote_control" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["purge", "pause", "resume"])
def test_they_are_for_operators_and_for_queues(
    served: Gateway, journals: Journals, broker: redis.Redis, what: str
) -> None:
    assert_problem(ask(served, what, headers={}), problems.UNAUTHENTICATED)
    read = sign(tasks=["taskbeam.dashboard"], scope="read send")
    assert_problem(ask(served, what, headers=bearer(read)), problems.FORBIDDEN)
    # On Redis any list would do: that of a journal, too.
    broker.rpush("no.queue", "record")
    assert_problem(ask(served, what, "no.queue"), problems.NO_SUCH_QUEUE)
    assert broker.lrange("no.queue", 0, -1) == [b"record"]
    broker.delete("no.queue")
    assert_problem(ask(served, what, ""), problems.INVALID_REQUEST)
    assert not journals.redis.exists(control().queue("no.queue").paused)
