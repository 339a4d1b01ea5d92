"""`afollow` yields a task's journal, straight from Redis."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from celery.result import AsyncResult

from taskbeam import afollow
from taskbeam.contract.errors import UnknownTask
from taskbeam.contract.events import GapEvent, ProgressEvent, StateEvent
from taskbeam.waiting import mailbox

if TYPE_CHECKING:
    from celery import Celery

    from tests.support.journal import Journals, Task

DEADLINE = 60


def journal(task: Task) -> list[str]:
    return [str(record.id) for record in task.records()]


def run(app: Celery, task: Task, after: str | None = None) -> list[Any]:
    async def use() -> list[Any]:
        async with asyncio.timeout(DEADLINE):
            return [event async for event in afollow(AsyncResult(task.id, app=app), after=after)]

    return asyncio.run(use())


@pytest.mark.usefixtures("working")
def test_a_real_task(app: Celery) -> None:
    async def use() -> list[Any]:
        result = app.tasks["jobs.digest"].delay(5)
        async with asyncio.timeout(DEADLINE):
            return [event async for event in afollow(result)]

    first, *between, last = asyncio.run(use())
    assert (first.state, last.state, last.final) == ("PENDING", "SUCCESS", True)
    assert isinstance(last, StateEvent)
    assert any(isinstance(event, ProgressEvent) for event in between)


def test_from_a_cursor_and_behind_a_gap(app: Celery, journals: Journals) -> None:
    task = journals.task(limit=4)
    task.grow(8)
    task.finish()
    gap, *rest = run(app, task)
    assert isinstance(gap, GapEvent)
    assert [event.id for event in rest] == journal(task)
    assert [event.id for event in run(app, task, after=journal(task)[1])] == journal(task)[2:]
    assert run(app, task, after=journal(task)[-1]) == []


def test_a_slow_reader_gets_everything_and_holds_little(
    app: Celery, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MOST", 5)
    task = journals.task()

    async def use() -> list[str | None]:
        found = []
        async with aclosing(afollow(AsyncResult(task.id, app=app))) as following:
            async for event in following:
                found.append(event.id)
                if len(found) == 1:
                    await asyncio.to_thread(task.grow, 60)
                    await asyncio.to_thread(task.finish)
        return found

    assert asyncio.run(use()) == journal(task)


def test_what_is_no_task_and_no_cursor(app: Celery, journals: Journals) -> None:
    task = journals.task()
    task.lose()
    with pytest.raises(UnknownTask):
        run(app, task)
    with pytest.raises(ValueError, match="no-cursor"):
        run(app, task, after="no-cursor")
