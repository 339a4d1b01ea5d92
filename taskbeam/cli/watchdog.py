"""`taskbeam watchdog`: watch the workers' leases without a gateway."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from taskbeam.celery.external_entries import lost_result
from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.until_stopped import run_until_stopped
from taskbeam.follow.connections import appender_to, exchange_with
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.presence.watchdog import Watchdog

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from redis.asyncio import Redis

    from taskbeam.background.cancellation import Work
    from taskbeam.celery.journal_backend import JournalBackend


@click.command()
@celery_option
def watchdog(celery_target: str | None) -> None:
    """Report runs whose worker is gone as STALLED, and then as LOST, until SIGTERM or Ctrl-C.

    Every gateway does this already: run it alone where workers run without one.
    """
    settings = GatewaySettings()

    def prepare(redis: Redis, backend: JournalBackend, stack: AsyncExitStack) -> Work:
        exchange = exchange_with(redis, settings.redis_timeout)
        stack.push_async_callback(exchange.aclose)
        appender = appender_to(redis, exchange)
        stack.push_async_callback(appender.aclose)
        watching = Watchdog(
            redis,
            appender,
            backend.control,
            backend.kind_of_keys,
            settings.lost_after,
            lease=backend.options.lease,
            lost_result=partial(lost_result, backend) if settings.fail_lost_tasks else None,
        )
        return partial(watching.run, settings.watchdog_interval)

    run_until_stopped("watchdog", celery_target, settings, prepare)
