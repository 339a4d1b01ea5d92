"""`taskbeam watchdog`: watch the workers' leases without a gateway."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

import click

from taskbeam.celery.external_entries import lost_result
from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.presence.watchdog import Watchdog

if TYPE_CHECKING:
    from celery import Celery


@click.command()
@celery_option
def watchdog(celery_target: str | None) -> None:
    """Report runs whose worker is gone as STALLED, and then as LOST.

    Every gateway does this already: run it alone where workers run without one.
    """
    logging.basicConfig(level=logging.INFO)
    try:
        asyncio.run(watch(load_celery(celery_target), GatewaySettings()))
    except CeleryConfigurationError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(0) from None


async def watch(celery_app: Celery, settings: GatewaySettings) -> None:
    """Sweep until cancelled."""
    backend = journal_backend(celery_app, stock=settings.stock)
    redis = journal_redis(backend, settings.redis_timeout)
    try:
        await Watchdog(
            redis,
            settings.lost_after,
            lease=backend.options.lease,
            lost_result=partial(lost_result, backend) if settings.fail_lost_tasks else None,
            sharded=backend.options.sharded,
        ).run(settings.watchdog_interval)
    finally:
        await redis.aclose()
