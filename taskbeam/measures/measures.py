"""All that one gateway counts, from its beginning on, in whichever event loop it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from taskbeam.measures.client_counts import ClientCounts
from taskbeam.measures.follow_counts import FollowCounts
from taskbeam.measures.histogram import Histogram
from taskbeam.measures.names import CountByName
from taskbeam.measures.redis_traffic import RedisTraffic


@dataclass(slots=True)
class Measures:
    """Each part of the gateway has the one that it writes to.

    ``found``: what this gateway's watchdog was the first to tell, by what became of the runs. ``sent``: tasks
    that were sent through the gateway, by name. ``notified``: messages to services and devices, by what came
    of them: taken, refused (each time), given_up. ``history``: rows of tasks that have ended, by whether the
    database took them: kept, refused, or away (each time).
    """

    following: FollowCounts = field(default_factory=FollowCounts)
    redis: RedisTraffic = field(default_factory=RedisTraffic)
    clients: ClientCounts = field(default_factory=ClientCounts)
    found: Counter[str] = field(default_factory=Counter)
    sent: CountByName = field(default_factory=CountByName)
    notified: Counter[str] = field(default_factory=Counter)
    history: Counter[str] = field(default_factory=Counter)

    @classmethod
    def timed(cls) -> Self:
        """They have the latency of deliveries, too, which costs half a microsecond for each record."""
        return cls(FollowCounts(latency=Histogram()))
