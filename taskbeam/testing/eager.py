"""Run a task here and now, and look at what clients would get of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from celery.canvas import Signature

from taskbeam.testing.journals import recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery, Task

    from taskbeam.testing.recorded_task import RecordedTask


def recorded(task: Task[..., Any] | Signature[Any], *args: Any, **kwargs: Any) -> RecordedTask:
    """Run a task eagerly, to its end, and return its events.

    Args:
        task: of any application; nothing is connected. Of several tasks (a chain, a group, a chord)
            `recorded_all` has the events.
        args: the task's own, and so are the ``kwargs``.

    What the task sends runs eagerly, too. What it raises is not raised here: `RecordedTask.result` does so,
    and `RecordedTask.raised` is it.
    """
    return recorded_all(task, *args, **kwargs)[0]


def recorded_all(task: Task[..., Any] | Signature[Any], *args: Any, **kwargs: Any) -> list[RecordedTask]:
    """As `recorded`; returns the events of each task that began, in the order in which they began.

    Where a task of a chain fails, or of a chord's header, Celery's eager mode neither runs those behind it
    nor gives them ids. A worker of `celery.contrib.testing` does.
    """
    app: Celery = task.app
    with recording(app) as made, _all_eager(app):
        before = len(made.tasks)
        try:
            if isinstance(task, Signature):
                task.apply(args, kwargs)
            else:
                task.apply(args, kwargs, throw=False)
        except (Exception, SystemExit):
            # A chain, or a chord, raises what one of its tasks did; that is recorded.
            if all(each.ended and each.fate == "SUCCESS" for each in made.tasks[before:]):
                raise
        return made.tasks[before:]


@contextmanager
def _all_eager(app: Celery) -> Iterator[None]:
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    try:
        yield
    finally:
        app.conf.task_always_eager = before
