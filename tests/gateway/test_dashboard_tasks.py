"""The operators' list: every task is found, as its journal says it stands, whoever heard of it and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stack.valkey import Valkey
from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.dashboard.task_list import CHUNK
from taskbeam.journal import events
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.journal import Journals
from tests.support.redis_cluster import one_server
from tests.support.results import control, emptied
from tests.support.tokens import TOKENS, bearer, operator, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway

LABELS = {"owner": "ada", "title": "Invoices of May", "tags": "nightly\nfinance"}


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """With nobody else's tasks."""
    with Valkey() as server, emptied(server.url(1)):
        yield server


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), dashboard=1, dashboard_tasks=2000, **TOKENS) as running:
        yield running


def listed(served: Gateway, **query: Any) -> dict[str, Any]:
    answer = httpx.get(f"{served.http}/dashboard/tasks", params=query, headers=operator(), timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(served: Gateway, **query: Any) -> list[str]:
    return [task["id"] for task in listed(served, **query)["tasks"]]


def every(served: Gateway, **query: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = listed(served, **query)
        found += page["tasks"]
        if page["next"] is None:
            return found
        query["before"] = page["next"]


def test_a_task_is_found_by_all_that_it_is_called(served: Gateway, journals: Journals) -> None:
    task = journals.task(labels=LABELS)
    task.append(state=events.STARTED, type="state")
    error = {"code": "no_such_month", "message": "There is no month 13.", "ref": "4b332a9b"}
    task.append(state=events.FAILURE, type="state", final=True, error=error)
    wait_until(lambda: task.id in ids(served, state="failed"))
    for text in (
        task.id,
        "TESTS.task",
        "invoices OF may",
        "ada",
        "finance",
        "no_such_month",
        "month 13",
        "4b33",
    ):
        assert task.id in ids(served, q=text), text
    for name, value in {
        "name": "tests.task",
        "owner": "ada",
        "tag": "nightly",
        "code": "no_such_month",
    }.items():
        assert task.id in ids(served, **{name: value})
        assert ids(served, **{name: value + "x"}) == []
    (row,) = listed(served, q=task.id)["tasks"]
    assert row["tags"] == ["nightly", "finance"]
    assert row["sent"] <= row["began"] <= row["ended"]
    assert row["waited"] == pytest.approx(row["began"] - row["sent"], abs=0.001)


def test_a_time_range_has_those_that_were_sent_in_it(served: Gateway, journals: Journals) -> None:
    task = journals.task()
    wait_until(lambda: task.id in ids(served))
    (row,) = listed(served, q=task.id)["tasks"]
    sent = row["sent"]
    assert ids(served, q=task.id, since=sent - 1, until=sent + 1) == [task.id]
    assert ids(served, q=task.id, since=sent + 1) == ids(served, q=task.id, until=sent - 1) == []
    task.finish()


def test_pages_have_each_task_once_the_newest_first(served: Gateway, journals: Journals) -> None:
    """More than Redis is asked for at once, of which many were sent in the same millisecond."""
    tasks = [journals.task(labels={"tags": "paged"}) for _ in range(CHUNK + 60)]
    known = {task.id for task in tasks}
    wait_until(lambda: {task["id"] for task in every(served, tag="paged", limit=500)} == known)
    found = every(served, tag="paged", limit=100)
    assert [task["id"] for task in found] == list(dict.fromkeys(task["id"] for task in found))
    assert {task["id"] for task in found} == known
    assert [task["sent"] for task in found] == sorted((task["sent"] for task in found), reverse=True)
    for task in tasks:
        task.finish()


def test_a_burst_of_ends_leaves_none_that_runs(served: Gateway, journals: Journals) -> None:
    """As many as three ticks can tell of begin, and end at one moment."""
    tasks = [journals.task(labels={"tags": "burst"}) for _ in range(300)]
    for task in tasks:
        task.append(state=events.STARTED, type="state")
    wait_until(lambda: len(ids(served, tag="burst", state="running", limit=500)) == len(tasks))
    for task in tasks:
        task.finish()
    wait_until(lambda: len(ids(served, tag="burst", state="succeeded", limit=500)) == len(tasks))
    assert ids(served, tag="burst", state="running") == []


def test_an_end_that_nobody_heard_is_read_from_the_journal(served: Gateway, journals: Journals) -> None:
    task, gone = journals.task(), journals.task()
    wait_until(lambda: {task.id, gone.id} <= set(ids(served, state="waiting", limit=500)))
    head, log = task.keys.head, task.keys.log
    last = task.records()[-1]
    body = last.body.replace(b'"PENDING"', b'"SUCCESS"').replace(b'"final":false', b'"final":true')
    with journals.redis.pipeline(transaction=True) as unheard:
        unheard.rpush(log, b"%d-2 1 %b" % (last.id.epoch, body))
        unheard.hset(head, mapping={"seq": 2, "state": "SUCCESS", "final": "1", "snapshot": 2})
        unheard.execute()
    gone.lose()
    wait_until(lambda: task.id in ids(served, state="succeeded", limit=500))
    wait_until(lambda: ids(served, q=gone.id) == [])
    assert task.id not in ids(served, state="waiting", limit=500)


def counted(served: Gateway) -> dict[str, int]:
    return {str(kind): len(every(served, state=str(kind))) for kind in Kind}


def test_counts_are_those_of_the_list_and_of_the_ticks(served: Gateway, journals: Journals) -> None:
    task = journals.task()
    task.append(state=events.STARTED, type="state")
    stalled = journals.task()
    stalled.append(state=events.STALLED, type="state")
    wait_until(
        lambda: {task.id, stalled.id} <= {*ids(served, state="running"), *ids(served, state="stalled")}
    )
    wait_until(lambda: len(every(served, state="running")) == 1)
    wait_until(lambda: counted(served) == listed(served)["counts"])
    url = f"{served.http}/tasks/taskbeam.dashboard/events?limit=1000"

    def told() -> dict[str, Any]:
        ticks = httpx.get(url, headers=operator()).json()["events"]
        found: dict[str, Any] = ticks[-1]["data"]["standing"].get("tests.task", {})
        return found

    wait_until(lambda: told() == {"running": 1, "stalled": 1})
    task.finish()
    stalled.finish()
    wait_until(lambda: not {task.id, stalled.id} - set(ids(served, state="succeeded", limit=500)))


@one_server("on a cluster the gateway of the other tests may be the one that keeps the list, with its bounds")
def test_what_was_there_before_is_found_and_no_more_is_kept_than_may_be() -> None:
    with Valkey() as server, emptied(server.url(1)), Journals(server.url(1)) as journals:
        before = journals.task(labels=LABELS)
        before.finish()
        waits = journals.task()
        settings = TOKENS | {"dashboard": 1, "dashboard_tasks": 20}
        with gateway(server.url().removesuffix("/0"), **settings) as small:
            wait_until(lambda: {before.id, waits.id} == set(ids(small)))
            assert ids(small, q="Invoices", state="succeeded") == [before.id]
            for _ in range(40):
                journals.task().finish()
            wait_until(lambda: before.id not in ids(small) and sum(listed(small)["counts"].values()) == 20)
            assert waits.id in ids(small, state="waiting")
            assert journals.redis.hlen(control().dashboard_rows) == 20
        assert not journals.redis.exists(control().dashboard), "another gateway goes on at once"


@pytest.mark.parametrize(
    "query",
    [
        {"before": "junk"},
        {"before": "1" * 16 + "-x"},
        {"limit": 501},
        {"state": "asleep"},
        {"since": -1},
        {"until": "nan"},
        {"q": "x" * 201},
        {"owner": "x" * 256},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(served: Gateway, query: dict[str, Any]) -> None:
    answer = httpx.get(f"{served.http}/dashboard/tasks", params=query, headers=operator())
    assert_problem(answer, problems.INVALID_REQUEST)


def test_it_is_for_operators(served: Gateway) -> None:
    url = f"{served.http}/dashboard/tasks"
    assert_problem(httpx.get(url), problems.UNAUTHENTICATED)
    assert_problem(httpx.get(url, headers=bearer(sign(tasks=["another"]))), problems.FORBIDDEN)
    assert_problem(httpx.get(url, headers=bearer(sign(owner="ada"))), problems.FORBIDDEN)
