"""Each of many tasks has an outcome of its own, whatever becomes of the others and of the client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from celery import Celery
from kombu import Exchange, Queue
from redis.exceptions import ConnectionError as RedisConnectionError

from taskbeam.gateway.auth.visit import Visit
from taskbeam.gateway.dashboard import outcomes as bounds
from taskbeam.gateway.dashboard.outcomes import AT_ONCE, Outcome, outcomes
from taskbeam.gateway.dashboard.sent_to import SentTo, queue_by_key
from taskbeam.gateway.problems import TOKEN_EXPIRED, UNKNOWN_TASK, TaskbeamError
from taskbeam.journal.control_keys import ONE_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

ERRORS: dict[str, Exception] = {
    "unknown": TaskbeamError(UNKNOWN_TASK),
    "away": RedisConnectionError("gone"),
    "odd": KeyError("x"),
}


class Client:
    """Of a request, whose ``left`` says whether it has."""

    left = False

    async def is_disconnected(self) -> bool:
        return self.left


class Acting:
    """Does what ``ERRORS`` say, and what the client or the clock does meanwhile."""

    def __init__(self) -> None:
        self.client, self.visit = Client(), Visit()
        self.begun: list[str] = []
        self.now = self.most = 0

    async def act(self, task_id: str) -> Outcome:
        self.begun.append(task_id)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if task_id == "leaves":
            self.client.left = True
        if task_id == "expires":
            self.visit.dismiss(TOKEN_EXPIRED)
        if task_id in ERRORS:
            raise ERRORS[task_id]
        return Outcome(task_id=task_id, sent="new")

    def run(self, tasks: Sequence[str]) -> list[Outcome]:
        request = cast("Request", self.client)
        return asyncio.run(outcomes(request, self.visit, tasks, self.act)).results


def test_whatever_fails_the_others_have_their_outcomes(caplog: pytest.LogCaptureFixture) -> None:
    found = Acting().run(["a", "unknown", "away", "odd", "a", "b"])
    assert [each.task_id for each in found] == ["a", "unknown", "away", "odd", "b"]
    assert [each.code for each in found] == [None, "unknown_task", "unavailable", "internal_error", None]
    (failed,) = [record for record in caplog.records if record.exc_info]
    assert cast("str", found[3].message).rpartition(" ")[2] in failed.getMessage()


def test_a_few_are_acted_on_at_once() -> None:
    acting = Acting()
    acting.run([str(number) for number in range(3 * AT_ONCE)])
    assert acting.most == AT_ONCE


@pytest.mark.parametrize("first", ["leaves", "expires"])
def test_none_is_begun_for_a_client_that_is_gone(first: str) -> None:
    acting = Acting()
    found = acting.run([first, *map(str, range(20))])
    assert len(acting.begun) <= 2 * AT_ONCE
    assert found[0].sent == "new"
    assert {each.code for each in found if each.task_id not in acting.begun} == {"unavailable"}


def test_none_is_begun_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PATIENCE", 0)
    acting = Acting()
    assert [each.code for each in acting.run(["a", "b"])] == ["unavailable"] * 2
    assert acting.begun == []


def test_a_routing_key_is_of_the_queue_that_is_bound_with_it() -> None:
    one, two = Exchange("one"), Exchange("two")
    queues = [Queue("a", one, "k"), Queue("b", one, "k"), Queue("c", one, "x"), Queue("d", two, "x")]
    assert queue_by_key("k", queues) == "a"
    assert queue_by_key("x", queues) is None, "which of two exchanges it was is not stored"
    assert queue_by_key("made", queues) == "made", "Celery names both alike"


def test_a_queue_that_the_application_does_not_make_is_not_sent_to() -> None:
    app: Any = Celery(set_as_current=False)
    app.conf.update(task_default_routing_key="tasks.default", task_create_missing_queues=False)
    sent_to = SentTo(cast("Any", None), cast("Any", None), ONE_SERVER, app)
    assert queue_by_key("tasks.default", app.amqp.queues.values()) == "celery"
    assert [sent_to.has(name) for name in ("celery", "another", None)] == [True, False, False]
