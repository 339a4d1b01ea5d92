"""A gateway whose journals are on a cluster: it follows, asks and cancels as on one server."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis
from celery import group as celery_group

from taskbeam.journal.control_keys import CLUSTER
from tests.fates.jobs import fates_app
from tests.fates.stage import SHORT_LIVED
from tests.support.closing import close_app
from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.raw_websocket import RawWebSocket
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker import worker

from .journals import Journals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.redis_cluster import Cluster


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateways keep what has ended."""
    return tmp_path_factory.mktemp("history") / "history.db"


@pytest.fixture(scope="module", params=PATHS)
def served(
    request: pytest.FixtureRequest, cluster: Cluster, broker: Valkey, history: Path
) -> Iterator[Gateway]:
    backend = f"taskbeam+{cluster.url()}"
    with gateway(
        "",
        request.param,
        broker_url=broker.url(),
        result_backend=backend,
        watchdog_interval=0.2,
        lost_after=0.5,
        dashboard=1,
        history=f"sqlite:///{history}",
    ) as running:
        yield running


def followed(served: Gateway, task_id: str) -> list[dict[str, Any]]:
    """What a long-poll client is told, to the end."""
    events: list[dict[str, Any]] = []
    while not events or not events[-1]["final"]:
        after = {"after": events[-1]["id"]} if events else {}
        answer = httpx.get(
            f"{served.http}/tasks/{task_id}/events", params={"wait": 10, **after}, timeout=DEADLINE
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        events += answer.json()["events"]
    return events


def test_all_transports_tell_what_the_journal_has(served: Gateway, cluster: Cluster) -> None:
    journals = Journals(cluster)
    tasks = [journals.task(at) for at in cluster.masters]
    for task in tasks:
        task.append(0)
    for task in tasks:
        with (
            EventStream(served, task.id) as stream,
            RawWebSocket(served, f"/tasks/{task.id}/ws") as socket,
            RawWebSocket(served) as many,
        ):
            many.say(op="subscribe", task_id=task.id)
            assert many.json()["op"] == "subscribed"
            first = [stream.body(), socket.body(), many.body()]
            task.post(1, 2)
            task.append(3, state="SUCCESS", final=True)
            told = [
                [first[0], *bodies_of(stream.rest())],
                [first[1], *socket.bodies()],
                [first[2], *(many.body() for _ in range(3))],
            ]
        assert told == [task.bodies()] * 3
    journals.close()


def test_a_task_of_a_worker_is_followed_to_its_end(served: Gateway, app: Celery) -> None:
    result = app.signature("jobs.digest", args=(5,)).apply_async()
    told = followed(served, result.id)
    assert [event["state"] for event in told][:2] == ["PENDING", "STARTED"]
    assert told[-1]["state"] == "SUCCESS"
    assert told[-1]["result"] == result.get(timeout=DEADLINE)


def test_operators_see_the_tasks_of_all_masters(
    served: Gateway, app: Celery, cluster: Cluster, history: Path
) -> None:
    results = [app.signature("jobs.add", args=(number, 1)).apply_async() for number in range(9)]

    def seen() -> dict[str, str]:
        page = httpx.get(f"{served.http}/dashboard/tasks?limit=500", timeout=DEADLINE).json()
        return {row["id"]: row["state"] for row in page["tasks"]}

    wait_until(lambda: {seen().get(result.id) for result in results} == {"SUCCESS"})
    for result in results:
        task = httpx.get(f"{served.http}/dashboard/tasks/{result.id}", timeout=DEADLINE).json()
        assert (task["state"], task["name"]) == ("SUCCESS", "jobs.add")
    wait_until(lambda: cluster.owner(CLUSTER.dashboard_owed).client.xlen(CLUSTER.dashboard_owed) == 0)
    with closing(sqlite3.connect(history)) as database:
        kept = {task_id for (task_id,) in database.execute("SELECT id FROM taskbeam_history")}
    assert kept >= {result.id for result in results}


def test_operators_see_what_belongs_together_and_purge_a_queue(served: Gateway, app: Celery) -> None:
    queue = "purged"
    members = [app.signature("jobs.add", args=(number, 1), queue=queue) for number in range(3)]
    group: Any = celery_group(members).apply_async()
    ids = {result.id for result in group.results}

    def canvas() -> dict[str, Any]:
        url = f"{served.http}/dashboard/tasks/{min(ids)}/canvas"
        found: dict[str, Any] = httpx.get(url, timeout=DEADLINE).json()
        return found

    wait_until(lambda: {task["id"] for task in canvas()["tasks"]} == ids)
    answer = httpx.post(
        f"{served.http}/dashboard/queues/purge", json={"queue": queue}, timeout=DEADLINE
    ).json()
    assert answer == {"queue": queue, "purged": 3, "ended": 3, "kept": 0, "more": False}
    wait_until(lambda: [task["code"] for task in canvas()["tasks"]] == ["purged"] * 3)
    paused = httpx.post(f"{served.http}/dashboard/queues/resume", json={"queue": queue}, timeout=DEADLINE)
    assert paused.json()["code"] == "not_paused"


def test_a_task_is_cancelled(served: Gateway, app: Celery) -> None:
    result = app.signature("jobs.digest", args=(1_000_000,)).apply_async()
    status = f"{served.http}/tasks/{result.id}"
    wait_until(lambda: httpx.get(status, timeout=DEADLINE).json()["state"] == "PROGRESS")
    answer = httpx.post(f"{status}/cancel", timeout=DEADLINE)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    assert followed(served, result.id)[-1]["state"] == "REVOKED"


def test_a_task_whose_worker_dies_is_lost(served: Gateway, cluster: Cluster, broker: Valkey) -> None:
    messages, backend = broker.url(), f"taskbeam+{cluster.url()}"
    made = fates_app(messages, backend, SHORT_LIVED)
    env = {"FATES_CONF": json.dumps(SHORT_LIVED)}
    with (
        worker(messages, backend, "prefork", 1, "tests.fates.jobs", env=env, queue="doomed") as process,
        redis.Redis.from_url(messages) as gates,
    ):
        task_id = made.tasks["fates.gated"].apply_async(queue="doomed").id
        wait_until(lambda: gates.llen(f"arrived:{task_id}") > 0, lambda: "the task at its gate")
        process.kill()
        told = followed(served, task_id)
    assert [event["state"] for event in told] == ["PENDING", "STARTED", "STALLED", "LOST"]
    close_app(made)


def test_an_unknown_task_is_not_found(served: Gateway) -> None:
    answer = httpx.get(f"{served.http}/tasks/unknown/events", timeout=DEADLINE)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")


def test_it_is_ready(served: Gateway) -> None:
    assert httpx.get(f"{served.http}/readyz", timeout=DEADLINE).json()["status"] == "ok"
