"""A Celery application made from settings, where the gateway runs beside no application of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery

if TYPE_CHECKING:
    from taskbeam.gateway.settings import CelerySettings


def celery_application(settings: CelerySettings) -> Celery:
    """Make an application that sends tasks and reads their journals. It registers none; it connects later."""
    sentinel = {"master_name": settings.sentinel_master}
    backend_options: dict[str, Any] = {}
    if settings.result_backend.removeprefix("taskbeam+").startswith("sentinel"):
        backend_options |= sentinel
    if settings.global_keyprefix:
        backend_options["global_keyprefix"] = settings.global_keyprefix
    app = Celery(broker=settings.broker_url, backend=settings.result_backend, set_as_current=False)
    app.conf.update(
        broker_transport_options=sentinel if settings.broker_url.startswith("sentinel") else {},
        result_backend_transport_options=backend_options,
        taskbeam_options={"sharded": settings.sharded},
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
    )
    return app
