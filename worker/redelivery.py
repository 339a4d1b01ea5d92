"""What a dead worker has left with the broker is delivered again when the only worker starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery.signals import worker_init
from celery.utils.log import get_task_logger

if TYPE_CHECKING:
    from typing import Any

    from celery import Celery
    from celery.worker import WorkController

logger = get_task_logger(__name__)


def redeliver_at_start(app: Celery) -> None:
    """For an application with Redis as broker, and one worker that takes tasks there.

    Nobody else can have what is unacknowledged when that worker starts. Without this Celery takes it for the
    work of another one, until `visibility_timeout` is over: an hour.
    """

    @worker_init.connect(weak=False)
    def redeliver(sender: WorkController, **_: object) -> None:
        if sender.app is not app:  # signals are heard by every application in the process
            return
        with app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            tags = channel.client.zrange(channel.unacked_index_key, 0, -1)
            for tag in tags:
                channel.qos.restore_by_tag(tag)
        if tags:
            logger.warning("Delivered %s tasks again that a dead worker had not finished", len(tags))
