"""The types of a task's payloads, as its workers have published them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from taskbeam import Payloads
from tests.support.results import control

if TYPE_CHECKING:
    import httpx

    from tests.support.journal import Journals

#: A name may be any text; a slash is one of its path.
NAMES = ["exports.make", "exports/日本", "a b?c"]


@pytest.fixture(autouse=True)
def published(journals: Journals) -> None:
    for name in NAMES:
        journals.redis.hset(control().schemas, name, Payloads(result=list[int]).schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_json_schema(http: httpx.Client, name: str) -> None:
    answer = http.get("/schemas/" + name.replace("?", "%3F"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.headers["cache-control"] == "private, no-cache"
    schema = answer.json()
    assert schema["title"] == name
    assert schema["properties"]["result"]["items"] == {"type": "integer"}


def test_it_is_not_sent_again_before_a_worker_publishes_another(
    http: httpx.Client, journals: Journals
) -> None:
    first = http.get("/schemas/exports.make")
    known = {"If-None-Match": f"W/{first.headers['etag']}"}
    again = http.get("/schemas/exports.make", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    journals.redis.hset(control().schemas, "exports.make", Payloads(result=int).schema("exports.make"))
    changed = http.get("/schemas/exports.make", headers=known)
    assert changed.status_code == 200
    assert changed.json()["properties"]["result"]["type"] == "integer"


def test_of_a_task_that_has_none_there_is_nothing(http: httpx.Client) -> None:
    answer = http.get("/schemas/exports.unheard_of")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert json.loads(answer.content)["detail"].startswith("No worker has published")
