"""What operators do to tasks: run them again as they were called, and cancel them, one or many."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.actions import MOST
from taskbeam.gateway.dashboard.again import Call, call_of, why_not
from taskbeam.gateway.dashboard.failures import MOST_GROUPS, grouped
from taskbeam.journal import events
from taskbeam.stock.meta import MAX_BYTES
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.results import control
from tests.support.tokens import TOKENS, bearer, operator, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

DASHBOARD = ["taskbeam.dashboard"]

#: A date as Kombu writes it.
DATE = {"__type__": "datetime", "__value__": "2026-05-01T12:00:00"}
QUEUE = "dashboard.again"
META: dict[str, Any] = {
    "status": "FAILURE",
    "result": {"exc_type": "ValueError", "exc_message": ["no such month"], "exc_module": "builtins"},
    "args": [13, DATE],
    "kwargs": {"year": 2026},
    "queue": QUEUE,
}


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), dashboard=1, **TOKENS) as running:
        yield running


def ended(journals: Journals, meta: dict[str, Any] | None) -> Task:
    task = journals.task(labels={"owner": "ada", "title": "May", "tags": "nightly"})
    task.append(state=events.STARTED, type="state")
    if meta is not None:
        journals.redis.set(task.keys.result, json.dumps(meta))
    error = {"code": "task_failed", "message": "The task failed.", "ref": "4b332a9b"}
    task.append(state=events.FAILURE, type="state", final=True, error=error)
    return task


def ask(served: Gateway, what: str, *tasks: str, headers: dict[str, str] | None = None) -> httpx.Response:
    url = f"{served.http}/dashboard/{what}"
    return httpx.post(
        url, json={"tasks": tasks}, headers=operator() if headers is None else headers, timeout=60
    )


def details(served: Gateway, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{served.http}/dashboard/tasks/{task_id}", headers=operator()).json()
    return found


def test_a_task_is_sent_once_more_as_it_was_called(
    served: Gateway, journals: Journals, valkey: Valkey
) -> None:
    task = ended(journals, META)
    with redis.Redis.from_url(valkey.url(0)) as broker:
        broker.delete(QUEUE)
        (outcome,) = ask(served, "run-again", task.id).json()["results"]
        (message,) = map(json.loads, broker.lrange(QUEUE, 0, -1))
        broker.delete(QUEUE)
    new = outcome["sent"]
    assert outcome == {"task_id": task.id, "sent": new}
    assert new != task.id
    assert (message["headers"]["id"], message["headers"]["task"]) == (new, "tests.task")
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert (args[0], args[1]["__type__"], kwargs) == (13, "datetime", {"year": 2026})
    found = details(served, new)
    assert (found["owner"], found["title"], found["tags"]) == ("ada", "May", ["nightly"])
    assert (found["state"], found["again_of"]) == ("PENDING", task.id)
    assert details(served, task.id)["run_again_as"] == new


def test_it_goes_to_its_queue_whatever_its_routing_key_was(
    served: Gateway, journals: Journals, valkey: Valkey
) -> None:
    task = ended(journals, META | {"queue": "reports.monthly"})
    journals.redis.hset(task.keys.head, "ticket", f"7 {control().queue(QUEUE).base}")
    assert details(served, task.id)["queue"] == QUEUE
    assert "sent" in ask(served, "run-again", task.id).json()["results"][0]
    with redis.Redis.from_url(valkey.url(0)) as broker:
        assert (broker.llen(QUEUE), broker.llen("reports.monthly")) == (1, 0)
        broker.delete(QUEUE)


def test_one_that_cannot_be_read_or_linked_keeps_nobody_from_the_next(
    served: Gateway, journals: Journals, valkey: Valkey
) -> None:
    odd = ended(journals, META | {"args": [{"__type__": "datetime", "__value__": 7}]})
    unlinked, good = ended(journals, META), ended(journals, META)
    journals.redis.set(control().dashboard_again(unlinked.id), "no hash")
    results = ask(served, "run-again", odd.id, unlinked.id, good.id).json()["results"]
    assert [each.get("code") for each in results] == ["arguments_not_kept", None, None]
    assert results[1]["sent"]
    with redis.Redis.from_url(valkey.url(0)) as broker:
        assert broker.llen(QUEUE) == 2
        broker.delete(QUEUE)


def test_each_is_told_what_became_of_it(served: Gateway, journals: Journals, valkey: Valkey) -> None:
    good, bare, runs = ended(journals, META), ended(journals, None), journals.task()
    results = ask(served, "run-again", bare.id, runs.id, "nobodys", good.id, good.id).json()["results"]
    assert [each["task_id"] for each in results] == [bare.id, runs.id, "nobodys", good.id]
    codes = [each.get("code") for each in results]
    assert codes == ["arguments_not_kept", "not_ended", "unknown_task", None]
    assert all(each["message"] for each in results[:3])
    with redis.Redis.from_url(valkey.url(0)) as broker:
        assert broker.llen(QUEUE) == 1
        broker.delete(QUEUE)
    runs.finish()


def test_many_are_cancelled(served: Gateway, journals: Journals, valkey: Valkey) -> None:
    queued = ask(served, "run-again", ended(journals, META).id).json()["results"][0]["sent"]
    runs, over = journals.task(), ended(journals, None)
    results = ask(served, "cancel", queued, runs.id, over.id, "nobodys").json()["results"]
    assert [each.get("code") for each in results] == [None, None, "too_late", "unknown_task"]
    assert [each.get("cancel") for each in results[:2]] == ["revoked", "requested"]
    assert details(served, queued)["state"] == "REVOKED"
    wait_until(lambda: f"Task {queued} is cancelled (revoked), by an operator" in served.process.output)
    with redis.Redis.from_url(valkey.url(0)) as broker:
        broker.delete(QUEUE)
    runs.finish()


def test_the_dashboards_own_journal_is_no_task_to_cancel(served: Gateway) -> None:
    """It would end for all operators."""
    (outcome,) = ask(served, "cancel", *DASHBOARD).json()["results"]
    assert outcome["code"] == "unknown_task"
    alone = httpx.post(f"{served.http}/tasks/{DASHBOARD[0]}/cancel", headers=operator(), timeout=60)
    assert_problem(alone, problems.UNKNOWN_TASK)


@pytest.mark.parametrize(("what", "scope"), [("run-again", "read cancel"), ("cancel", "read send")])
def test_they_take_their_own_scopes(served: Gateway, journals: Journals, what: str, scope: str) -> None:
    task = ended(journals, META)
    assert_problem(ask(served, what, task.id, headers={}), problems.UNAUTHENTICATED)
    for token in (sign(tasks=DASHBOARD, scope=scope), sign(tasks=[task.id], scope="read cancel send")):
        assert_problem(ask(served, what, task.id, headers=bearer(token)), problems.FORBIDDEN)
    assert "run_again_as" not in details(served, task.id)


@pytest.mark.parametrize("tasks", [[], ["x"] * (MOST + 1), [""], ["x" * 256], [7]], ids=range(5))
def test_hostile_bodies_are_refused(served: Gateway, tasks: list[Any]) -> None:
    for what in ("run-again", "cancel"):
        answer = httpx.post(f"{served.http}/dashboard/{what}", json={"tasks": tasks}, headers=operator())
        assert_problem(answer, problems.INVALID_REQUEST)


@pytest.mark.parametrize(
    ("meta", "call"),
    [
        ({"args": [1], "kwargs": {}, "queue": "q"}, Call([1], {}, "q")),
        ({"args": [], "kwargs": {"a": 1}, "queue": None}, Call([], {"a": 1}, None)),
        ({"args": "(1,)", "kwargs": "{}"}, None),
        ({"args": [1]}, None),
        ({}, None),
    ],
)
def test_only_what_is_whole_is_a_call(meta: dict[str, Any], call: Call | None) -> None:
    assert call_of(meta) == call


def test_why_a_stored_result_is_no_call_is_said() -> None:
    metas: list[tuple[dict[str, Any] | None, str]] = [
        (None, "a pickle, too large"),
        ({"args": "(1,)", "kwargs": "{}"}, "words alone"),
        ({"args": [], "kwargs": {}}, "name"),
        ({}, ""),
    ]
    for meta, expected in metas:
        assert expected in (why_not(meta) or "")
    assert why_not({}) is None, "the problem's own title says so"


def test_that_a_result_is_too_large_is_said(served: Gateway, journals: Journals) -> None:
    task = ended(journals, META | {"traceback": "x" * MAX_BYTES})
    (outcome,) = ask(served, "run-again", task.id).json()["results"]
    assert (outcome["code"], "too large" in outcome["message"]) == ("arguments_not_kept", True)


def test_failures_are_one_group_where_the_same_failed_the_same_way(
    served: Gateway, journals: Journals
) -> None:
    tasks = {ended(journals, META | {"result": {"exc_type": "Grouped", "exc_message": [n]}}).id for n in "ab"}

    def found() -> list[dict[str, Any]]:
        groups = httpx.get(f"{served.http}/dashboard/failures", headers=operator()).json()["groups"]
        return [group for group in groups if group.get("exception") == "Grouped"]

    wait_until(lambda: [group["count"] for group in found()] == [2])
    (group,) = found()
    assert (group["name"], group["code"], group["task_id"] in tasks) == ("tests.task", "task_failed", True)
    url = f"{served.http}/dashboard/failures"
    assert httpx.get(f"{url}?until=1", headers=operator()).json() == {
        "groups": [],
        "complete": True,
    }
    assert_problem(httpx.get(url, headers=bearer(sign(owner="ada"))), problems.FORBIDDEN)


def test_the_largest_groups_come_first_and_no_more_than_that() -> None:
    rows = [{"name": str(n), "id": "1", "sent": 1.0} for n in range(MOST_GROUPS + 5)]
    groups = grouped([*rows, {"name": "7", "id": "2", "sent": 0.0}])
    assert len(groups) == MOST_GROUPS
    assert (groups[0]["name"], groups[0]["count"], groups[0]["task_id"]) == ("7", 2, "1")
