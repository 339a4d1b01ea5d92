"""By what a dashboard reads journals: on one server, or on a cluster."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from taskbeam.follow.connections import exchange_with
from taskbeam.gateway.dashboard.sources import sources_of
from tests.support.results import all_names, control
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis


@asynccontextmanager
async def reading(redis: Redis) -> AsyncIterator[Any]:
    """A client for `JournalRows`; ``redis``: of what belongs to no task."""
    async with aclosing(exchange_with(redis, DEADLINE)) as exchange:
        _, reads = sources_of(redis, control(), exchange, all_names())
        yield reads
