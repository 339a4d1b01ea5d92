"""The operators' stream is the journal of one task, written by one gateway at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import redis

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.every_event import channel_pattern
from taskbeam.gateway.dashboard.publisher import DASHBOARD
from taskbeam.journal import events
from taskbeam.journal.limits import DEFAULT_LIMIT
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.journal import Task
from tests.support.redis_cluster import one_server
from tests.support.results import control
from tests.support.waiting import wait_until

from .ticks import ticks

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals


@pytest.fixture(autouse=True)
def _nothing_told(journals: Journals) -> None:
    """As if there had never been a dashboard on this server."""
    journals.redis.delete(control().dashboard)
    Task(journals, DASHBOARD, DEFAULT_LIMIT).lose()


def jobs(served: Gateway) -> dict[str, str]:
    page = httpx.get(f"{served.http}/dashboard/tasks?limit=500").json()
    return {task["id"]: task["state"] for task in page["tasks"]}


def turns(served: Gateway) -> int:
    """How often a gateway has begun to tell."""
    return [tick["fresh"] for tick in ticks(served)].count(True)


def test_it_is_off_unless_it_is_asked_for(valkey: Valkey, journals: Journals) -> None:
    with gateway(valkey.url().removesuffix("/0")) as served:
        assert_problem(httpx.get(f"{served.http}/dashboard", follow_redirects=True), problems.NOT_FOUND)
        assert_problem(httpx.get(f"{served.http}/dashboard/"), problems.NOT_FOUND)
        assert not journals.redis.exists(control().dashboard)


def test_it_begins_anew_where_its_lease_has_run_out(valkey: Valkey, journals: Journals) -> None:
    """Nobody has published since, and tasks on a cluster tell their news only to somebody who does."""
    with gateway(valkey.url().removesuffix("/0"), dashboard=1) as served:
        wait_until(lambda: [tick["fresh"] for tick in ticks(served)][:2] == [True, False])
        journals.redis.delete(control().dashboard)
        wait_until(lambda: turns(served) >= 2)


def test_what_every_task_tells_is_told_to_the_operators(valkey: Valkey, journals: Journals) -> None:
    with gateway(valkey.url().removesuffix("/0"), dashboard=1) as served:
        assert "<title>Dashboard" in httpx.get(f"{served.http}/dashboard", follow_redirects=True).text
        wait_until(lambda: bool(ticks(served)))
        task = journals.task()
        task.append()
        task.finish()
        wait_until(lambda: jobs(served).get(task.id) == "SUCCESS")

        def told(what: str) -> int:
            return sum(tick["tasks"].get("tests.task", {}).get(what, 0) for tick in ticks(served))

        wait_until(lambda: told("succeeded") == 1)
        assert told("sent") == 1
        assert not any(DASHBOARD in tick["tasks"] for tick in ticks(served))


@one_server("on a cluster who publishes subscribes to nothing")
def test_a_publisher_that_lost_its_connection_begins_anew(valkey: Valkey, journals: Journals) -> None:
    """Of what was published meanwhile it has heard nothing; redis-py subscribes again without a word."""
    with gateway(valkey.url().removesuffix("/0"), dashboard=1) as served:
        wait_until(lambda: len(ticks(served)) >= 2)
        assert turns(served) == 1
        (publisher,) = [client for client in journals.redis.client_list() if client["psub"] != "0"]
        journals.redis.client_kill_filter(_id=publisher["id"])
        wait_until(lambda: turns(served) >= 2)


def test_a_journal_that_somebody_ended_begins_anew(valkey: Valkey, journals: Journals) -> None:
    """As whoever reaches Redis may end it: every later tick would be refused."""
    with gateway(valkey.url().removesuffix("/0"), dashboard=1) as served:
        wait_until(lambda: bool(ticks(served)))
        Task(journals, DASHBOARD, DEFAULT_LIMIT).append(state=events.REVOKED, type="state", final=True)
        url = f"{served.http}/tasks/{DASHBOARD}"
        wait_until(lambda: httpx.get(url).json().get("final") is False)
        wait_until(lambda: "The dashboard's journal takes no more" in served.process.output)
        told = len(ticks(served))
        wait_until(lambda: len(ticks(served)) > told)


def test_queues_are_measured_on_the_broker(valkey: Valkey) -> None:
    server = valkey.url().removesuffix("/0")
    with gateway(server) as sender, redis.Redis.from_url(valkey.url(0)) as broker:
        broker.delete("reports")
        httpx.post(f"{sender.http}/reports", json={"user_id": 1})
    with gateway(server, dashboard=1) as served:
        seen = len(ticks(served))
        wait_until(lambda: len(ticks(served)) > seen)
        queues = {queue["name"]: queue for queue in ticks(served)[-1]["queues"]}
        assert queues["reports"] == {"name": "reports", "depth": 1, "slots": 0}
        assert not any("pidbox" in name or "celeryev" in name for name in queues)


def test_a_prefix_is_no_pattern() -> None:
    assert channel_pattern("a*[b]-") == r"{a\*\[b\]\-*}:live"


def test_one_gateway_tells_and_another_takes_over(valkey: Valkey, journals: Journals) -> None:
    server = valkey.url().removesuffix("/0")
    with gateway(server, dashboard=1) as second:
        with gateway(server, dashboard=1):
            wait_until(lambda: len(ticks(second)) >= 3)
            assert turns(second) == 1
        # Whoever is left has the lease, at the latest when it has run out.
        before = len(ticks(second))
        wait_until(lambda: len(ticks(second)) > before + 1)
        task = journals.task()
        wait_until(lambda: task.id in jobs(second))


@one_server("on a cluster who publishes reads journals")
def test_a_message_that_is_no_event_does_not_end_it(valkey: Valkey, journals: Journals) -> None:
    """Whoever reaches Redis may publish anything on a task's channel."""
    with gateway(valkey.url().removesuffix("/0"), dashboard=1) as served:
        wait_until(lambda: bool(ticks(served)))
        for junk in ("junk", "1-1 0 no JSON", '1-1 0 ["no object"]', '1-1 0 {"state": 7}'):
            assert journals.redis.publish("{celery-task-meta-x}:live", junk) == 1
        wait_until(lambda: served.process.output.count("which is no event") == 4)
        seen = len(ticks(served))
        wait_until(lambda: len(ticks(served)) > seen + 1)
        assert "Background work dashboard failed" not in served.process.output
