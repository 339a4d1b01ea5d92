"""Wait for a condition with a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from .apps import journal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

T = TypeVar("T")
DEADLINE = 60.0


def until(condition: Callable[[], T | None], deadline: float = DEADLINE) -> T:
    """What ``condition()`` gives as soon as that is true; fails after ``deadline`` seconds."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return found


def ended(app: Celery, task_id: str) -> list[dict[str, Any]]:
    """The events of a task, when it has ended."""

    def events() -> list[dict[str, Any]] | None:
        found = journal_of(app, task_id)
        return found if found and found[-1]["final"] else None

    return until(events)


def told(app: Celery, task_id: str, *states: str) -> list[dict[str, Any]]:
    """The events of a task, when they are as many as the states; they must be these."""
    until(lambda: len(journal_of(app, task_id)) >= len(states))
    found = journal_of(app, task_id)
    assert [event["state"] for event in found] == list(states)
    return found
