"""Where the dashboard's events come from, and by what it reads journals: on one server, or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.cluster.control import ControlClient
from taskbeam.gateway.dashboard.all_masters import AllMasters
from taskbeam.gateway.dashboard.cluster_events import ClusterEvents
from taskbeam.gateway.dashboard.every_event import OneServer

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.dashboard.every_event import EventSource
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames


def sources_of(
    redis: Redis, control: ControlKeys, exchange: Exchange, names: JournalNames
) -> tuple[EventSource, Any]:
    """The events of all tasks, and a client that reads journals, as `JournalRows` does.

    Args:
        redis: the client that `journal_redis` made.
        control: the names of what belongs to no task.
        exchange: what `exchange_with` made of the client.
        names: of the tasks.
    """
    if isinstance(redis, ControlClient):
        return ClusterEvents(redis, control, exchange, names), AllMasters(redis, exchange)
    return OneServer(redis, names), redis
