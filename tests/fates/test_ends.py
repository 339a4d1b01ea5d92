"""The ways of a task whose worker lives, on every pool, and by RabbitMQ."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until

from .table import COLUMNS, expected, pool_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .stage import Stage

pytestmark = pytest.mark.parametrize("pool", COLUMNS)
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
    "soft limit": ("gated", "soft_time_limit"),
    "soft limit, caught": ("soft", "soft_time_limit"),
    "hard limit": ("gated", "time_limit"),
}

#: Seconds of a limit, and of those of another task where one was not at its gate in time.
LIMITS = (0.7, 7.0, 45.0)


@pytest.mark.parametrize("way", WAYS)
def test_a_task_that_runs(stage: Stage, pool: str, way: str) -> None:
    job, args, options = WAYS[way]
    assert stage.fate(stage.send(job, *args, **options)) == expected(way, pool)


def test_limits(spare: Stage, pool: str) -> None:
    tasks = {}
    for way, (job, limit) in LIMITED.items():
        tasks[way] = _held_in_time(spare, job, limit)
        if pool_of(pool) != "prefork":
            spare.open(tasks[way])
    for way, task_id in tasks.items():
        assert spare.fate(task_id) == expected(way, pool)


def _held_in_time(stage: Stage, job: str, limit: str) -> str:
    """A task that was at its gate before its limit could end it: on a busy machine not each one is."""
    for seconds in LIMITS:
        sent = time.monotonic()
        task_id = stage.send(job, **{limit: seconds})
        wait_until(partial(_is_at_its_gate_or_over, stage, task_id), lambda: "a task at its gate")
        if time.monotonic() < sent + seconds:
            return task_id
        stage.open(task_id)
    raise AssertionError(f"no task was at its gate within {seconds:g} s")


def _is_at_its_gate_or_over(stage: Stage, task_id: str) -> bool:
    return bool(stage.queue.exists(f"arrived:{task_id}")) or stage.is_over(task_id)


def test_unregistered(stage: Stage, pool: str) -> None:
    task_id = stage.app.send_task("fates.nowhere", queue=stage.route).id
    assert stage.fate(task_id) == expected("unregistered", pool)


def test_expired(stage: Stage, pool: str) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert stage.fate(stage.send("add", 1, 2, expires=past)) == expected("expired", pool)


def _pickled(stage: Stage) -> str:
    return stage.send("add", 1, 2, serializer="pickle")


def _damaged(stage: Stage) -> str:
    return stage.send_damaged(lambda message: message | {"body": b"{not JSON"})


def _compressed_badly(stage: Stage) -> str:
    return stage.send_damaged(
        lambda message: message | {"headers": message["headers"] | {"compression": "application/x-gzip"}}
    )


def _invalid(stage: Stage) -> str:
    return stage.send_damaged(
        lambda message: message | {"headers": message["headers"] | {"expires": "some day"}}
    )


@pytest.mark.parametrize("send", [_pickled, _damaged, _compressed_badly, _invalid])
def test_an_undecodable_message(stage: Stage, pool: str, send: Callable[[Stage], str]) -> None:
    """And the worker goes on."""
    assert stage.fate(send(stage)) == expected("undecodable message", pool)
    assert stage.fate(stage.send("add", 1, 2)) == expected("plain", pool)


def test_system_exit(spare: Stage, pool: str) -> None:
    stage = spare.to("exits") if pool == "solo" else spare
    with stage.worker(pool) if pool == "solo" else nullcontext():  # which it ends
        assert stage.fate(stage.send("leaves")) == expected("SystemExit", pool)


def test_no_run_is_left_registered(stage: Stage) -> None:
    wait_until(lambda: not stage.names(stage.control.runs("*")), lambda: "the runs to be struck off")
