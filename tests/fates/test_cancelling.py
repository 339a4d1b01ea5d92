"""Tasks that somebody wants to stop: by Celery's revoke, and by our endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until

from .endpoint import cancel, cancelled, refused
from .table import COLUMNS, expected

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from .stage import Stage


pytestmark = pytest.mark.parametrize("pool", [column for column in COLUMNS if column != "solo"])


def revoke(stage: Stage, task_id: str, **how: Any) -> None:
    """By Celery's own means; all workers have heard it."""
    answers: Any = stage.app.control.revoke(task_id, reply=True, timeout=60, limit=stage.crew, **how)
    assert len(answers) == stage.crew


def test_revoked_before_it_starts(stage: Stage, pool: str) -> None:
    task_id = stage.send("add", 1, 2, countdown=30)
    stage.fate(stage.send("add", 1, 2))  # the worker has received the one before
    revoke(stage, task_id)
    assert stage.fate(task_id) == expected("revoked before the start", pool)


def test_revoked_while_it_runs(stage: Stage, pool: str) -> None:
    task_id = stage.held("gated")
    revoke(stage, task_id)
    stage.open(task_id)
    assert stage.fate(task_id) == expected("revoked while running", pool)


def test_revoked_while_it_runs_with_terminate(spare: Stage, pool: str) -> None:
    task_id = spare.held("gated")
    revoke(spare, task_id, terminate=True)
    if pool == "threads":
        spare.open(task_id)
    assert spare.fate(task_id) == expected("revoked while running, terminate", pool)


@pytest.mark.parametrize("terminate", [False, True])
@pytest.mark.parametrize(
    ("job", "args", "way"),
    [("add", (1, 2), "revoked after the end"), ("fails", ("unkind",), "revoked after a failure")],
)
def test_revoked_after_the_end(
    stage: Stage, pool: str, job: str, args: tuple[Any, ...], way: str, terminate: bool
) -> None:
    task_id = stage.send(job, *args)
    assert stage.fate(task_id) == expected(way, pool)
    revoke(stage, task_id, terminate=terminate)
    assert stage.fate(task_id) == expected(way, pool)


def test_cancelled_while_queued(stage: Stage, served: Gateway, pool: str) -> None:
    task_id = stage.send("add", 1, 2, countdown=30)
    assert cancelled(served, task_id) == "revoked"
    assert stage.fate(task_id) == expected("cancelled while queued", pool)


def test_cancelled_while_running(stage: Stage, served: Gateway, pool: str) -> None:
    """It cleans up before it ends."""
    task_id = stage.send("cleans_up")
    wait_until(lambda: "PROGRESS" in stage.story(task_id), lambda: "the first progress")
    assert cancelled(served, task_id) == "requested"
    told = [word for word in stage.fate(task_id) if word != "PROGRESS"]
    # Between the first report and the request there may be more, or none.
    shape = [word for word in expected("cancelled while running", pool) if word != "PROGRESS"]
    assert told == shape
    assert stage.queue.llen(f"cleaned:{task_id}") == 1


@pytest.mark.parametrize("where", ["task", "thread", "context"])
def test_cancelled_while_it_updates_its_state(stage: Stage, served: Gateway, pool: str, where: str) -> None:
    """By plain `update_state`, also in a thread that names the task; by `progress` in its context."""
    task_id = stage.send("updates_for_ever", where)
    wait_until(lambda: "PROGRESS" in stage.story(task_id), lambda: "the first update")
    assert cancelled(served, task_id) == "requested"
    told = [word for word in stage.fate(task_id) if word != "PROGRESS"]
    shape = [word for word in expected("cancelled while running", pool) if word != "PROGRESS"]
    assert told == shape


def test_cancelled_while_running_with_terminate(spare: Stage, served: Gateway, pool: str) -> None:
    task_id = spare.held("gated")
    assert cancelled(served, task_id, terminate=True) == "terminating"
    if pool == "threads":
        spare.open(task_id)
    assert spare.fate(task_id) == expected("cancelled while running, terminate", pool)


def test_cancelled_but_it_never_reports(stage: Stage, served: Gateway, pool: str) -> None:
    task_id = stage.held("gated")
    assert cancelled(served, task_id) == "requested"
    assert cancelled(served, task_id) == "requested"
    stage.open(task_id)
    assert stage.fate(task_id) == expected("cancelled, but it never reports", pool)


def test_cancelled_too_late(stage: Stage, served: Gateway, pool: str) -> None:
    task_id = stage.send("add", 1, 2)
    assert stage.fate(task_id) == expected("cancelled after the end", pool)
    assert refused(cancel(served, task_id)) == (409, "too_late")
    assert stage.fate(task_id) == expected("cancelled after the end", pool)
