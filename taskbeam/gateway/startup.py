"""What is wrong from the beginning, said in the log in words: it would show only later, and elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from taskbeam.cluster.control import ControlClient
from taskbeam.connections.configuration_error import without_password
from taskbeam.gateway.dashboard.workers_and_queues import read_workers
from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.eviction import eviction_warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from taskbeam.gateway.connections.broker_check import BrokerCheck
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Seconds that workers have to answer.
WORKERS_TIMEOUT = 3.0


async def warn_of_what_is_wrong(
    redis: Redis,
    control: ControlKeys,
    broker: Broker,
    broker_check: BrokerCheck,
    misspelt: Iterable[str],
) -> None:
    """Look once; the gateway serves meanwhile. ``misspelt``: lines about variables that nobody reads."""
    for line in misspelt:
        logger.warning(line)
    if evicts := await _eviction_warning(redis):
        logger.warning(evicts)
    failure = await broker_check.failure()
    if failure is not None:
        logger.warning("%s Until then no task is sent or cancelled here.", failure)
    elif await _workers_are_elsewhere(broker, redis, control):
        logger.warning(
            "Workers keep their journals on this Redis, and none of them answers on the broker %s. "
            "If they use another one, no task sent or cancelled here reaches them: compare broker_url.",
            without_password(broker.celery_app.conf.broker_write_url),
        )


async def _eviction_warning(redis: Redis) -> str | None:
    try:
        if isinstance(redis, ControlClient):
            return eviction_warning(await redis.topology.info("memory"))
        return eviction_warning([await redis.info("memory")])
    except REDIS_AWAY:
        return None  # also where this user may not ask


async def _workers_are_elsewhere(broker: Broker, redis: Redis, control: ControlKeys) -> bool:
    """Whether workers hold leases, and none answers to remote control (which may be switched off)."""
    try:
        seconds, _ = await redis.time()
        workers = await read_workers(redis, control, int(seconds) * 1000)
    except REDIS_AWAY:
        return False  # the subscriber says so, for as long as it lasts
    if not any(worker["alive"] for worker in workers):
        return False
    try:
        return not await broker.has_workers(WORKERS_TIMEOUT)
    except BROKER_ERRORS:
        return False  # nobody knows
