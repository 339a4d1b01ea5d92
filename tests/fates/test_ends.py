"""The ways of a task whose worker lives, on every pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery import chain, chord

from .stage import Stage, wait_until
from .table import POOLS, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Way → the job that goes it, its arguments, and how it is sent.
WAYS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "plain": ("add", (1, 2), {}),
    "progress": ("steps", (3,), {}),
    "failure": ("fails", ("unkind",), {}),
    "public error": ("fails", ("public",), {}),
    "mapped error": ("fails", ("mapped",), {}),
    "ignored: success": ("steps", (2,), {"ignore_result": True}),
    "ignored: failure": ("fails", ("unkind",), {"ignore_result": True}),
    "ignored: retry": ("retries", (1,), {"ignore_result": True}),
    "retry": ("retries", (1,), {}),
    "retries exhausted": ("retries", (2, 1), {}),
    "autoretry exhausted": ("autoretries", (), {}),
    "Ignore": ("ignores", (), {}),
    "Reject": ("rejects", (), {}),
    "Reject, requeue, acks late": ("requeues_late", (), {}),
    "Reject, requeue, acks early": ("requeues", (), {}),
    "unserialisable result": ("unspeakable", (), {}),
    "late thread after success": ("late_thread", ("ends",), {}),
    "late thread after failure": ("late_thread", ("fails",), {}),
}

#: Prefork obeys the limit; elsewhere the gate is opened, and the task ends by itself.
LIMITED = {
    "soft limit": ("gated", {"soft_time_limit": 1}),
    "soft limit, caught": ("soft", {"soft_time_limit": 1}),
    "hard limit": ("gated", {"time_limit": 1}),
}


@pytest.fixture(scope="module", params=POOLS)
def pool(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    with stage.worker(request.param):
        yield request.param


@pytest.mark.parametrize("way", WAYS)
def test_a_task_that_runs(stage: Stage, pool: str, way: str) -> None:
    job, args, options = WAYS[way]
    assert stage.fate(stage.send(job, *args, **options)) == expected(way, pool)


def test_limits(stage: Stage, pool: str) -> None:
    sent = {way: stage.send(job, **options) for way, (job, options) in LIMITED.items()}
    if pool != "prefork":
        for task_id in sent.values():
            stage.open(task_id)
    for way, task_id in sent.items():
        assert stage.fate(task_id) == expected(way, pool)


def test_a_chain_that_fails(stage: Stage, pool: str) -> None:
    add = stage.app.tasks["fates.add"].si(1, 2)
    last: Any = chain(stage.app.tasks["fates.fails"].si("unkind"), add, add).apply_async()
    assert stage.fate(last.parent.parent.id) == expected("chain: failing link", pool)
    for link in (last.parent, last):
        assert stage.fate(link.id) == expected("chain: later link", pool)


def test_a_chord_that_fails(stage: Stage, pool: str) -> None:
    add = stage.app.tasks["fates.add"].si(1, 2)
    body: Any = chord([stage.app.tasks["fates.fails"].si("unkind"), add], add).apply_async()
    assert stage.fate(body.id) == expected("chord: body after a failure", pool)


def test_unregistered(stage: Stage, pool: str) -> None:
    assert stage.fate(stage.app.send_task("fates.nowhere").id) == expected("unregistered", pool)


def test_expired(stage: Stage, pool: str) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert stage.fate(stage.send("add", 1, 2, expires=past)) == expected("expired", pool)


def test_an_undecodable_message(stage: Stage, pool: str) -> None:
    dropped = stage.send("add", 1, 2, serializer="pickle")
    # The queue is in order: the worker has met it when the next one has ended.
    stage.fate(stage.send("add", 1, 2))
    assert stage.story(dropped) == expected("undecodable message", pool)


def test_no_run_is_left_registered(stage: Stage, pool: str) -> None:  # noqa: ARG001
    wait_until(lambda: not stage.redis.keys("taskbeam:runs:*"), lambda: "the runs to be struck off")


@pytest.mark.parametrize("pool", POOLS)
def test_system_exit(stage: Stage, pool: str) -> None:
    """On a worker of its own, for in the solo pool it ends the worker."""
    with stage.worker(pool):
        assert stage.fate(stage.send("leaves")) == expected("SystemExit", pool)
