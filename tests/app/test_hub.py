"""What the hub tells those who look at the queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from app.hub import Hub
from taskbeam.journal.reader import JournalReader
from taskbeam.keys import CELERY_PREFIX
from taskbeam.queues.audience import Audience

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


def test_a_task_has_an_audience_while_somebody_follows_it() -> None:
    async def follow_and_leave() -> list[bool]:
        redis = Redis()
        audience = Audience()
        hub = Hub(JournalReader(redis), audience, CELERY_PREFIX)
        wanted = []
        one, other = hub.follow("7", None, Nobody()), hub.follow("7", None, Nobody())
        for leaves in (one, other):
            wanted.append(audience.wants("7"))
            leaves.cancel()
        return [*wanted, audience.wants("7")]

    assert asyncio.run(follow_and_leave()) == [True, True, False]
