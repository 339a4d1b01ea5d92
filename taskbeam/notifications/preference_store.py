"""The preferences of owners, in Redis: known to every sender at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from taskbeam.notifications.preferences import Preference, whose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.notifications.target import Target

_STORED: TypeAdapter[tuple[Preference, ...]] = TypeAdapter(tuple[Preference, ...])


class PreferenceStore:
    """All of it raises redis-py's errors.

    Args:
        redis: the server with the journals.
        control: the names there of what belongs to no task.
        critical: patterns of the tasks that no preference silences: the settings have them.
    """

    def __init__(self, redis: Redis, control: ControlKeys, critical: Sequence[str] = ()) -> None:
        self._redis: Any = redis
        self._control = control
        self.critical = tuple(critical)

    async def of_owner(self, owner: str) -> tuple[Preference, ...]:
        """An owner's; empty where the owner has said nothing."""
        return _read(await self._redis.hget(self._control.notify_preferences, owner))

    async def of_targets(self, targets: Iterable[Target]) -> dict[str, tuple[Preference, ...]]:
        """Those that these targets heed, by the target's id."""
        owners = {target.id: owner for target in targets if (owner := whose(target)) is not None}
        if not owners:
            return {}
        stored = await self._redis.hmget(self._control.notify_preferences, list(owners.values()))
        return dict(zip(owners, map(_read, stored), strict=True))

    async def put(self, owner: str, preferences: Sequence[Preference]) -> None:
        """Let these be all of an owner's."""
        if preferences:
            stored = _STORED.dump_json(tuple(preferences))
            await self._redis.hset(self._control.notify_preferences, owner, stored)
        else:
            await self._redis.hdel(self._control.notify_preferences, owner)


def _read(stored: bytes | None) -> tuple[Preference, ...]:
    """Empty also for what no version of ours has written: whoever is not understood is told."""
    if stored is None:
        return ()
    try:
        return _STORED.validate_json(stored)
    except ValidationError:
        return ()
