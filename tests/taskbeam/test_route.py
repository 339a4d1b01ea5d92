"""Which queue a message goes to, as Celery's own sender says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery.signals import before_task_publish
from kombu import Exchange, Queue
from kombu.common import Broadcast

from taskbeam.celery.route import queue_of
from tests.support.results import results_at

from .apps import results_app

if TYPE_CHECKING:
    from stack.valkey import Valkey

TOPIC = Queue("invoices", Exchange("documents", type="topic"), routing_key="invoice.#")


@pytest.mark.parametrize(
    ("options", "queue"),
    [
        ({}, "celery"),
        ({"queue": "emails"}, "emails"),
        ({"queue": "emails", "priority": 0}, "emails"),
        ({"queue": TOPIC}, "invoices"),
        # Nobody waits in order in one queue.
        ({"queue": "emails", "priority": 5}, ""),
        ({"exchange": "documents", "exchange_type": "topic", "routing_key": "invoice.new"}, ""),
        ({"queue": Broadcast("everybody")}, ""),
    ],
)
def test_the_queue(valkey: Valkey, options: dict[str, Any], queue: str) -> None:
    app = results_app("taskbeam+" + results_at(valkey.url(9)))
    app.conf.update(broker_url=valkey.url(12))
    task_id, routes = str(uuid4()), []

    def hear(headers: dict[str, Any], **route: Any) -> None:
        if headers["id"] == task_id:
            routes.append(queue_of(**route))

    before_task_publish.connect(hear)
    try:
        app.send_task("jobs.add", [1, 2], task_id=task_id, **options)
    finally:
        before_task_publish.disconnect(hear)
    assert routes == [queue]
