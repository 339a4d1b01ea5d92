"""Do something on the server that an application's journals are on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import click

from taskbeam.cli.celery_option import load_celery
from taskbeam.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from taskbeam.celery.journal_backend import JournalBackend

T = TypeVar("T")


def on_redis(celery_target: str | None, work: Callable[[Redis, JournalBackend], Awaitable[T]]) -> T:
    """Do it and return what it returns; ``work`` gets the server and the application's result backend.

    Raises `click.ClickException` where Redis cannot be asked.
    """

    async def run() -> T:
        settings = GatewaySettings()
        backend = journal_backend(load_celery(celery_target), stock=settings.stock)
        redis = journal_redis(backend, settings.redis_timeout)
        try:
            return await work(redis, backend)
        finally:
            await redis.aclose()

    try:
        return asyncio.run(run())
    except REDIS_AWAY as error:
        raise click.ClickException(f"Redis cannot be asked: {error}") from None
