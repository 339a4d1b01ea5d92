"""Celery applications for the tests: the same one, with our backend's URL or a stock one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from celery import Celery

from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.journal.events import Record
from tests.support import jobs
from tests.support.closing import close_app
from tests.support.redis_cluster import names_on

if TYPE_CHECKING:
    from taskbeam.journal.keys import TaskKeys

_made: list[Celery] = []


def results_app(backend: str, **conf: Any) -> Celery:
    """An application that only stores and reads results."""
    app = Celery("results", broker="memory://", backend=backend, set_as_current=False)
    app.conf.update(conf)
    _made.append(app)
    return app


def jobs_app(broker: str, backend: str) -> Celery:
    """An application that sends the stock jobs."""
    app = jobs.jobs_app(broker, backend)
    _made.append(app)
    return app


def close_apps() -> None:
    """Close what the applications made since the last time hold open."""
    while _made:
        close_app(_made.pop())


def backend_of(app: Celery) -> Any:
    """The Redis backend, stock or ours; Celery's annotations know only what all backends have."""
    return app.backend


def ours(app: Celery) -> JournalBackend:
    assert isinstance(app.backend, JournalBackend)
    return app.backend


def keys_of(app: Celery, task_id: str) -> TaskKeys:
    backend = backend_of(app)
    return names_on(backend.client)(backend.get_key_for_task(task_id).decode())


def journal_of(app: Celery, task_id: str) -> list[dict[str, Any]]:
    """The bodies of a task's journal, oldest first."""
    raws = cast("list[bytes]", backend_of(app).client.lrange(keys_of(app, task_id).log, 0, -1))
    return [json.loads(Record.parse(raw).body) for raw in raws]
