"""`taskbeam notify`: tell people and services how tasks end, without a gateway."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.until_stopped import run_until_stopped
from taskbeam.follow.connections import exchange_with
from taskbeam.gateway.notifications import Notifications
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from redis.asyncio import Redis

    from taskbeam.background.cancellation import Work
    from taskbeam.celery.journal_backend import JournalBackend


@click.command()
@celery_option
def notify(celery_target: str | None) -> None:
    """Send what is due to webhooks and devices, until SIGTERM or Ctrl-C.

    Every gateway does this already. Run it on a machine that may make requests where the gateways may not,
    and give these TASKBEAM_SEND_NOTIFICATIONS=0. It takes their settings. Any number may run.
    """
    settings = GatewaySettings()
    if not settings.notifies:
        raise click.ClickException(
            "There is nobody to tell: neither TASKBEAM_WEBHOOKS nor TASKBEAM_VAPID_KEY is set."
        )

    def prepare(redis: Redis, backend: JournalBackend, stack: AsyncExitStack) -> Work:
        journals = exchange_with(redis, settings.redis_timeout)
        stack.push_async_callback(journals.aclose)
        notifications = Notifications(
            redis,
            journals,
            backend.control,
            backend.keys,
            settings.webhooks,
            settings.vapid,
            settings.webhook_networks,
            settings.critical_tasks,
            Counter(),
            sends=True,
        )
        stack.push_async_callback(notifications.close)
        return notifications.run

    run_until_stopped("notifications", celery_target, settings, prepare)
