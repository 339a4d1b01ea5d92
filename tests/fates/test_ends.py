"""The ways of a task whose worker lives, on every pool, and by RabbitMQ."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
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
    "soft limit": ("gated", {"soft_time_limit": 0.3}),
    "soft limit, caught": ("soft", {"soft_time_limit": 0.3}),
    "hard limit": ("gated", {"time_limit": 0.3}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_task_that_runs(stage: Stage, pool: str, way: str) -> None:
    job, args, options = WAYS[way]
    assert stage.fate(stage.send(job, *args, **options)) == expected(way, pool)


def test_limits(spare: Stage, pool: str) -> None:
    for way, (job, options) in LIMITED.items():
        task_id = spare.send(job, **options)
        if pool_of(pool) != "prefork":
            spare.open(task_id)
        assert spare.fate(task_id) == expected(way, pool)


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
