"""Close what Celery leaves open to the end of the process; an open socket is an error in the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.celery.journal_backend import JournalBackend

if TYPE_CHECKING:
    from celery import Celery


def close_app(app: Celery) -> None:
    """Call it while the application's Redis is there."""
    backend: Any = app.backend
    backend.result_consumer.stop()
    backend.result_consumer._pubsub = None  # a result that is collected later must not open it again
    if isinstance(backend, JournalBackend):
        backend._outbox.close()
    backend.client.connection_pool.disconnect()
    app.close()
