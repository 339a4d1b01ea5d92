"""What only RabbitMQ has: quorum queues, and a time within which a consumer has to acknowledge."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import DEADLINE

from .stage import SHORT_LIVED, staged
from .table import COLUMNS, RABBITMQ, expected

if TYPE_CHECKING:
    from tests.support.rabbitmq import RabbitMQ

pytestmark = pytest.mark.skipif(RABBITMQ not in COLUMNS, reason="RabbitMQ is not installed")

#: As Celery's documentation has it: what has a countdown waits in the broker, for which it takes topics.
QUORUM: dict[str, Any] = {
    "task_default_queue_type": "quorum",
    "task_create_missing_queue_type": "quorum",
    "task_create_missing_queue_exchange_type": "topic",
    "task_default_exchange_type": "topic",
}

#: Milliseconds.
SOON = 1000


def test_quorum_queues(rabbitmq: RabbitMQ) -> None:
    with staged(SHORT_LIVED | QUORUM, rabbitmq.url()) as made:
        stage = made.to("quorum")
        expiring = stage.send("add", 1, 2, expires=0.01)
        with stage.worker():
            for job, args, way in (
                ("add", (1, 2), "plain"),
                ("requeues_late", (), "Reject, requeue, acks late"),
                ("dies_once", (), "child SIGKILL, reject_on_worker_lost"),
            ):
                assert stage.fate(stage.send(job, *args)) == expected(way, RABBITMQ)
            assert stage.fate(expiring) == expected("expired", RABBITMQ)
            later = stage.send("add", 1, 2, countdown=1)
            pending, *_, end = stage.ended(later)
            assert "eta" in pending
            assert end["ts"] >= pending["ts"] + 0.9
            assert stage.story(later) == expected("plain", RABBITMQ)


def test_a_task_outlives_the_time_within_which_it_had_to_be_acknowledged(rabbitmq: RabbitMQ) -> None:
    """Celery's worker gives up its connection for good, and ends with its task; another one has begun it."""
    with staged(SHORT_LIVED, rabbitmq.url()) as stage, ExitStack() as stack:
        with rabbitmq.consumer_timeout(SOON):
            slow = stack.enter_context(stage.worker())
        task_id = stage.held("gated_late")
        with stage.worker("threads"):
            stage.arrived(task_id, times=2)
            stage.open(task_id)
            stage.open(task_id)
            *told, end = stage.fate(task_id)
            assert told == expected("acknowledgement timeout", RABBITMQ)[:-1]
            # The older run ends first, or the newer one: whose success it is, it is one.
            assert end in ("SUCCESS", "SUCCESS #2")
            slow.wait(timeout=DEADLINE)
            assert stage.story(task_id) == [*told, end]
