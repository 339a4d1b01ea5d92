"""Redis comes back with an older copy of its data: each client is told what it lost, and gets the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from stack.valkey import Valkey
from tests.support.event_stream import EventStream
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.journal import Journals, Task
from tests.support.raw_websocket import RawWebSocket
from tests.support.redis_cluster import one_server
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = one_server("it starts the server with the results from a snapshot")

Event = dict[str, Any]


class Restored(NamedTuple):
    """A gateway, and a server that is about to be restored from a snapshot."""

    valkey: Valkey
    gateway: Gateway
    journals: Journals

    def restore(self) -> None:
        """End the server as a crash does, and start it from its snapshot."""
        self.journals.writer.close()
        self.valkey.kill()
        self.valkey.start()
        wait_until(lambda: httpx.get(f"{self.gateway.http}/readyz").status_code == 200)


@pytest.fixture(scope="module", params=PATHS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    folder: Path = tmp_path_factory.mktemp("snapshot")
    with (
        Valkey(None, None, "--dir", str(folder), "--dbfilename", "dump.rdb") as valkey,
        gateway(valkey.url().removesuffix("/0"), request.param) as running,
        Journals(valkey.url(1)) as journals,
    ):
        yield Restored(valkey, running, journals)


def told(task: Task) -> list[Event]:
    return [json.loads(body) for body in task.bodies()]


def paged(server: Restored, task: Task, after: str) -> list[Event]:
    """What a client that polls gets, a few at a time."""
    events: list[Event] = []
    while True:
        query = {"after": after, "limit": "2"}
        page = httpx.get(f"{server.gateway.http}/tasks/{task.id}/events", params=query).json()
        events += page["events"]
        if page["final"]:
            return events
        after = page["last_event_id"]


def rest_of(stream: EventStream) -> list[Event]:
    events = [stream.event()]
    while not events[-1]["final"]:
        events.append(stream.event())
    return events


def rest_of_socket(socket: RawWebSocket) -> list[Event]:
    events = [socket.json()]
    while not events[-1]["final"]:
        events.append(socket.json())
    return events


def test_each_client_gets_what_the_journal_has_and_is_told_of_what_it_lost(server: Restored) -> None:
    task = server.journals.task()
    task.grow(3)
    server.journals.redis.save()
    before = told(task)
    task.grow(3)
    everything = told(task)
    kept, lost = before, everything[len(before) :]
    with (
        EventStream(server.gateway, task.id) as live,
        RawWebSocket(server.gateway, f"/tasks/{task.id}/ws") as socket,
    ):
        assert [live.event() for _ in everything] == [socket.json() for _ in everything] == everything
        server.restore()
        assert told(task) == kept
        task.grow(2)
        task.finish()
        again = told(task)[len(kept) :]
        streams = {"stream": rest_of(live), "socket": rest_of_socket(socket)}
    ids = [event["id"] for event in (*kept, *lost, *again)]
    assert len(set(ids)) == len(ids), "no id has two bodies"

    # Whoever has seen what was lost is told so, and then gets everything that the journal still has.
    ahead = lost[-1]["id"]
    for events in (*streams.values(), paged(server, task, ahead)):
        check_forgotten(events, ahead, kept, again)
    # Whoever was away, with a cursor that the journal continues, misses nothing of it.
    behind = kept[1]["id"]
    with EventStream(server.gateway, task.id, headers={"Last-Event-ID": behind}) as stream:
        check_continued(rest_of(stream), kept[2:], again)
    check_continued(paged(server, task, behind), kept[2:], again)
    # Nor does a newcomer.
    with RawWebSocket(server.gateway, f"/tasks/{task.id}/ws") as newcomer:
        check_continued(rest_of_socket(newcomer), kept, again)


def check_forgotten(events: list[Event], after: str, kept: list[Event], again: list[Event]) -> None:
    gap, *rest = events
    assert gap["gap"] == {"after": after, "reason": "epoch"}
    check_continued(rest, kept, again)


def check_continued(events: list[Event], kept: list[Event], again: list[Event]) -> None:
    """The records of the old life, a gap, and those of the new one."""
    gap = events[len(kept)]
    assert events == [*kept, gap, *again]
    assert gap["gap"] == {"after": kept[-1]["id"], "reason": "epoch"}
    epoch, number = again[0]["id"].split("-")
    assert gap["id"] == f"{epoch}-{int(number) - 1}"
