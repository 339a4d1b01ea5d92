"""What a gateway has counted is what its clients counted, on every path."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.support.event_stream import EventStream, bodies_of
from tests.support.raw_websocket import RawWebSocket
from tests.support.waiting import wait_until

from .page import Page

if TYPE_CHECKING:
    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = {"metrics": 1}

#: Tasks of the load, and events of each beside the first and the last.
TASKS, EVENTS = 10, 40

#: Longer than any event takes, in seconds.
LONG = 60


def bodies(socket: RawWebSocket, count: int) -> list[bytes]:
    """So many events; what the gateway itself says in between is none."""
    found: list[bytes] = []
    while len(found) < count:
        body = socket.body()
        if not body.startswith(b'{"op":'):
            found.append(body)
    return found


def settled(http: httpx.Client) -> Page:
    """When nobody is connected any more."""
    stay = [f"connections[{transport}]" for transport in ("sse", "websocket")]
    wait_until(lambda: not any(map(Page.read(http).get, stay)))
    return Page.read(http)


def test_the_counters_of_a_load_are_what_the_clients_counted(
    served: Gateway, http: httpx.Client, journals: Journals
) -> None:
    before = settled(http)
    tasks = [journals.task() for _ in range(TASKS)]
    with ExitStack() as stack:
        enter = stack.enter_context
        streams = [enter(EventStream(served, task.id)) for task in tasks]
        picked = [enter(EventStream(served, task.id, "?types=state")) for task in tasks]
        sockets = [enter(RawWebSocket(served, f"/tasks/{task.id}/ws")) for task in tasks]
        many = enter(RawWebSocket(served))
        for task in tasks:
            many.say(op="subscribe", task_id=task.id)
        first = bodies(many, TASKS)
        poller = enter(ThreadPoolExecutor(1))
        cursor = tasks[0].records()[-1].id
        poll = poller.submit(http.get, f"/tasks/{tasks[0].id}/events?after={cursor}&wait={LONG}")
        wait_until(lambda: Page.read(http)["connections[poll]"] == 1)
        now = Page.read(http)
        assert now.since(before, "connections[sse]", "connections[websocket]") == [2 * TASKS, TASKS + 1]
        for task in tasks:
            task.grow(EVENTS)
            task.finish()
        whole = [body for task in tasks for body in task.bodies()]
        polled = poll.result()
        got = [body for stream in (*streams, *picked) for body in bodies_of(stream.rest())]
        got += [body for socket in sockets for body in bodies(socket, EVENTS + 2)]
        got += first
        while len(got) < 3 * len(whole) + 2 * TASKS:
            got += bodies(many, 1)
    after = settled(http)
    names = ("events[pushed]", "event_bytes[pushed]", "events[polled]", "event_bytes[polled]")
    found = polled.json()["events"]
    start, end = polled.content.index(b"[") + 1, polled.content.rindex(b'],"last_event_id"')
    polled_bytes = end - start - (len(found) - 1)  # without the commas
    assert after.since(before, *names) == [len(got), sum(map(len, got)), len(found), polled_bytes]
    assert after.since(before, "records_heard") == [TASKS * (EVENTS + 1)]
    assert after.since(before, "subscriptions", "subscriptions_paused", "channels") == [0, 0, 0]


def test_each_record_has_one_latency_however_many_follow_it(
    served: Gateway, http: httpx.Client, task: Task
) -> None:
    before = settled(http)
    with EventStream(served, task.id) as one, EventStream(served, task.id) as other:
        for stream in (one, other):
            stream.block()
        wait_until(lambda: Page.read(http)["subscriptions"] == 2)
        task.grow(9)
        task.finish()
        for stream in (one, other):
            stream.rest()
    after = settled(http)
    names = ("delivery_latency_seconds_count", "events_replayed", "events[pushed]")
    assert after.since(before, *names) == [10, 2, 22]
    [seconds] = after.since(before, "delivery_latency_seconds_sum")
    assert seconds > 0


def test_who_comes_back_and_what_was_missed(served: Gateway, http: httpx.Client, journals: Journals) -> None:
    before = settled(http)
    task = journals.task(limit=3)
    cursor, *_ = task.grow(9)
    task.finish()
    with EventStream(served, task.id) as new:
        new.rest()
    with EventStream(served, task.id, headers={"Last-Event-ID": str(cursor)}) as again:
        again.rest()
    last = task.records()[-1].id
    with EventStream(served, task.id, f"?after={last}") as at_the_end:
        assert at_the_end.status == 204
    after = settled(http)
    names = ("subscriptions_opened", "subscriptions_resumed", "gaps[trimmed]", "gaps[epoch]")
    assert after.since(before, *names) == [2, 1, 2, 0]
    # Three clients; for whoever is at the end the shortcut reads, and then the application.
    [reads] = after.since(before, "replay_seconds_count")
    assert reads >= 3
    assert after.since(before, "journal_read_failures", "redis_connects[reading]") == [0, 0]
    [commands, trips] = after.since(before, "redis_commands", "redis_round_trips")
    assert commands >= trips > 0


def test_a_gap_that_a_waiting_poll_hears_of_is_one(http: httpx.Client, task: Task) -> None:
    before = settled(http)
    [cursor] = task.grow(1)
    with ThreadPoolExecutor(1) as poller:
        poll = poller.submit(http.get, f"/tasks/{task.id}/events?after={cursor}&wait={LONG}")
        wait_until(lambda: Page.read(http)["subscriptions"] == before["subscriptions"] + 1)
        task.lose()
        task.append("reborn")
        gap, *_ = poll.result().json()["events"]
    assert gap["gap"]["reason"] == "epoch"
    assert settled(http).since(before, "gaps[epoch]", "events[pushed]", "events[polled]") == [1, 0, 2]


def test_what_clients_were_told_is_wrong(served: Gateway, http: httpx.Client, task: Task) -> None:
    before = settled(http)
    http.get("/tasks/nobody/events")
    http.get(f"/tasks/{task.id}/events?after=nonsense")
    with RawWebSocket(served, "/tasks/nobody/ws") as socket:
        socket.receive()
    with RawWebSocket(served) as many:
        many.send(b"\x81\x80\0\0\0\0")
        assert many.json()["code"] == "bad_json"
        many.say(op="subscribe", task_id="nobody")
        while many.json().get("code") != "unknown_task":
            pass
    with EventStream(served, "x" * 40_000) as huge:
        assert huge.status == 431
    after = settled(http)
    codes = ("unknown_task", "bad_cursor", "bad_json", "head_too_large")
    assert after.since(before, *(f"problems[{code}]" for code in codes)) == [3, 1, 1, 1]
