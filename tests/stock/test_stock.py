"""The tasks of workers without Taskbeam, over each transport, on both serving paths."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery.backends.redis import RedisBackend

from tests.support.clients import TRANSPORTS, Event, until
from tests.support.event_stream import EventStream
from tests.support.journal import Journals
from tests.support.raw_websocket import RawWebSocket

from .conftest import heard_on_one_server, stock_gateway

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

    from .conftest import StockTask

Pair = tuple["Gateway", "Gateway"]

#: Celery calls redis-py so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning"),
    heard_on_one_server,
]

#: But for its id and the time.
PENDING = {
    "type": "state",
    "state": "PENDING",
    "name": None,
    "final": False,
    "source": "celery",
    "known": False,
}


def timeless(event: Event) -> Event:
    """Without its time, which it has."""
    assert event.pop("ts") > 0
    return event


def get(served: Gateway, path: str) -> httpx.Response:
    return httpx.get(f"{served.http}/tasks/{path}", timeout=60)


def journal(served: Gateway, task_id: str) -> list[Event]:
    events: list[Event] = get(served, f"{task_id}/events?limit=1000").json()["events"]
    return events


def told(events: list[Event]) -> list[Any]:
    """States, or what stands in their place."""
    return [event.get("progress", {}).get("current", event.get("state", event["type"])) for event in events]


def unknown(stream: EventStream) -> str:
    """Take the first event of a task of which nothing is stored: what is stored from now on comes behind it.

    That a gateway hears the task says too little: it may still be looking at what is stored.
    """
    first = stream.event()
    assert first["known"] is False
    return str(first["state"])


def progress(task: StockTask, *currents: int) -> None:
    for current in currents:
        task.store("PROGRESS", {"current": current})


@pytest.mark.parametrize("path", [0, 1])
def test_nobody_knows_whether_there_is_a_task_of_which_nothing_is_stored(
    pair: Pair, path: int, task: StockTask
) -> None:
    served, expected = pair[path], {"task_id": task.id, **PENDING}
    assert timeless(get(served, task.id).json()) == {**expected, "last_event_id": "0-0"}
    answer = get(served, f"{task.id}/events?wait=0.1").json()
    assert [timeless(event) for event in answer.pop("events")] == [expected]
    assert answer == {"last_event_id": "0-0", "final": False}
    with (
        EventStream(served, task.id) as stream,
        RawWebSocket(served, f"/tasks/{task.id}/ws") as socket,
        RawWebSocket(served, "/ws") as many,
    ):
        many.say(op="subscribe", task_id=task.id)
        assert timeless(json.loads(stream.body())) == timeless(json.loads(socket.body())) == expected
        assert timeless([json.loads(many.body()) for _ in range(2)][1]) == expected
        assert task.names() == set()
        task.store("STARTED")
        first = json.loads(stream.body())
        assert first == json.loads(socket.body()) == json.loads(many.body())
    assert (first["state"], first["id"].split("-")[1]) == ("STARTED", "1")
    assert "attempt" not in first


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_a_stock_worker_does_is_followed_from_before_its_start(
    pair: Pair, transport: str, app: Celery, task: StockTask
) -> None:
    async def follow(served: Gateway) -> list[Event]:
        return await until(TRANSPORTS[transport](served, task.id, None), is_final)

    async def is_final(event: Event) -> bool:
        return bool(event["final"])

    async def both() -> list[list[Event]]:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            clients = [group.create_task(follow(served)) for served in pair]
            await asyncio.to_thread(task.wait_for_hearers, 2)
            await asyncio.to_thread(app.send_task, "jobs.digest", [20], task_id=task.id)
        return [client.result() for client in clients]

    kept = journal_after(pair[0], task.id, asyncio.run(both()))
    assert told(kept) == ["STARTED", *range(1, 21), "SUCCESS"]
    assert {event["source"] for event in kept} == {"celery"}


def journal_after(served: Gateway, task_id: str, seen: list[list[Event]]) -> list[Event]:
    """The journal, which each of the clients has seen behind the event that nothing is known yet."""
    kept = journal(served, task_id)
    assert [int(event["id"].split("-")[1]) for event in kept] == list(range(1, len(kept) + 1))
    for events in seen:
        assert [event for event in events if event.get("known", True)] == kept
    return kept


def test_two_of_the_same_content_are_two(pair: Pair, task: StockTask) -> None:
    with EventStream(pair[0], task.id) as one, EventStream(pair[1], task.id) as other:
        assert [unknown(one), unknown(other)] == ["PENDING"] * 2
        progress(task, 1, 2, 1, 1)
        task.store("SUCCESS", "done")
        seen = [one.event() for _ in range(5)], [other.event() for _ in range(5)]
    assert told(journal_after(pair[0], task.id, list(seen))) == [1, 2, 1, 1, "SUCCESS"]


def test_what_no_gateway_heard_is_a_gap_in_the_journal(valkey: Valkey, task: StockTask) -> None:
    with stock_gateway(valkey) as served, EventStream(served, task.id) as stream:
        unknown(stream)
        progress(task, 1, 2)
        seen = [stream.event() for _ in range(2)]
    progress(task, 3, 4)
    with stock_gateway(valkey) as served:
        with EventStream(served, task.id, f"?after={seen[-1]['id']}") as stream:
            gap, four = (json.loads(stream.body()) for _ in range(2))
            task.store("SUCCESS")
            end = json.loads(stream.body())
        assert gap["gap"] == {"after": seen[-1]["id"], "reason": "unheard"}
        assert gap["snapshot"] == four
        assert [four["progress"]["current"], end["state"]] == [4, "SUCCESS"]
        kept = journal_after(served, task.id, [[*seen, gap, four, end]])
    assert told(kept) == [1, 2, "gap", 4, "SUCCESS"]


def test_a_result_that_contradicts_the_end_that_was_told_begins_another_life(
    pair: Pair, task: StockTask
) -> None:
    served = pair[0]
    task.store("FAILURE", ValueError("planted-secret"))
    [failed] = journal(served, task.id)
    assert (failed["state"], failed["error"]["code"]) == ("FAILURE", "task_failed")
    task.store("SUCCESS", "after all")
    with EventStream(served, task.id, f"?after={failed['id']}") as stream:
        gap, success = (json.loads(stream.body()) for _ in range(2))
    assert (gap["gap"]["reason"], success["result"], success["final"]) == ("epoch", "after all", True)


def test_an_end_that_celery_tells_twice_is_one_event(pair: Pair, task: StockTask) -> None:
    with EventStream(pair[0], task.id) as stream:
        unknown(stream)
        task.store("REVOKED", ValueError())
        revoked = stream.event()
    task.store("REVOKED", ValueError())
    assert [journal(served, task.id) for served in pair] == [[revoked], [revoked]]


def test_a_result_that_was_forgotten_is_gone_on_every_gateway(pair: Pair, task: StockTask) -> None:
    task.store("SUCCESS", "secret")
    assert [get(served, task.id).json()["result"] for served in pair] == ["secret"] * 2
    task.forget()
    assert [get(served, task.id).status_code for served in pair] == [410, 410]
    with EventStream(pair[0], task.id) as stream:
        assert stream.status == 410
    task.store("STARTED")
    assert get(pair[1], task.id).json()["state"] == "STARTED"


def test_a_journal_lives_as_long_as_celerys_result(pair: Pair, task: StockTask) -> None:
    task.store("SUCCESS")
    get(pair[0], task.id)
    result = task.client.pttl(f"celery-task-meta-{task.id}")
    for key in task.names():
        left = task.client.pttl(key)
        assert left > 7 * 86_400_000 if key.endswith("tombstone") else abs(left - result) < 60_000


def test_what_cannot_be_read_is_passed_over(pair: Pair, task: StockTask) -> None:
    with EventStream(pair[0], task.id) as stream:
        unknown(stream)
        task.client.publish(f"celery-task-meta-{task.id}", b"\x80\x04.")
        task.store("SUCCESS")
        assert stream.event()["state"] == "SUCCESS"


def test_a_lost_connection_is_made_again_and_nothing_that_was_missed_is_passed_over(
    pair: Pair, task: StockTask
) -> None:
    with EventStream(pair[0], task.id) as stream:
        unknown(stream)
        progress(task, 1)
        assert told([stream.event()]) == [1]
        with task.client.pipeline(transaction=True) as pipeline:
            pipeline.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            for current in (2, 3):
                pipeline.publish(f"celery-task-meta-{task.id}", "unheard")
                task_meta = json.dumps({"status": "PROGRESS", "result": {"current": current}})
                pipeline.set(f"celery-task-meta-{task.id}", task_meta, ex=100)
            pipeline.execute()
        assert told([json.loads(stream.body()) for _ in range(2)]) == ["gap", 3]
        task.wait_for_hearers(1)
        progress(task, 4)
        assert told([json.loads(stream.body())]) == [4]


def test_a_global_key_prefix(valkey: Valkey, task: StockTask) -> None:
    options = {"global_keyprefix": "shop"}
    task.app.conf.result_backend_transport_options = options
    with stock_gateway(valkey, **options) as served, EventStream(served, task.id) as stream:
        backend = RedisBackend(app=task.app, url=valkey.url(1))
        unknown(stream)
        backend.store_result(task.id, 1, "SUCCESS")
        assert told([stream.event()]) == ["SUCCESS"]


def test_a_run_of_taskbeams_tells_by_itself(valkey: Valkey, pair: Pair, task: StockTask) -> None:
    with EventStream(pair[0], task.id) as stream, Journals(valkey.url(1)) as journals:
        unknown(stream)
        ours = journals.task(task_id=task.id)
        task.store("PROGRESS", {"current": 7})
        ours.append()
        second, third = (stream.event() for _ in range(2))
        assert get(pair[1], task.id).json()["last_event_id"] == third["id"]
    assert (second["state"], third["type"]) == ("PENDING", "progress")
    assert "source" not in third
