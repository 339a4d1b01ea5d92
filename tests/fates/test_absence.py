"""Nobody is there: no such task, no worker, no journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest
from celery import chain, states

from tests.support.event_stream import EventStream
from tests.support.waiting import wait_until

from .endpoint import cancel, cancelled, refused
from .stage import served_for, staged, story
from .table import PREFORK, expected

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from .stage import Stage


def test_unknown_and_expired(stage: Stage, served: Gateway) -> None:
    """An id that nobody sent, and one whose records ran out, are told apart."""
    task_id = stage.send("add", 1, 2)
    stage.fate(task_id)
    # As when their time is over: Redis drops what expires, and the tombstone lives on.
    for key in stage.names(f"*{task_id}*"):
        if not key.endswith(b":tombstone"):
            stage.redis.pexpire(key, 1)
    wait_until(lambda: not stage.events(task_id), lambda: "the records to expire")
    for status, code, unheard in ((410, "expired", task_id), (404, "unknown_task", "nobody-sent-this")):
        for path in ("", "/events"):
            assert refused(httpx.get(f"{served.http}/tasks/{unheard}{path}")) == (status, code)
        assert refused(cancel(served, unheard)) == (status, code)


def test_a_task_that_is_silent_for_longer_than_its_result_lives() -> None:
    """Queued or running, it is neither unknown nor expired."""
    with (
        staged({"result_expires": 1}) as stage,
        served_for(stage) as served,
        stage.worker("threads"),
    ):
        running, queued = stage.held("gated"), stage.to("nobodys").send("add", 1, 2)
        result = stage.keys(running).result
        wait_until(lambda: not stage.redis.exists(result), lambda: "Celery's own result to expire")
        told = [httpx.get(f"{served.http}/tasks/{each}").json()["state"] for each in (running, queued)]
        assert told == ["STARTED", "PENDING"]
        with EventStream(served, running) as stream:
            heard = [stream.event(), stream.event()]
            stage.open(running)
            heard.append(stream.event())  # whoever comes a second later finds nothing
        assert story(heard) == expected("plain")


@pytest.mark.parametrize("pool", PREFORK)
def test_cancelled_while_its_worker_is_away(stage: Stage, served: Gateway, pool: str) -> None:
    """Revoked at once; the worker that comes later does not run it."""
    stage = stage.to("away")
    task_id = stage.send("gated")
    assert cancelled(served, task_id) == "revoked"
    assert stage.fate(task_id) == expected("cancelled while queued, no worker", pool)
    with stage.worker():
        stage.fate(stage.send("add", 1, 2))  # the queue is in order
    assert stage.queue.llen(f"arrived:{task_id}") == 0
    assert stage.fate(task_id) == expected("cancelled while queued, no worker", pool)


@pytest.mark.parametrize("pool", PREFORK)
def test_expired_while_its_worker_is_away(stage: Stage, pool: str) -> None:
    """The worker that comes later says so: no broker drops the message without a word."""
    stage = stage.to("expiring")
    task_id = stage.send("add", 1, 2, expires=0.01)
    behind = stage.send("add", 1, 2)
    time.sleep(0.1)
    with stage.worker():
        stage.fate(behind)
        assert stage.fate(task_id) == expected("expired", pool)


def test_a_message_that_was_given_up_and_arrives_after_all(crewed: Stage) -> None:
    """The broker took it and did not say so in time: its sender was told that it was not sent."""
    stage = crewed.to("away")
    task_id = stage.send("gated")
    stage.app.backend.append_unsent(task_id)  # type: ignore[attr-defined]
    with stage.worker():
        stage.fate(stage.send("add", 1, 2))  # the queue is in order
    assert stage.queue.llen(f"arrived:{task_id}") == 0
    assert stage.fate(task_id) == ["PENDING", "REVOKED not_sent"]


def test_eager(empty: Stage, served: Gateway) -> None:
    """Nobody was given an id to follow, so nothing is written: by call, or by setting, whatever its end."""
    done = empty.app.tasks["fates.steps"].apply((3,))
    assert done.get() == "done"
    empty.app.conf.task_always_eager = True
    add = empty.signature("add", 1, 2)
    assert chain(add, add).apply_async().get() == 3
    failed = empty.app.tasks["fates.fails"].delay("unkind")
    assert failed.state == states.FAILURE
    assert empty.redis.dbsize() == 0
    assert refused(httpx.get(f"{served.http}/tasks/{done.id}")) == (404, "unknown_task")


def test_eager_with_its_result_stored() -> None:
    with staged({"task_always_eager": True, "task_store_eager_result": True}) as stage:
        assert stage.fate(stage.send("add", 1, 2)) == expected("eager, stored")
