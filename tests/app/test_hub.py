"""Whom the hub names to those who look at the queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from app.hub import Hub
from taskbeam.journal.reader import JournalReader
from taskbeam.keys import CELERY_PREFIX
from taskbeam.queues.watch import QueueWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.channel import End
    from app.event import Event


class Nobody:
    """A client that looks away."""

    def deliver(self, events: Sequence[Event]) -> None:
        """Nothing is read here."""

    def finish(self, end: End) -> None:
        """Nor does anything end."""


def test_a_task_is_looked_for_while_somebody_follows_it() -> None:
    async def follow_and_leave() -> list[list[str]]:
        redis = Redis()
        watch = QueueWatch(redis)
        hub = Hub(JournalReader(redis), watch, CELERY_PREFIX)
        looked_for = []
        one, other = hub.follow("7", None, Nobody()), hub.follow("7", None, Nobody())
        for leaves in (one, other):
            looked_for.append(list(watch._unknown))
            leaves.cancel()
        return [*looked_for, list(watch._unknown)]

    assert asyncio.run(follow_and_leave()) == [["7"], ["7"], []]
