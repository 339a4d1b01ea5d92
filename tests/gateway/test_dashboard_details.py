"""What operators are told of one task: as its journal has it, and as Celery has stored it."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.details import stored_details
from taskbeam.journal import events
from taskbeam.journal.encode import to_json
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.tokens import TOKENS, bearer, operator, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

EXCEPTION = {"exc_type": "ValueError", "exc_message": ["no such month"], "exc_module": "builtins"}
META: dict[str, Any] = {
    "status": "FAILURE",
    "result": EXCEPTION,
    "traceback": "Traceback (most recent call last):\n  in reports\nValueError: no such month",
}
EXTENDED = {"args": [13], "kwargs": {"year": 2026}, "worker": "celery@one", "queue": "reports", "retries": 0}


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    logs = "https://logs.example.org/{ref}"
    with gateway(valkey.url().removesuffix("/0"), dashboard=1, dashboard_log_url=logs, **TOKENS) as running:
        yield running


def failed(journals: Journals, meta: bytes | None) -> Task:
    task = journals.task(labels={"owner": "ada"})
    task.append(state=events.STARTED, type="state")
    if meta is not None:
        journals.redis.set(task.keys.result, meta)
    error = {"code": "task_failed", "message": "The task failed.", "ref": "4b332a9b"}
    task.append(state=events.FAILURE, type="state", final=True, error=error)
    return task


def details(served: Gateway, task: Task) -> dict[str, Any]:
    answer = httpx.get(f"{served.http}/dashboard/tasks/{task.id}", headers=operator())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def found_by_exception(served: Gateway) -> list[str]:
    query = {"exception": "ValueError: no such month", "limit": "500"}
    answer = httpx.get(f"{served.http}/dashboard/tasks", params=query, headers=operator())
    return [each["id"] for each in answer.json()["tasks"]]


def test_all_that_celery_has_stored_is_told(served: Gateway, journals: Journals) -> None:
    found = details(served, failed(journals, json.dumps(META | EXTENDED).encode()))
    assert found["arguments"] == {"args": [13], "kwargs": {"year": 2026}}
    assert (found["worker"], found["queue"]) == ("celery@one", "reports")
    assert found["exception"] == "ValueError: no such month"
    assert found["traceback"] == META["traceback"]
    assert (found["state"], found["ref"], found["owner"]) == ("FAILURE", "4b332a9b", "ada")
    assert (found["extended"], found["hidden"]) == (True, [])
    assert found["links"] == {"log": "https://logs.example.org/4b332a9b"}
    assert found["sent"] <= found["began"] <= found["ended"]


@pytest.mark.parametrize(
    "meta",
    [None, json.dumps(META).encode(), pickle.dumps(META | EXTENDED), b"\x00junk", b"[]"],
    ids=["nothing", "not extended", "pickle", "junk", "no object"],
)
def test_what_is_not_kept_is_not_told(served: Gateway, journals: Journals, meta: bytes | None) -> None:
    found = details(served, failed(journals, meta))
    assert not found["extended"]
    assert "arguments" not in found
    assert "queue" not in found
    assert found["state"] == "FAILURE"


def test_the_failure_is_found_by_its_exception(served: Gateway, journals: Journals) -> None:
    task = failed(journals, json.dumps(META).encode())
    wait_until(lambda: task.id in found_by_exception(served))


def test_what_the_settings_hide_is_told_to_nobody(
    served: Gateway, valkey: Valkey, journals: Journals
) -> None:
    """Nor is what a gateway has kept in the list that hides nothing."""
    task = failed(journals, json.dumps(META | EXTENDED).encode())
    wait_until(lambda: task.id in found_by_exception(served))
    hidden = ["arguments", "exception"]
    with gateway(valkey.url().removesuffix("/0"), dashboard=1, dashboard_hidden=json.dumps(hidden)) as secret:
        answer = httpx.get(f"{secret.http}/dashboard/tasks/{task.id}")
        listed = httpx.get(f"{secret.http}/dashboard/tasks", params={"q": task.id})
        assert listed.json()["tasks"][0]["id"] == task.id
        assert "no such month" not in listed.text
    assert answer.json()["hidden"] == hidden
    assert not {"arguments", "exception", "traceback"} & answer.json().keys()
    assert "year" not in answer.text
    assert "no such month" not in answer.text


def test_a_task_that_nobody_sent_is_unknown(served: Gateway) -> None:
    answer = httpx.get(f"{served.http}/dashboard/tasks/nobodys", headers=operator())
    assert_problem(answer, problems.UNKNOWN_TASK)


def test_they_are_for_operators(served: Gateway, journals: Journals) -> None:
    task = failed(journals, None)
    url = f"{served.http}/dashboard/tasks/{task.id}"
    assert_problem(httpx.get(url), problems.UNAUTHENTICATED)
    assert_problem(httpx.get(url, headers=bearer(sign(tasks=[task.id]))), problems.FORBIDDEN)
    assert_problem(httpx.get(url, headers=bearer(sign(owner="ada"))), problems.FORBIDDEN)


@pytest.mark.parametrize("odd", [b"\xff", {b"k": 1}, {(1, 2): 3}], ids=["bytes", "key of bytes", "tuple"])
def test_what_msgpack_and_yaml_have_beside_json_is_text(odd: object) -> None:
    found = stored_details({"args": [odd], "kwargs": {"year": 2026}}, frozenset())
    assert found["arguments"] == {"args": repr([odd]), "kwargs": {"year": 2026}}
    to_json(found)


def test_what_belongs_together_is_told_in_its_order(served: Gateway, journals: Journals) -> None:
    """Also where several were sent within a millisecond."""
    first = journals.task(labels={"tree": "canvas"})
    first.append(state=events.STARTED, type="state")
    *others, second = (journals.task(labels={"tree": "canvas"}) for _ in range(20))
    first.finish()
    url = f"{served.http}/dashboard/tasks/{{}}/canvas"
    found = httpx.get(url.format(second.id), headers=operator()).json()
    sent = [first, *others, second]
    assert (found["feed"], found["total"]) == ("tree:canvas", len(sent))
    assert [task["id"] for task in found["tasks"]] == [task.id for task in sent]
    told = found["tasks"][0]
    assert told["sent"] <= told["began"] <= told["ended"]
    for task in (*others, second):
        task.finish()
    assert_problem(httpx.get(url.format(second.id), headers=bearer(sign(owner="ada"))), problems.FORBIDDEN)


def test_looking_at_a_task_that_is_alone_plants_no_tree(served: Gateway, journals: Journals) -> None:
    task = journals.task()
    answer = httpx.get(f"{served.http}/dashboard/tasks/{task.id}/canvas", headers=operator())
    assert answer.json() == {"feed": None, "total": 0, "tasks": []}
    assert not journals.redis.hexists(task.keys.head, "tree")
    task.finish()
