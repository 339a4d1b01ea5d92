"""What a real worker's tasks have registered is in both documents, and their events are of these types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stack.valkey import Valkey
from tests.support.closing import close_app
from tests.support.results import emptied, results_at
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.worker import worker
from tests.taskbeam.typed_jobs import typed_app
from tests.taskbeam.waiting import ended

from .reading import ASYNCAPI, OPENAPI, document, faults, fits, schemas, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

SETTINGS = TOKENS

both = pytest.mark.parametrize("path", [OPENAPI, ASYNCAPI])


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """No other worker's tasks are there."""
    with Valkey() as server, emptied(server.url(1)):
        yield server


@pytest.fixture(scope="module")
def done(valkey: Valkey) -> Iterator[str]:
    """A task that has told everything that it has registered."""
    broker, backend = valkey.url(0), "taskbeam+" + results_at(valkey.url(1))
    app = typed_app(broker, backend)
    with worker(broker, backend, app="tests.taskbeam.typed_jobs"):
        sent = app.send_task("jobs.typed")
        ended(app, sent.id)
        yield sent.id
    close_app(app)


def events(http: httpx.Client, task_id: str) -> list[dict[str, Any]]:
    headers = bearer(sign(tasks=[task_id])) | {"Accept": "application/json"}
    found: list[dict[str, Any]] = http.get(f"/tasks/{task_id}/events", headers=headers).json()["events"]
    return found


@both
def test_a_document_has_each_type(http: httpx.Client, done: str, path: str, tmp_path: Path) -> None:
    found = document(http, path, sign(tasks=[done]))
    assert typed(found) == {
        f"jobs.{name}--{part}"
        for name in ("typed", "mistyped")
        for part in ("result", "meta", "chunk", "defs--Report", "defs--Stage", "defs--Row")
    } | {"TaskEvent--payloads"}
    assert faults(found, tmp_path) == ""


@both
def test_each_event_is_of_its_task_and_type(http: httpx.Client, done: str, path: str) -> None:
    found = document(http, path, sign(tasks=[done]))
    told = events(http, done)
    assert all(fits(found, "TaskEvent", event) for event in told)
    wrong: dict[str, Any] = {"result": {"rows": "three"}, "data": {"stage": 7, "cells": ["one"]}}
    changed = 0
    for event in told:
        for member in wrong.keys() & event.keys() if event["type"] != "log" else ():
            other = event | {member: wrong[member]}
            assert not fits(found, "TaskEvent", other)
            assert fits(found, "TaskEvent", other | {"name": "jobs.untyped"})
            changed += 1
    assert changed == 4  # the result, two sorts of meta, and a chunk
    assert all(fits(found, "TaskEvent", event | {"data": 7}) for event in told if event["type"] == "log")


def test_so_is_a_snapshot(http: httpx.Client, done: str) -> None:
    token = sign(tasks=[done])
    found = document(http, OPENAPI, token)
    snapshot = http.get(f"/tasks/{done}", headers=bearer(token)).json()
    assert fits(found, "TaskSnapshot", snapshot)
    assert not fits(found, "TaskSnapshot", snapshot | {"result": {"rows": "three"}})


@both
def test_a_gap_has_a_typed_event_in_it(http: httpx.Client, done: str, path: str) -> None:
    found = document(http, path, sign(tasks=[done]))
    gap: dict[str, Any] = {
        "id": "1-1",
        "task_id": done,
        "type": "gap",
        "final": False,
        "gap": {"after": "0-0", "reason": "epoch"},
    }
    last = events(http, done)[-1]
    assert fits(found, "TaskGap", gap | {"snapshot": last})
    assert not fits(found, "TaskGap", gap | {"snapshot": last | {"result": 7}})


@both
def test_whoever_is_unknown_reads_the_rest(http: httpx.Client, done: str, path: str) -> None:
    whole, rest = document(http, path, sign(tasks=[done])), document(http, path)
    assert typed(rest) == set()
    assert "jobs.typed" not in str(rest)
    events_of = {"TaskEvent", "TaskSnapshot"}
    assert {name: schema for name, schema in schemas(whole).items() if name in schemas(rest)} == {
        name: schema
        | ({"allOf": [{"$ref": "#/components/schemas/TaskEvent--payloads"}]} if name in events_of else {})
        for name, schema in schemas(rest).items()
    }
    for found in (whole, rest):
        del found["components"]["schemas"]
    assert whole == rest


@both
def test_a_reader_keeps_a_document_as_long_as_it_is_the_same(
    http: httpx.Client, done: str, path: str
) -> None:
    mine = bearer(sign(tasks=[done]))
    answer = http.get(path, headers=mine)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(answer.headers["vary"].split(", "))
    known = {"If-None-Match": answer.headers["etag"]}
    again = http.get(path, headers=mine | known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == answer.headers["vary"]
    assert http.get(path, headers=known).status_code == 200  # who is nobody has another one
