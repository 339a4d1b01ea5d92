"""The Celery result backend that a URL asks for: ``result_backend = "taskbeam+redis://host/1"``.

The entry point `celery.result_backends` names `backend_for`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.backends.redis import RedisBackend, SentinelBackend
from celery.exceptions import ImproperlyConfigured

from taskbeam.celery.cluster_backend import TaskbeamClusterBackend
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.cluster.url import SCHEMES as CLUSTERS

if TYPE_CHECKING:
    from celery import Celery

#: What may stand behind ``taskbeam+`` in the URL of a result backend.
SCHEMES = ("redis", "rediss", "sentinel", "socket", "unix", *CLUSTERS)


class TaskbeamBackend(JournalBackend, RedisBackend):
    """The journal on one Redis server."""


class TaskbeamSentinelBackend(JournalBackend, SentinelBackend):
    """The journal on the master that Redis Sentinel names."""


def backend_for(app: Celery, url: str, **kwargs: Any) -> JournalBackend:
    """Make the backend for the URL behind ``taskbeam+``.

    Raises `ImproperlyConfigured` for a scheme that is none of Redis'.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"taskbeam+{each}://" for each in SCHEMES)
        raise ImproperlyConfigured(f"taskbeam+{scheme}:// is no result backend: use one of {known}")
    if scheme in CLUSTERS:
        return TaskbeamClusterBackend(app=app, url=url, **kwargs)
    if scheme == "unix":
        # Celery's own name of the scheme; it fails on `unix://`, which redis-py knows.
        url = "socket://" + url.removeprefix("unix://")
    kind = TaskbeamSentinelBackend if scheme == "sentinel" else TaskbeamBackend
    return kind(app=app, url=url, **kwargs)
