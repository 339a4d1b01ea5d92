"""Work beside the journals until told to stop: what `taskbeam notify` and `taskbeam watchdog` share."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import click

from taskbeam.background.tasks import BackgroundTasks
from taskbeam.cli.celery_option import load_celery
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import journal_backend, journal_redis

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery
    from redis.asyncio import Redis

    from taskbeam.background.cancellation import Work
    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.gateway.settings import GatewaySettings

    #: Makes the work, and gives what it opens to the stack, which closes it when the work has ended.
    Prepare = Callable[[Redis, JournalBackend, AsyncExitStack], Work]

#: By which a process is told to stop: by whoever started it, and by Ctrl-C.
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_until_stopped(
    name: str, celery_target: str | None, settings: GatewaySettings, prepare: Prepare
) -> None:
    """Keep work going until SIGTERM or Ctrl-C, then end it in order; the exit code is 0.

    The first process of a container ignores a signal that it has no handler for: without one it would be
    killed in the middle of its work.

    Args:
        name: what logs call the work.
        celery_target: as the option of `celery_option` has it.
        settings: the gateway's.
        prepare: makes the work.

    Raises `click.ClickException` for a configuration with which it cannot work.
    """
    # Heard also while the application is imported.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(level=logging.INFO)
    try:
        asyncio.run(_run(name, load_celery(celery_target), settings, prepare))
    except CeleryConfigurationError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(0) from None


async def _run(name: str, celery_app: Celery, settings: GatewaySettings, prepare: Prepare) -> None:
    stopped = _told_to_stop()
    backend = journal_backend(celery_app, stock=settings.stock)
    redis = journal_redis(backend, settings.redis_timeout)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        work = prepare(redis, backend, stack)
        background = BackgroundTasks()
        stack.push_async_callback(background.stop)
        background.keep(name, work)
        await stopped.wait()


def _told_to_stop() -> asyncio.Event:
    """Set by each of `SIGNALS`; on a system without such handlers they raise `KeyboardInterrupt`."""
    stopped = asyncio.Event()
    with suppress(NotImplementedError):
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
