"""What came of sending, in Redis: how it goes with each target, its deliveries, and what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from taskbeam.notifications.health import Health

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.notifications.members import Message
    from taskbeam.outgoing.answer import Answer

#: Messages that were given up which are kept.
MOST_GIVEN_UP = 1000

#: Tries to tell one target which are kept, and for how many seconds after the last.
MOST_DELIVERIES, DELIVERIES_LAST = 50, 30 * 24 * 3600


class Delivery(BaseModel):
    """One try to tell a target of an end.

    - ``message``: the message's id. ``event``: the id of the end.
    - ``tries``: the how manieth it was. ``at``: when, in Unix seconds.
    - ``taken``: whether the target has it. ``answer``: such as ``HTTP 500``.
    """

    model_config = ConfigDict(frozen=True)

    message: str
    target: str
    task_id: str
    event: str
    tries: int
    at: float
    taken: bool
    answer: str

    @classmethod
    def of(cls, message: Message, tries: int, answer: Answer, now: float) -> Delivery:
        """What came of it."""
        return cls(
            message=message.id,
            target=message.target,
            task_id=message.end.task_id,
            event=str(message.end.id),
            tries=tries,
            at=now,
            taken=answer.taken,
            answer=str(answer),
        )


class Records:
    """All of it raises redis-py's errors."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis: Any = redis
        self._control = control

    async def health(self, target_id: str) -> Health:
        """How it goes with a target."""
        stored = await self._redis.hget(self._control.notify_health, target_id)
        return Health.model_validate_json(stored) if stored else Health()

    async def note(self, delivery: Delivery) -> Health:
        """Keep what came of a try; returns how it goes with the target now."""
        target = delivery.target
        before = await self.health(target)
        after = before.taken(delivery.at) if delivery.taken else before.refused(delivery.at, delivery.answer)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(self._control.notify_health, target, after.model_dump_json())
        pipeline.lpush(self._control.notify_deliveries(target), delivery.model_dump_json())
        pipeline.ltrim(self._control.notify_deliveries(target), 0, MOST_DELIVERIES - 1)
        pipeline.expire(self._control.notify_deliveries(target), DELIVERIES_LAST)
        await pipeline.execute()
        return after

    async def forgive(self, target_id: str) -> None:
        """Forget how it went with a target: it may fail for days again."""
        await self._redis.hdel(self._control.notify_health, target_id)

    async def deliveries(self, target_id: str) -> list[Delivery]:
        """The tries to tell a target, the newest first."""
        return _read(await self._redis.lrange(self._control.notify_deliveries(target_id), 0, -1))

    async def give_up(self, delivery: Delivery) -> None:
        """Keep a message that nobody will send any more, with its last try."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lpush(self._control.notify_given_up, delivery.model_dump_json())
        pipeline.ltrim(self._control.notify_given_up, 0, MOST_GIVEN_UP - 1)
        await pipeline.execute()

    async def given_up(self) -> list[Delivery]:
        """Those messages, the newest first."""
        return _read(await self._redis.lrange(self._control.notify_given_up, 0, -1))


def _read(rows: list[bytes]) -> list[Delivery]:
    return [Delivery.model_validate_json(row) for row in rows]
