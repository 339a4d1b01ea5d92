"""Let Celery tell the backend how eager tasks go, as it does of others: `task_store_eager_result`.

A task reads the setting once, when it is bound to its application. So it is set on each of them, too.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

_SETTING = "task_store_eager_result"


@contextmanager
def eager_results_stored(app: Celery) -> Iterator[None]:
    """As long as the block lasts; then all is as it was."""
    before = app.conf[_SETTING]
    known = {name: task.store_eager_result for name, task in app.tasks.items()}
    app.conf[_SETTING] = True
    for task in app.tasks.values():
        task.store_eager_result = True
    try:
        yield
    finally:
        app.conf[_SETTING] = before
        for name, task in app.tasks.items():
            task.store_eager_result = known.get(name, before)
