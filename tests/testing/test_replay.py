"""A recorded task happens again: on every transport, with pauses, cuts and gaps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from stack.ports import kept_port
from stack.process import ManagedProcess
from taskbeam.client import SyncClient, Text
from taskbeam.follow.filters import Filter
from taskbeam.journal.events import EventId
from taskbeam.testing import RecordedTask, recorded, recording
from taskbeam.testing.replay import Follower, Plan, ReplayedTask
from tests.support.asyncapi import check
from tests.support.gateway import ROOT
from tests.support.waiting import START_TIMEOUT, wait_until

from .test_recorded import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

__all__ = ["app"]


@pytest.fixture(scope="module")
def saved(app: Celery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a recorded import."""
    file = tmp_path_factory.mktemp("replay") / "import.json"
    with recording(app) as journal:
        recorded(app.tasks["kit.imports"], 2)
        journal.save(file)
    return file


@pytest.fixture(scope="module")
def events(saved: Path) -> RecordedTask:
    """What is in it."""
    [(task_id, bodies)] = json.loads(saved.read_text())["tasks"].items()
    return RecordedTask(task_id, bodies)


def told(follower: Follower, age: float) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in follower.take(age)]


class TestAFollower:
    @pytest.fixture
    def bodies(self, app: Celery) -> list[dict[str, Any]]:
        return [dict(body) for body in recorded(app.tasks["kit.counts"], 3).bodies]

    def test_hears_of_each_event_when_it_is_due(self, bodies: list[dict[str, Any]]) -> None:
        plan = Plan(interval=2)
        task = ReplayedTask(bodies[0]["task_id"], bodies, plan)
        follower = Follower(task, None, plan)
        assert (told(follower, 0), task.wait(0)) == (bodies[:1], 2)
        assert (told(follower, 1.5), task.wait(1.5)) == ([], 0.5)
        assert (told(follower, 5), follower.finished) == (bodies[1:3], False)
        assert (told(follower, 1000), follower.finished, task.wait(1000)) == (bodies[3:], True, None)

    def test_comes_back_with_its_cursor(self, bodies: list[dict[str, Any]]) -> None:
        plan = Plan(interval=0, cut_after=2)
        task = ReplayedTask(bodies[0]["task_id"], bodies, plan)
        heard: list[dict[str, Any]] = []
        follower = Follower(task, None, plan)
        while True:
            heard += told(follower, 1)
            if follower.finished:
                break
            assert follower.cut is not None
            follower = Follower(task, follower.after, plan)
        assert heard == bodies

    def test_gets_a_gap_where_the_journal_no_longer_has_its_cursor(
        self, bodies: list[dict[str, Any]]
    ) -> None:
        plan = Plan(interval=0, keep=2)
        task = ReplayedTask(bodies[0]["task_id"], bodies, plan)
        cursor = EventId.parse(bodies[1]["id"])
        gap, *kept = told(Follower(task, cursor, plan), 1)
        check(gap, "gap")
        assert gap["gap"] == {"after": bodies[1]["id"], "reason": "trimmed"}
        assert (gap["snapshot"], kept) == (bodies[-1], bodies[-2:])

    @pytest.mark.parametrize(
        ("types", "states", "kept"),
        [("progress", None, ["progress"]), (["log"], None, []), (None, "STARTED", ["state"])],
    )
    def test_gets_what_it_asks_for_and_each_end(
        self, bodies: list[dict[str, Any]], types: object, states: object, kept: list[str]
    ) -> None:
        plan = Plan(interval=0)
        task = ReplayedTask(bodies[0]["task_id"], bodies, plan)
        follower = Follower(task, None, plan, Filter.asked(types, states))
        heard = told(follower, 1)
        assert {event["type"] for event in heard[:-1]} == set(kept)
        assert (heard[-1], follower.finished) == (bodies[-1], True)

    def test_gets_the_text_so_far_where_it_has_no_event_of_the_journal(self, events: RecordedTask) -> None:
        plan = Plan(interval=0, keep=1)
        task = ReplayedTask(events.task_id, events.bodies, plan)
        gap, text, last = told(Follower(task, None, plan), 1)
        assert (gap["type"], text["output"], last) == (
            "gap",
            {"offset": 0, "text": events.output},
            events.bodies[-1],
        )
        check(text, "output")
        assert told(Follower(task, EventId.parse(last["id"]), plan), 1) == []

    def test_pauses_as_the_task_did(self, bodies: list[dict[str, Any]]) -> None:
        slow = [body | {"ts": 100.0 + 10 * number} for number, body in enumerate(bodies)]
        task = ReplayedTask("a", slow, Plan(interval=None))
        assert [task.wait(age) for age in (0, 4, 10)] == [10, 6, 10]


#: Node, as a wheel brings it.
NODE = Path(sys.executable).parent

#: Sends the task, and follows it by the browser's client.
FOLLOW = """
import { watch } from "./frontend/client/main.js";
const base = "%s/";
const sent = await (await fetch(base + "imports", { method: "POST" })).json();
const watching = watch(sent.task_id, { baseUrl: base, transport: "%s" });
const heard = [];
for await (const event of watching) heard.push(event);
console.log(JSON.stringify([heard, await watching.result]));
process.exit(0);
"""

#: Events after which each connection of the served gateway is cut, and seconds between two.
CUT_AFTER, INTERVAL = 4, 0.01


