"""Whatever stands in Redis as a task's schema, the documents are good, and say all that may be said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stack.valkey import Valkey
from taskbeam import Payloads
from taskbeam.gateway.documents.published import MOST_TASKS
from tests.support.results import control, emptied
from tests.support.waiting import wait_until

from .reading import ASYNCAPI, OPENAPI, document, faults, fits, typed
from .test_fitness import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

both = pytest.mark.parametrize("path", [OPENAPI, ASYNCAPI])

#: What a name may be: that of a task is any text.
NAMES = ["a/b", "a-2Fb", "a b", "日本", "a--result", "a", "🙂.x", "x\u2028y\x7f\ufeff", '"\\\n', "N" * 300]

RULES = "TaskEvent--payloads"


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """No worker is there."""
    with Valkey() as server, emptied(server.url(1)):
        yield server


@pytest.fixture(autouse=True)
def nothing(journals: Journals) -> None:
    journals.redis.delete(control().schemas)


def publish(journals: Journals, schemas: dict[str, Any]) -> None:
    mapping: Any = {
        name: each if isinstance(each, (str, bytes)) else json.dumps(each) for name, each in schemas.items()
    }
    journals.redis.hset(control().schemas, mapping=mapping)


def event(name: str, result: Any) -> dict[str, Any]:
    told = {"id": "1-1", "task_id": "7", "type": "state", "state": "SUCCESS", "name": name, "attempt": 1}
    return told | {"ts": 1.5, "final": True, "result": result}


@both
def test_names_of_any_kind(http: httpx.Client, journals: Journals, path: str, tmp_path: Path) -> None:
    kinds = {name: (int, str)[number % 2] for number, name in enumerate(NAMES)}
    publish(journals, {name: Payloads(result=kind).schema(name) for name, kind in kinds.items()})
    found = document(http, path)
    assert len(typed(found) - {RULES}) == len(NAMES)
    for name, kind in kinds.items():
        assert fits(found, "TaskEvent", event(name, 7)) == (kind is int)
        assert fits(found, "TaskEvent", event(name, "7")) == (kind is str)
    assert faults(found, tmp_path) == ""


@both
def test_whatever_pydantic_writes(http: httpx.Client, journals: Journals, path: str, tmp_path: Path) -> None:
    """Types that choose by a member, come back to themselves, and have bounds of any size."""
    publish(journals, {"pets": Payloads(result=Owner).schema("pets")})
    found = document(http, path)
    good: dict[str, Any] = {"pet": {"kind": "dog", "puppies": [{"kind": "dog"}]}, "price": 2, "name": "x.a"}
    assert fits(found, "TaskEvent", event("pets", good))
    for wrong in ({"pet": {"kind": "cow"}}, {"price": 1e17}, {"price": 0}, {"name": "x.c"}):
        assert not fits(found, "TaskEvent", event("pets", good | wrong))
    assert not fits(found, "TaskEvent", event("pets", good | {"pet": {"kind": "dog", "puppies": [7]}}))
    assert fits(found, "TaskEvent", event("pets", good | {"pairs": {"a": [1, "b"]}}))
    assert not fits(found, "TaskEvent", event("pets", good | {"pairs": {"a": [1, None]}}))
    assert faults(found, tmp_path) == ""


HOSTILE: dict[str, Any] = {
    "no JSON": "{",
    "half a character": '{"properties":{"result":{"title":"\\ud800"}}}',
    "infinite": '{"properties":{"result":{"maximum":1e999}}}',
    "no number": '{"properties":{"result":{"default":NaN}}}',
    "deep": '{"properties":{"result":' + '{"items":' * 5000 + "{}" + "}" * 5001 + "}",
    "a list": "[]",
    "no text": b"\xff\xfe",
    "another base": {"properties": {"result": {"$id": "https://evil.example/", "type": "integer"}}},
    "nowhere": {"properties": {"result": {"$ref": "#/$defs/Absent"}}},
    "elsewhere": {"properties": {"result": {"$ref": "https://evil.example/schema.json"}}},
    "a circle": {"properties": {"result": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}},
    "no type": {"properties": {"result": {"type": "integral"}}},
    "no schema": {"properties": {"result": {"properties": {"x": 7}}}},
}


@both
def test_what_would_spoil_a_document_is_not_in_it(
    served: Gateway, http: httpx.Client, journals: Journals, path: str, tmp_path: Path
) -> None:
    good = Payloads(result=int).schema("good")
    mixed = {"properties": {"result": {"type": "integer"}, "chunk": {"$ref": "#/$defs/Absent"}}}
    publish(journals, HOSTILE | {"good": good, "mixed": mixed})
    journals.redis.hset(control().schemas, b"\xff", good)
    found = document(http, path)
    assert typed(found) == {RULES, "good--result", "mixed--result"}
    assert fits(found, "TaskEvent", event("good", 7))
    assert not fits(found, "TaskEvent", event("good", "7"))
    assert f"{len(HOSTILE) + 1} more are not here" in found["components"]["schemas"][RULES]["description"]
    assert faults(found, tmp_path) == ""
    wait_until(lambda: "chunk of 'mixed'" in served.process.output)


def test_the_log_says_what_is_missing_when_it_changes(
    served: Gateway, http: httpx.Client, journals: Journals
) -> None:
    complaint = "result of 'said once': it refers to what it does not have"
    before = served.process.output.count(complaint)
    publish(journals, {"said once": {"properties": {"result": {"$ref": "#/$defs/Absent"}}}})
    for _ in range(3):
        document(http, OPENAPI)
        document(http, ASYNCAPI)
    publish(journals, {"said later": {"properties": {"result": {"$anchor": "x"}}}})
    document(http, OPENAPI)
    # Once for all six answers, and again beside what is new.
    wait_until(lambda: served.process.output.count(complaint) >= before + 2)
    assert served.process.output.count(complaint) == before + 2


@both
def test_there_is_an_end_to_what_is_told(http: httpx.Client, journals: Journals, path: str) -> None:
    publish(
        journals, {f"task.{number:04}": Payloads(result=int).schema("x") for number in range(MOST_TASKS + 5)}
    )
    found = document(http, path)
    assert typed(found) - {RULES} == {f"task.{number:04}--result" for number in range(MOST_TASKS)}
    assert found["components"]["schemas"][RULES]["description"].endswith(
        "5 more are not here; `/schemas/{name}` has them."
    )
    assert http.get(f"/schemas/task.{MOST_TASKS:04}").status_code == 200
