"""`taskbeam notify`: tell people and services how tasks end, without a gateway."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

import click

from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.notifications import Notifications
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from celery import Celery


@click.command()
@celery_option
def notify(celery_target: str | None) -> None:
    """Send what is due to webhooks and devices.

    Every gateway does this already. Run it on a machine that may make requests where the gateways may not,
    and give these TASKBEAM_SEND_NOTIFICATIONS=0. It takes their settings. Any number may run.
    """
    logging.basicConfig(level=logging.INFO)
    settings = GatewaySettings()
    if not settings.notifies:
        raise click.ClickException(
            "There is nobody to tell: neither TASKBEAM_WEBHOOKS nor TASKBEAM_VAPID_KEY is set."
        )
    try:
        asyncio.run(_send(load_celery(celery_target), settings))
    except CeleryConfigurationError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(0) from None


async def _send(celery_app: Celery, settings: GatewaySettings) -> None:
    backend = journal_backend(celery_app, stock=settings.stock)
    redis = journal_redis(backend, settings.redis_timeout)
    notifications = Notifications(
        redis,
        backend.keys,
        settings.webhooks,
        settings.vapid,
        settings.webhook_networks,
        settings.critical_tasks,
        Counter(),
        sends=True,
    )
    try:
        await notifications.run()
    finally:
        await notifications.close()
        await redis.aclose()
