"""asyncapi.yaml describes what really comes over the sockets and the event stream."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from taskbeam.gateway import problems
from taskbeam.gateway.http import event_schemas
from taskbeam.gateway.http.docs import ASYNCAPI
from taskbeam.journal.events import EventId
from tests.support.closing import close_app
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.worker import worker
from tests.taskbeam.reporting_jobs import reporting_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

SETTINGS = TOKENS
DOCUMENT: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def strict(schema: Any) -> Any:
    """The schema, and no member beside those that are named: a client would ignore it."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(each) for name, each in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in schema else closed


def check(message: dict[str, Any], *names: str) -> str:
    """Returns which of the schemas the message fits."""
    found = {}
    for name in names:
        schema = {
            "$ref": f"#/components/schemas/{name}",
            "components": {"schemas": {each: strict(body) for each, body in SCHEMAS.items()}},
        }
        found[name] = [error.message for error in Draft202012Validator(schema).iter_errors(message)]
    fitting = [name for name, faults in found.items() if not faults]
    assert len(fitting) == 1, (message, found)
    return fitting[0]


def told_by(channel: str, operation: str) -> list[str]:
    """The messages of an operation; each is named like its schema."""
    messages = DOCUMENT["operations"][operation]["messages"]
    prefix = f"#/channels/{channel}/messages/"
    assert all(message["$ref"].startswith(prefix) for message in messages)
    return [message["$ref"].removeprefix(prefix) for message in messages]


@contextmanager
def jobs(valkey: Valkey) -> Iterator[Celery]:
    broker, backend = valkey.url(0), "taskbeam+" + valkey.url(1)
    with worker(broker, backend, pool="threads", app="tests.taskbeam.reporting_jobs"):
        app = reporting_app(broker, backend)
        yield app


@pytest.fixture(scope="module")
def told(valkey: Valkey) -> Iterator[list[str]]:
    """Tasks that have been through all sorts of things."""
    with jobs(valkey) as app:
        results = [
            app.send_task("jobs.digest", [5]),
            app.send_task("jobs.report"),
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
    def test_its_references_lead_somewhere(self) -> None:
        def walk(node: Any) -> Iterator[str]:
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield node["$ref"]
                for each in node.values():
                    yield from walk(each)
            elif isinstance(node, list):
                for each in node:
                    yield from walk(each)

        for reference in walk(DOCUMENT):
            assert reduce(lambda node, part: node[part], reference.removeprefix("#/").split("/"), DOCUMENT)

    def test_each_message_is_sent_somewhere(self) -> None:
        used = {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]}
        assert used == set(DOCUMENT["components"]["messages"]) == set(SCHEMAS) - {"cursor"}


class TestTraffic:
    def test_of_the_socket_of_a_task(self, served: Gateway, told: list[str]) -> None:
        states = set()
        for task_id in told:
            token = sign(tasks=[task_id])
            with RawWebSocket(served, f"/tasks/{task_id}/ws", headers=bearer(token)) as socket:
                for body in socket.bodies():
                    event = json.loads(body)
                    assert check(event, *told_by("oneTask", "tellOneTask")) == "event"
                    states.add(event["state"])
        assert states >= {"PENDING", "STARTED", "PROGRESS", "RETRY", "SUCCESS", "FAILURE"}

    def test_of_the_socket_for_many_tasks(self, served: Gateway, told: list[str], journals: Journals) -> None:
        trimmed = journals.task(limit=2)
        first = trimmed.records()[0].id
        trimmed.grow(5)
        token = sign(tasks=[*told, trimmed.id])
        hears = told_by("manyTasks", "hearManyTasks")
        asked: list[dict[str, Any]] = [
            {"op": "auth", "token": token},
            *({"op": "subscribe", "task_id": task_id, "after": None} for task_id in told),
            {"op": "subscribe", "task_id": trimmed.id, "after": str(first), "token": token},
            {"op": "auth", "task_id": trimmed.id, "token": token},
            {"op": "subscribe", "task_id": "nobodys"},
            {"op": "auth", "token": "x"},
            {"op": "unsubscribe", "task_id": "nobodys"},
            {"op": "ping"},
        ]
        seen = set()
        with RawWebSocket(served) as socket:
            for message in asked:
                seen.add(check(message, *hears))
                socket.say(**message)
            ended = 0
            while ended < len(told) or not seen >= {"pong", "gap"}:
                heard = socket.json()
                seen.add(check(heard, *told_by("manyTasks", "tellManyTasks")))
                ended += heard.get("reason") == "ended"
        assert seen == set(DOCUMENT["channels"]["manyTasks"]["messages"])

    def test_of_the_event_stream(self, served: Gateway, told: list[str], journals: Journals) -> None:
        seen = set()
        expiring = journals.task()
        for task_id in (*told, expiring.id):
            headers = bearer(sign(tasks=[task_id], exp=time.time() + 3))
            lost = EventId(1, 1)
            with EventStream(served, task_id, f"?after={lost}", headers=headers) as stream:
                for block in stream.rest().split(b"\n\n"):
                    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
                    if b"data" in fields:
                        name = check(json.loads(fields[b"data"]), *told_by("eventStream", "tellEventStream"))
                        assert (b"event" in fields, b"id" in fields) == (name == "problem", name != "problem")
                        seen.add(name)
        assert seen == {"event", "gap", "problem"}

    def test_of_problems(self, served: Gateway) -> None:
        answer = httpx.get(f"{served.http}/tasks/nobodys/events")
        assert check(answer.json(), "problem") == "problem"
        assert answer.json()["code"] == problems.UNAUTHENTICATED.code


def resolved(schema: Any) -> Any:
    """The schema with what it refers to in its place."""
    if isinstance(schema, list):
        return [resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    return {name: resolved(each) for name, each in schema.items()}


@pytest.mark.parametrize("name", ["event", "gap", "cursor"])
def test_openapi_has_the_same_schemas(name: str) -> None:
    assert resolved(SCHEMAS[name]) == getattr(event_schemas, name.upper())


def test_it_is_served_beside_the_other_document(http: httpx.Client) -> None:
    answer = http.get("/asyncapi.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert yaml.safe_load(answer.text) == DOCUMENT
