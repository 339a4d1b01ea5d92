"""What is wrong from the beginning, said in the log in words: it would show only later, and elsewhere."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from taskbeam.gateway.connections.configuration_error import without_password
from taskbeam.gateway.dashboard.workers_and_queues import read_workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery import Celery
    from redis.asyncio import Redis

    from taskbeam.gateway.connections.broker_check import BrokerCheck

logger = logging.getLogger(__name__)

#: Seconds that workers have to answer.
WORKERS_TIMEOUT = 3.0


async def warn_of_what_is_wrong(
    celery_app: Celery, redis: Redis, broker_check: BrokerCheck, misspelt: Iterable[str]
) -> None:
    """Look once; the gateway serves meanwhile. ``misspelt``: lines about variables that nobody reads."""
    for line in misspelt:
        logger.warning(line)
    failure = await broker_check.failure()
    if failure is not None:
        logger.warning("%s Until then no task is sent or cancelled here.", failure)
    elif await _workers_are_elsewhere(celery_app, redis):
        logger.warning(
            "Workers keep their journals on this Redis, and none of them answers on the broker %s. "
            "If they use another one, no task sent or cancelled here reaches them: compare broker_url.",
            without_password(celery_app.conf.broker_write_url),
        )


async def _workers_are_elsewhere(celery_app: Celery, redis: Redis) -> bool:
    """Whether workers hold leases, and none answers to remote control (which may be switched off)."""
    try:
        seconds, _ = await redis.time()
        workers = await read_workers(redis, int(seconds) * 1000)
    except (RedisError, OSError):
        return False  # the subscriber says so, for as long as it lasts
    if not any(worker["alive"] for worker in workers):
        return False
    return not await asyncio.to_thread(celery_app.control.inspect(timeout=WORKERS_TIMEOUT).ping)