@pytest.fixture(scope="module")
def gateway(saved: Path) -> Iterator[str]:
    """`taskbeam replay` of the recorded import."""
    argv = [sys.executable, "-m", "taskbeam", "replay", str(saved), "--send", "/imports=kit.imports"]
    argv += ["--cut-after", str(CUT_AFTER), "--interval", str(INTERVAL)]
    with kept_port() as port, ManagedProcess("replay", [*argv, "--port", str(port)]) as process:
        address = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: _answers(address), START_TIMEOUT)
        yield address


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _wait_for_end(gateway: str, events: RecordedTask) -> None:
    """Before that its last event is one of the future, and no cursor."""
    wait_until(lambda: httpx.get(f"{gateway}/tasks/{events.task_id}").json()["final"])


class TestServed:
    def test_our_client_gets_every_event_once_though_it_is_cut(
        self, gateway: str, events: RecordedTask
    ) -> None:
        with SyncClient(gateway) as client:
            sent = client.send("imports", json={})
            heard = [event for event in client.follow(sent, timeout=60) if event.id]
            assert client.result(sent, timeout=60) == events.result
            assert client.snapshot(sent).state == "SUCCESS"
        assert [{**event.raw, "task_id": events.task_id} for event in heard] == list(events.bodies)
        text = Text()
        for event in heard:
            text.take(event)
        assert str(text) == events.output

    def test_polling(self, gateway: str, events: RecordedTask) -> None:
        heard: list[dict[str, Any]] = []
        query: dict[str, Any] = {"wait": 20}
        while True:
            page = httpx.get(f"{gateway}/tasks/{events.task_id}/events", params=query).json()
            heard += [event for event in page["events"] if "id" in event]
            assert len(page["events"]) <= CUT_AFTER
            if page["final"]:
                break
            query["after"] = page["last_event_id"]
        assert heard == list(events.bodies)

    def test_a_socket_of_a_task_is_cut_and_goes_on(self, gateway: str, events: RecordedTask) -> None:
        heard: list[dict[str, Any]] = []
        codes: list[int] = []
        while not codes or codes[-1] != 1000:
            after = f"?after={heard[-1]['id']}" if heard else ""
            with connect(f"{gateway.replace('http', 'ws')}/tasks/{events.task_id}/ws{after}") as socket:
                try:
                    while True:
                        heard += [event for event in [json.loads(socket.recv(30))] if "id" in event]
                except ConnectionClosed as closed:
                    codes.append(closed.rcvd.code if closed.rcvd else 0)
        assert heard == list(events.bodies)
        assert set(codes[:-1]) == {1012}

    def test_a_socket_of_many(self, gateway: str, events: RecordedTask) -> None:
        _wait_for_end(gateway, events)
        with connect(f"{gateway.replace('http', 'ws')}/ws") as socket:
            for message in (
                {"op": "ping"},
                {"op": "subscribe", "task_id": "nowhere"},
                {"op": "subscribe", "task_id": events.task_id, "types": ["stat"]},
                {"op": "subscribe", "task_id": events.task_id, "after": events[-2].id},
            ):
                socket.send(json.dumps(message))
            said = [json.loads(socket.recv(30)) for _ in range(6)]
        assert [each.get("op") or each["state"] for each in said] == [
            "pong",
            "error",
            "error",
            "subscribed",
            "SUCCESS",
            "unsubscribed",
        ]
        assert [each["code"] for each in said[1:3]] == ["unknown_task", "invalid_request"]
        assert said[-1] == {"op": "unsubscribed", "task_id": events.task_id, "reason": "ended"}

    def test_the_end_and_what_is_unknown(self, gateway: str, events: RecordedTask) -> None:
        _wait_for_end(gateway, events)
        address = f"{gateway}/tasks/{events.task_id}/events"
        ended = httpx.get(address, headers={"Last-Event-ID": str(events[-1].id)})
        assert ended.status_code == 204
        unknown = httpx.get(f"{gateway}/tasks/nowhere")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_task")
        assert unknown.headers["access-control-allow-origin"] == "*"
        for query, code in {"after=x": "bad_cursor", "types=stat": "invalid_request"}.items():
            assert httpx.get(f"{address}?{query}").json()["code"] == code

    def test_filters(self, gateway: str, events: RecordedTask) -> None:
        heard: list[dict[str, Any]] = []
        query: dict[str, Any] = {"wait": 20, "types": "output"}
        while not heard or not heard[-1]["final"]:
            page = httpx.get(f"{gateway}/tasks/{events.task_id}/events", params=query).json()
            heard += [event for event in page["events"] if "id" in event]
            query["after"] = page["last_event_id"]
        wanted = [body for body in events.bodies if body["type"] == "output" or body["final"]]
        assert heard == wanted

    @pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
    def test_the_browser_s_client_gets_every_event_once_though_it_is_cut(
        self, gateway: str, events: RecordedTask, transport: str
    ) -> None:
        script = FOLLOW % (gateway, transport)
        argv = [f"{NODE}/node", "--input-type=module", "--eval", script]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
        heard, result = json.loads(done.stdout)
        assert [{**event, "task_id": events.task_id} for event in heard if "id" in event] == list(
            events.bodies
        )
        assert result == events.result

    def test_it_can_be_cancelled(self, app: Celery) -> None:
        plan = Plan(interval=1, keep=None)
        told_of = recorded(app.tasks["kit.counts"], 5)
        task = ReplayedTask(told_of.task_id, told_of.bodies, plan)
        task.cancel(3)
        follower = Follower(task, None, plan)
        *_, asked, revoked = told(follower, 3)
        for event in (asked, revoked):
            check(event, "event")
        assert (asked["cancel"], revoked["state"], follower.finished) == ("requested", "REVOKED", True)
