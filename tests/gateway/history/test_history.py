"""The operators' list reads on from the history: Redis has lost everything, and every job is still there."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis
from pydantic import SecretStr

from stack.valkey import Valkey
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.journal import events
from tests.gateway.ticks import counted, ticks
from tests.support.gateway import gateway
from tests.support.journal import Journals
from tests.support.results import control, emptied
from tests.support.tokens import TOKENS, operator
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.gateway import Gateway
    from tests.support.journal import Task

META: dict[str, Any] = {
    "status": "FAILURE",
    "result": {"exc_type": "ValueError", "exc_message": ["no such month"], "exc_module": "builtins"},
    "traceback": "Traceback (most recent call last):\n  in reports\nValueError: no such month",
    "args": [13],
    "kwargs": {"year": 2026},
    "queue": "history.again",
    "worker": "celery@one",
}


class Site:
    """A gateway with a history, and its Redis."""

    def __init__(self, served: Gateway, journals: Journals, valkey: Valkey, path: Path) -> None:
        self.served, self.journals, self.valkey, self._path = served, journals, valkey, path

    def fails(self) -> Task:
        task = self.journals.task(labels={"owner": "ada", "title": "Invoices of May", "tags": "nightly"})
        task.append(state=events.STARTED, type="state")
        self.journals.redis.set(task.keys.result, json.dumps(META))
        error = {"code": "task_failed", "message": "The task failed.", "ref": "4b332a9b"}
        task.append(state=events.FAILURE, type="state", final=True, error=error)
        return task

    def succeeds(self, count: int) -> list[str]:
        tasks = [self.journals.task() for _ in range(count)]
        for task in tasks:
            task.finish()
        return [task.id for task in tasks]

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = httpx.get(f"{self.served.http}{path}", params=query, headers=operator(), timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ids(self, **query: Any) -> list[str]:
        return [task["id"] for task in self.get("/dashboard/tasks", **query)["tasks"]]

    def kept(self) -> set[str]:
        """What the database has."""
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
                return {task_id for (task_id,) in database.execute("SELECT id FROM taskbeam_history")}
        except sqlite3.OperationalError:
            return set()  # there is no table yet

    def heard(self) -> int:
        """How many ends the gateway has heard. It has put them in its list, and writes none of them again."""
        counts = counted(self.served, operator())
        return counts["succeeded"] + counts["failed"]

    def loses_all(self) -> None:
        """Everything that Redis has."""
        self.journals.redis.flushall()
        self.journals.redis.script_flush()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("kept") / "history.db"
    settings = TOKENS | {"dashboard": 1, "history": f"sqlite:///{path}"}
    with (
        Valkey() as server,
        emptied(server.url(1)),
        Journals(server.url(1)) as journals,
        gateway(server.url().removesuffix("/0"), **settings) as served,
    ):
        site = Site(served, journals, server, path)
        wait_until(lambda: bool(ticks(served, operator())))  # it hears
        yield site


def test_every_job_is_still_there_when_redis_has_lost_everything(site: Site) -> None:
    task, others = site.fails(), site.succeeds(60)
    wait_until(lambda: site.kept() >= {task.id, *others})
    wait_until(lambda: site.heard() == 1 + len(others))
    wait_until(lambda: site.journals.redis.xlen(control().dashboard_owed) == 0)
    before = site.get("/dashboard/tasks", q="invoices")["tasks"]
    site.loses_all()

    # Found by whatever it is called, and when.
    for query in (
        {"q": "invoices MAY"},
        {"owner": "ada"},
        {"tag": "nightly"},
        {"state": "failed"},
        {"q": task.id},
    ):
        page = site.get("/dashboard/tasks", **query)
        assert (page["tasks"], page["history"]) == (before, "read"), query
    (row,) = before
    assert site.ids(q="invoices", since=row["sent"] - 1, until=row["sent"] + 1) == [task.id]
    assert site.ids(q="invoices", since=row["sent"] + 1) == []
    (group,) = site.get("/dashboard/failures")["groups"]
    assert (group["task_id"], group["exception"]) == (task.id, "ValueError")

    # New ones come before them, each once, in pages.
    new = site.succeeds(30)
    wait_until(lambda: set(site.ids(limit=500)) == {task.id, *others, *new})
    wait_until(lambda: site.kept() >= set(new))
    pages, query = list[str](), dict[str, Any](limit=25)
    while True:
        page = site.get("/dashboard/tasks", **query)
        pages += [each["id"] for each in page["tasks"]]
        if page["next"] is None:
            break
        query |= {"before": page["next"]}
    assert sorted(pages) == sorted({task.id, *others, *new})
    assert set(pages[:30]) == set(new)
    counts = {"failed": 1, "succeeded": len(others) + len(new)}
    wait_until(lambda: {kind: n for kind, n in site.get("/dashboard/tasks")["counts"].items() if n} == counts)

    # Why it failed, and once more.
    details = site.get(f"/dashboard/tasks/{task.id}")
    assert details["traceback"] == META["traceback"]
    assert details["exception"] == "ValueError: no such month"
    assert details["arguments"] == {"args": [13], "kwargs": {"year": 2026}}
    assert (details["worker"], details["queue"], details["owner"]) == ("celery@one", "history.again", "ada")
    answer = httpx.post(
        f"{site.served.http}/dashboard/run-again", json={"tasks": [task.id]}, headers=operator(), timeout=60
    )
    (outcome,) = answer.json()["results"]
    with redis.Redis.from_url(site.valkey.url(0)) as broker:
        (message,) = map(json.loads, broker.lrange("history.again", 0, -1))
    assert (message["headers"]["id"], message["headers"]["task"]) == (outcome["sent"], "tests.task")
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[13], {"year": 2026}]


def test_it_goes_with_the_dashboard_and_names_a_database() -> None:
    with pytest.raises(ValueError, match="TASKBEAM_DASHBOARD=1"):
        GatewaySettings(history=SecretStr("sqlite:////var/lib/history.db"), auth="open")
    with pytest.raises(ValueError, match="neither sqlite:/// nor postgresql://") as refused:
        GatewaySettings(history=SecretStr("mysql://me:secret@host/shop"), dashboard=True, auth="open")
    assert "secret" not in str(refused.value)
