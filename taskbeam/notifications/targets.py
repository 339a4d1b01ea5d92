"""The targets, in Redis: known to every gateway at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from taskbeam.notifications.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.notifications.ended import Ended


class NoSuchTargetError(LookupError):
    """There is no target with this id."""


class TargetStore:
    """All of it raises redis-py's errors."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis: Any = redis
        self._control = control

    async def get(self, target_id: str) -> Target | None:
        """One of them."""
        return _read(await self._redis.hget(self._control.notify_targets, target_id))

    async def some(self, target_ids: Iterable[str]) -> dict[str, Target]:
        """Those of them that there are, by their ids."""
        return {target.id: target for target in await self._all(map(str.encode, dict.fromkeys(target_ids)))}

    async def of_owner(self, owner: str | None) -> list[Target]:
        """All of an owner, the oldest first; None = the application's."""
        ids = await self._redis.smembers(self._control.notify_targets_of(owner))
        return sorted(await self._all(ids), key=lambda target: (target.created, target.id))

    async def put(self, target: Target, admit: Callable[[Sequence[Target]], None] | None = None) -> None:
        """Keep a new target.

        ``admit``: is shown the others of its owner, and raises where it is one too many. What somebody else
        puts at the same time is among them.
        """
        await self._transact(target.id, lambda _: target, admit)

    async def change(self, target_id: str, change: Callable[[Target], Target]) -> Target:
        """Change one; what somebody else changes at the same time is not lost.

        Raises `NoSuchTargetError`.
        """

        def apply(target: Target | None) -> Target:
            if target is None:
                raise NoSuchTargetError(target_id)
            return change(target)

        changed = await self._transact(target_id, apply)
        if changed is None:
            raise NoSuchTargetError(target_id)
        return changed

    async def remove(self, target_id: str) -> None:
        """Forget one; what is due to it is dropped when its turn comes."""
        await self._transact(target_id, lambda _: None)

    async def told_of(self, ended: Ended) -> list[Target]:
        """Who is to be told of an end."""
        ids = set(map(str.encode, ended.asked_by))
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.smembers(self._control.notify_targets_of(None))
        pipeline.smembers(self._control.notify_targets_of(ended.labels.owner))
        for found in await pipeline.execute():
            ids |= found
        return [target for target in await self._all(ids) if target.is_told(ended)]

    async def _all(self, ids: Iterable[bytes]) -> list[Target]:
        names = list(ids)
        if not names:
            return []
        return list(filter(None, map(_read, await self._redis.hmget(self._control.notify_targets, names))))

    async def _transact(
        self,
        target_id: str,
        change: Callable[[Target | None], Target | None],
        admit: Callable[[Sequence[Target]], None] | None = None,
    ) -> Target | None:
        """Replace a record, with what the append script and the owner's list know of it."""
        names = self._control
        after: list[Target | None] = []

        async def apply(pipe: Any) -> None:
            before = _read(await pipe.hget(names.notify_targets, target_id))
            after[:] = [change(before)]
            kept = after[0]
            if kept is not None and admit is not None:
                # Read behind the watch: whoever changes them from here on makes this begin anew.
                admit([one for one in await self.of_owner(kept.owner) if one.id != target_id])
            gone = [target for target in (before, await self._displaced(pipe, kept)) if target is not None]
            asking: Counter[str] = Counter()
            for target, step in [*((one, -1) for one in gone), *((one, 1) for one in after)]:
                if target is not None and target.every and target.disabled is None:
                    asking[_asked(target.owner)] += step
            known = {field: int(await pipe.hget(names.notify_asked, field) or 0) for field in asking}
            pipe.multi()
            for field, step in asking.items():
                # A field that is there makes the append script mark each end.
                many = known[field] + step
                if many > 0:
                    pipe.hset(names.notify_asked, field, many)
                else:
                    pipe.hdel(names.notify_asked, field)
            for target in gone:
                self._forget(pipe, target, healthy=kept is not None and kept.id == target.id)
            if kept is not None:
                self._keep(pipe, kept)

        await self._redis.transaction(apply, names.notify_targets, names.notify_asked)
        return after[0]

    async def _displaced(self, pipe: Any, target: Target | None) -> Target | None:
        """Which other target has to give way to this one: a device has one owner."""
        if target is None or target.slot is None:
            return None
        holder = await pipe.hget(self._control.notify_slots, target.slot)
        if holder in (None, target.id.encode()):
            return None
        return _read(await pipe.hget(self._control.notify_targets, holder))

    def _forget(self, pipe: Any, target: Target, *, healthy: bool) -> None:
        pipe.srem(self._control.notify_targets_of(target.owner), target.id)
        pipe.hdel(self._control.notify_targets, target.id)
        if target.slot is not None:
            pipe.hdel(self._control.notify_slots, target.slot)
        if not healthy:
            pipe.hdel(self._control.notify_health, target.id)
            pipe.delete(self._control.notify_deliveries(target.id))

    def _keep(self, pipe: Any, target: Target) -> None:
        pipe.hset(self._control.notify_targets, target.id, target.model_dump_json())
        pipe.sadd(self._control.notify_targets_of(target.owner), target.id)
        if target.slot is not None:
            pipe.hset(self._control.notify_slots, target.slot, target.id)


def _asked(owner: str | None) -> str:
    return "*" if owner is None else f"owner:{owner}"


def _read(stored: bytes | None) -> Target | None:
    """None also for what no version of ours has written."""
    if stored is None:
        return None
    try:
        return Target.model_validate_json(stored)
    except ValidationError:
        return None
