"""asyncapi.yaml describes what really comes over the sockets and the event stream."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator
from websockets.frames import Opcode

from taskbeam.gateway import problems
from taskbeam.gateway.documents.routes import ASYNCAPI
from taskbeam.gateway.feeds.models import FeedGap
from taskbeam.gateway.http.event_models import TaskGap, TaskOutput
from taskbeam.gateway.http.problem_details import ProblemBody
from taskbeam.gateway.problems import Problem
from taskbeam.journal.events import EventId
from tests.support.asyncapi import (
    DOCUMENT,
    MESSAGES,
    SCHEMAS,
    check,
    close_codes,
    received_on,
    sent_on,
)
from tests.support.closing import close_app
from tests.support.event_stream import EventStream, body_of
from tests.support.gateway import ROOT
from tests.support.lasting import before_it_expires
from tests.support.linter import complaints
from tests.support.raw_websocket import RawWebSocket, frame, text
from tests.support.results import results_at
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.worker import worker
from tests.taskbeam.writing_jobs import writing_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from celery import Celery
    from pydantic import BaseModel

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

SETTINGS = TOKENS

SOCKETS = ("oneTask", "manyTasks")


@contextmanager
def jobs(valkey: Valkey) -> Iterator[Celery]:
    broker, backend = valkey.url(0), "taskbeam+" + results_at(valkey.url(1))
    # One task at a time: a retry is told before its next attempt begins.
    with worker(broker, backend, pool="threads", concurrency=1, app="tests.taskbeam.writing_jobs"):
        app = writing_app(broker, backend)
        yield app


@pytest.fixture(scope="module")
def told(valkey: Valkey) -> Iterator[list[str]]:
    """Tasks that have been through all sorts of things."""
    with jobs(valkey) as app:
        results = [
            app.send_task("jobs.digest", [5]),
            app.send_task("jobs.report"),
            app.send_task("jobs.write", [1]),
            app.send_task("jobs.stumble"),
            app.send_task("jobs.flaky"),
            app.send_task("jobs.broken"),
            app.send_task("jobs.add", [1, 2], countdown=0.2),
            app.send_task("jobs.nowhere"),
        ]
        for result in results:
            result.get(timeout=60, propagate=False)
        yield [result.id for result in results]
        close_app(app)


class TestTheDocument:
    def test_it_is_asyncapi(self) -> None:
        specification = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
        faults = Draft7Validator(json.loads(specification.read_text())).iter_errors(DOCUMENT)
        assert [error.message for error in faults] == []

    def test_a_linter_finds_nothing(self) -> None:
        assert complaints(ASYNCAPI) == ""

    def test_each_message_is_on_a_channel_and_each_of_these_in_an_operation(self) -> None:
        assert {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]} == set(
            MESSAGES
        )
        for name, channel in DOCUMENT["channels"].items():
            assert sent_on(name) | received_on(name) == set(channel["messages"])

    def test_each_example_is_the_message_that_it_is_of(self) -> None:
        for name, message in MESSAGES.items():
            for example in message.get("examples", ()):
                assert check(example["payload"], name) == name

    def test_it_is_served_beside_the_other_document(self, http: httpx.Client) -> None:
        answer = http.get("/asyncapi.yaml")
        assert answer.headers["content-type"].startswith("application/yaml")
        assert yaml.safe_load(answer.text) == DOCUMENT


class TestItsSchemas:
    @pytest.mark.parametrize("model", [TaskGap, TaskOutput, FeedGap, ProblemBody])
    def test_are_those_of_openapi(self, model: type[BaseModel]) -> None:
        ours = schemas(model)
        theirs = deepcopy({name: SCHEMAS[name] for name in ours})
        if model is ProblemBody:
            codes = theirs["Problem"]["properties"]["code"].pop("enum")
            assert codes == [problems.TOKEN_EXPIRED.code, problems.TOKEN_REVOKED.code]
        assert theirs == ours

    def test_each_code_is_a_problems(self) -> None:
        known = {problem.code for problem in all_problems()}
        assert known >= set(SCHEMAS["Error"]["properties"]["code"]["enum"])

    @pytest.mark.parametrize("channel", SOCKETS)
    def test_each_close_code_is_its_problems(self, channel: str) -> None:
        by_code = {problem.code: problem.close for problem in all_problems()}
        for code, reason in close_codes(channel):
            assert by_code.get(reason, code) == code
            assert bool(reason) == (reason in by_code)


def schemas(model: type[BaseModel]) -> dict[str, Any]:
    """The model's schemas by name, as a document has them in its `components`."""
    found = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    parts = found.pop("$defs", {})
    return {title: plain(schema) for title, schema in (parts | {found["title"]: found}).items()}


