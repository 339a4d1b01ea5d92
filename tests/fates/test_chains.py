"""Tasks that wait for others: they are known from the beginning, and whatever comes before them, they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery import chain, chord, group, states

from tests.support.waiting import wait_until

from .endpoint import cancelled
from .table import COLUMNS, PREFORK, RABBITMQ, expected

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery.canvas import Signature

    from tests.support.gateway import Gateway

    from .stage import Stage

on_all_pools = pytest.mark.parametrize("pool", COLUMNS)
with_prefork = pytest.mark.parametrize("pool", PREFORK)


@on_all_pools
def test_a_chain(stage: Stage, pool: str) -> None:
    add = stage.signature("add", 1, 2)
    last: Any = chain(add, add, add).apply_async()
    assert stage.fate(last.parent.parent.id) == expected("plain", pool)
    for link in (last.parent, last):
        assert stage.fate(link.id) == expected("chain: later link", pool)


@on_all_pools
def test_a_chain_that_fails(stage: Stage, pool: str) -> None:
    add = stage.signature("add", 1, 2)
    last: Any = chain(stage.signature("fails", "unkind"), add, add).apply_async()
    assert stage.fate(last.parent.parent.id) == expected("chain: failing link", pool)
    for link in (last.parent, last):
        assert stage.fate(link.id) == expected("chain: later link after a failure", pool)


@on_all_pools
def test_a_chord(stage: Stage, pool: str) -> None:
    add = stage.signature("add", 1, 2)
    body: Any = chord([add, add], add).apply_async()
    assert stage.fate(body.id) == expected("chord: body", pool)


@on_all_pools
def test_a_chord_that_fails(stage: Stage, pool: str) -> None:
    """What Celery itself stores of the body is stored all the same."""
    add = stage.signature("add", 1, 2)
    body: Any = chord([stage.signature("fails", "unkind"), add], add).apply_async()
    assert stage.fate(body.id) == expected("chord: body after a failure", pool)
    wait_until(lambda: body.state == states.FAILURE, lambda: "Celery's own result")


def test_all_are_known_as_soon_as_the_first_is_sent(stage: Stage, served: Gateway) -> None:
    """A chord in a chain, and a chain in its header."""
    gated, add = stage.signature("gated"), stage.signature("add", 1, 2)
    last: Any = chain(gated, group(add, chain(add, add)), add, add).apply_async()
    header: list[Any] = last.parent.parent.results
    waiting = [*header, header[1].parent, last.parent, last]
    for result in waiting:
        assert httpx.get(f"{served.http}/tasks/{result.id}").json()["waiting"] == "dependency"
    stage.open(last.parent.parent.parent.id)
    for result in waiting:
        assert stage.fate(result.id) == expected("chain: later link")


def _ignored(stage: Stage) -> Signature:
    return stage.signature("ignores")


def _rejected(stage: Stage) -> Signature:
    return stage.signature("rejects")


def _unregistered(stage: Stage) -> Signature:
    return stage.app.signature("fates.nowhere", immutable=True).set(queue=stage.route)


def _expired(stage: Stage) -> Signature:
    return stage.signature("add", 1, 2, expires=datetime.now(UTC) - timedelta(seconds=1))


def _failing_without_a_result(stage: Stage) -> Signature:
    return stage.signature("fails", "unkind", ignore_result=True)


def _leaving(stage: Stage) -> Signature:
    return stage.signature("leaves")


#: With prefork Celery itself fails what comes after a task that leaves.
ENDS = [_ignored, _rejected, _unregistered, _expired, _failing_without_a_result]
BY_RABBITMQ = [(end, RABBITMQ) for end in ENDS if RABBITMQ in COLUMNS]


@pytest.mark.parametrize(("first", "pool"), [*((end, "threads") for end in (*ENDS, _leaving)), *BY_RABBITMQ])
def test_the_task_before_did_not_succeed(
    stage: Stage, pool: str, first: Callable[[Stage], Signature]
) -> None:
    """Whatever becomes of it: a chord's body waits no longer either."""
    add = stage.signature("add", 1, 2)
    last: Any = chain(first(stage), add, add).apply_async()
    body: Any = chord([add, first(stage)], add).apply_async()
    for task_id in (last.parent.id, last.id, body.id):
        assert stage.fate(task_id) == expected("chain: later link after another end", pool)


def test_the_task_before_was_cancelled(crewed: Stage, served: Gateway) -> None:
    """While it was queued, and no worker was there."""
    stage = crewed.to("nobody")
    add = stage.signature("add", 1, 2)
    last: Any = chain(add, group(add, add), add).apply_async()
    assert cancelled(served, last.parent.parent.id) == "revoked"
    for result in (*last.parent.results, last):
        assert stage.fate(result.id) == expected("chain: later link after another end")


def test_the_task_before_was_revoked(stage: Stage) -> None:
    first = stage.signature("add", 1, 2, countdown=30)
    last: Any = chain(first, stage.signature("add", 1, 2)).apply_async()
    stage.fate(stage.send("add", 1, 2))  # the worker has received the one before
    stage.app.control.revoke(last.parent.id)
    assert stage.fate(last.id) == expected("chain: later link after another end")


@with_prefork
def test_cancelled_while_it_waits(stage: Stage, served: Gateway, pool: str) -> None:
    """It is sent when its turn comes, but stays revoked."""
    add = stage.signature("add", 1, 2)
    last: Any = chain(stage.signature("gated"), add, add).apply_async()
    stage.arrived(last.parent.parent.id)
    assert cancelled(served, last.parent.id) == "revoked"
    stage.open(last.parent.parent.id)
    assert stage.fate(last.parent.parent.id) == expected("plain", pool)
    stage.fate(stage.send("add", 1, 2))  # the worker has met the one that was revoked
    assert stage.fate(last.parent.id) == expected("chain: later link, cancelled", pool)
    assert stage.fate(last.id) == expected("chain: later link after another end", pool)


#: What a task replaces itself with, by the way that it goes.
SHAPES = {"replaced by a task": "task", "replaced by a chain": "chain", "replaced by a chord": "chord"}


@on_all_pools
@pytest.mark.parametrize("way", SHAPES)
def test_replaced(stage: Stage, pool: str, way: str) -> None:
    assert stage.fate(stage.send("replaces", SHAPES[way])) == expected(way, pool)


@pytest.mark.parametrize("way", SHAPES)
def test_replaced_by_one_that_is_faster(stage: Stage, way: str) -> None:
    """It has ended before the run that it replaces has."""
    task_id = stage.send("replaces_late", SHAPES[way], "threads")
    stage.arrived(task_id)
    assert stage.fate(task_id) == expected(way)
    stage.open(task_id)
    stage.fate(stage.send("add", 1, 2))  # the run has ended, and told it
    assert stage.fate(task_id) == expected(way)