def plain(schema: Any) -> Any:
    """Without what pydantic makes up (titles), and examples, which messages have."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    names = {"properties"} if "properties" in schema else set()
    return {
        name: {member: plain(each) for member, each in value.items()} if name in names else plain(value)
        for name, value in schema.items()
        if name not in ("title", "examples")
    }


def all_problems() -> list[Problem]:
    return [each for each in vars(problems).values() if isinstance(each, Problem)]


class TestTraffic:
    def test_of_the_socket_of_a_task(self, served: Gateway, told: list[str]) -> None:
        states, kinds = set(), set()
        for task_id in told:
            token = sign(tasks=[task_id])
            with RawWebSocket(served, f"/tasks/{task_id}/ws", headers=bearer(token)) as socket:
                for body in socket.bodies():
                    event = json.loads(body)
                    kinds.add(check(event, *sent_on("oneTask")))
                    states.add(event.get("state"))
        assert kinds == {"event", "output"}
        assert states >= {"PENDING", "STARTED", "PROGRESS", "RETRY", "SUCCESS", "FAILURE"}

    def test_of_the_socket_for_many_tasks(self, served: Gateway, told: list[str], journals: Journals) -> None:
        trimmed = journals.task(limit=2)
        first = trimmed.records()[0].id
        trimmed.grow(5)
        waiting = journals.task()
        token = sign(tasks=[*told, trimmed.id, waiting.id], owner="told on a socket")
        in_feed = journals.task(labels={"owner": "told on a socket"})
        asked: list[dict[str, Any]] = [
            {"op": "auth", "token": token},
            *({"op": "subscribe", "task_id": task_id, "after": None} for task_id in told),
            {"op": "subscribe", "task_id": trimmed.id, "after": str(first), "token": token},
            {"op": "auth", "task_id": trimmed.id, "token": token},
            {"op": "subscribe", "feed": "owner:me", "after": "1-1"},
            {"op": "subscribe", "feed": "owner:nobody"},
            {"op": "subscribe", "task_id": waiting.id, "types": ["log"], "states": ["PENDING"], "tail": 5},
            {"op": "auth", "feed": "owner:me", "token": token},
            {"op": "unsubscribe", "feed": "owner:nobody"},
            {"op": "subscribe", "task_id": "nobodys"},
            {"op": "auth", "token": "x"},
            {"op": "unsubscribe", "task_id": "nobodys"},
            {"op": "ping"},
        ]
        seen = set()
        with RawWebSocket(served) as socket:
            for message in asked:
                seen.add(check(message, *received_on("manyTasks")))
                socket.say(**message)
            ended = 0
            in_feed.append()
            while ended < len(told) or not seen >= {"pong", "gap", "feedGap", "feedEvent", "cursor"}:
                heard = socket.json()
                seen.add(check(heard, *sent_on("manyTasks")))
                ended += heard.get("reason") == "ended"
        assert seen == set(DOCUMENT["channels"]["manyTasks"]["messages"])

    def test_of_what_a_client_does_wrong(self, served: Gateway) -> None:
        wrong: dict[str, dict[str, Any] | str] = {
            "bad_json": "no JSON",
            "bad_request": {"op": "subscribe", "task_id": 7},
            "invalid_request": {"op": "subscribe", "task_id": "x", "tail": -1},
            "unknown_feed": {"op": "subscribe", "feed": "nobodys", "token": sign(owner="x")},
            "bad_cursor": {"op": "subscribe", "task_id": "x", "after": "y"},
            "unknown_op": {"op": "sing"},
            "unauthenticated": {"op": "auth", "token": "x"},
            "token_expired": {"op": "auth", "token": sign(exp=1)},
            "unknown_task": {"op": "subscribe", "task_id": "nobodys", "token": sign(tasks=["nobodys"])},
        }
        with RawWebSocket(served) as socket:
            for code, message in wrong.items():
                socket.send(text(message))
                answer = socket.json()
                assert check(answer, *sent_on("manyTasks")) == "error"
                assert answer["code"] == code

    def test_of_the_end_of_a_socket(self, served: Gateway, told: list[str]) -> None:
        mine = bearer(sign(tasks=[told[0], "nobodys"]))
        seen = set()
        for path, headers in (
            (f"/tasks/{told[0]}/ws", mine),
            (f"/tasks/{told[0]}/ws?after=x", mine),
            (f"/tasks/{told[0]}/ws", bearer("x")),
            ("/tasks/nobodys/ws", mine),
        ):
            with RawWebSocket(served, path, headers=headers) as socket:
                seen.add(tuple(socket.closed()))
        assert seen == {(1000, ""), (4400, "bad_cursor"), (4401, "unauthenticated"), (4404, "unknown_task")}
        assert seen <= close_codes("oneTask")

    @pytest.mark.parametrize("channel", SOCKETS)
    def test_of_the_end_of_a_socket_that_breaks_the_rules(
        self, served: Gateway, told: list[str], channel: str
    ) -> None:
        path = DOCUMENT["channels"][channel]["address"].format(task_id=told[0])
        for frame_, code in (
            (frame(Opcode.TEXT, b"{}", masked=False), 1002),
            (frame(Opcode.BINARY, b"{}"), 1003),
            (frame(Opcode.TEXT, b"\xff"), 1007),
        ):
            with RawWebSocket(served, path) as socket:
                socket.send(frame_)
                assert socket.closed().code == code
                assert (code, "") in close_codes(channel)

    def test_of_the_event_stream(self, served: Gateway, told: list[str], journals: Journals) -> None:
        seen = set()
        expiring = journals.task()
        with ExitStack() as stack:

            def begin(task_id: str, **claims: Any) -> EventStream:
                headers = bearer(sign(tasks=[task_id], **claims))
                query = f"?after={EventId(1, 1)}&end=true"
                stream = stack.enter_context(EventStream(served, task_id, query, headers=headers))
                assert stream.status == 200
                return stream

            streams = [begin(task_id) for task_id in told]
            streams.append(before_it_expires(lambda expires: begin(expiring.id, exp=expires)))
            for stream in streams:
                for block in stream.rest().split(b"\n\n"):
                    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
                    if b"data" in fields:
                        data = json.loads(fields[b"data"])
                        name = check(data, *sent_on("eventStream"))
                        assert (b"event" in fields) == (name in ("problem", "end"))
                        assert (b"id" in fields) == ("id" in data)
                        seen.add(name)
        assert seen == {"event", "output", "gap", "problem", "end"}

    def test_of_a_feeds_stream(self, served: Gateway, journals: Journals) -> None:
        seen = set()
        task = journals.task(labels={"owner": "told"})
        with ExitStack() as stack:

            def begin(expires: float) -> EventStream:
                headers = bearer(sign(owner="told", exp=expires))
                opened = EventStream(served, "owner:told", "?after=1-1", headers=headers, collection="feeds")
                stream = stack.enter_context(opened)
                assert stream.status == 200
                gap = stream.body()
                task.append({"text": "half"})
                task.append({"text": "more"})
                event = stream.body()
                assert gap
                assert event
                names = [check(json.loads(body), *sent_on("feedStream")) for body in (gap, event)]
                assert names == ["feedGap", "feedEvent"]
                seen.update(names)
                return stream

            for block in before_it_expires(begin).rest().split(b"\n\n"):
                if data := body_of(block):
                    seen.add(check(json.loads(data), *sent_on("feedStream")))
        assert seen == {"feedEvent", "feedGap", "problem"}
