"""The API keys that have names, in Redis: looked up for each request, so changes hold at once everywhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from taskbeam.gateway.auth.api_key import ApiKey, KeyRights, KeyText
from taskbeam.gateway.auth.audit import Actor, Audit
from taskbeam.gateway.auth.revocation import revoke

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys

#: Seconds within which a key's uses count as one.
USED_INTERVAL = 60.0


class NoSuchKeyError(LookupError):
    """There is no key of this id, or it was revoked."""


class ApiKeys:
    """All of them raise redis-py's errors. ``clock`` is Unix time, in seconds."""

    def __init__(self, redis: Redis, control: ControlKeys, clock: Callable[[], float] = time.time) -> None:
        self._redis: Any = redis
        self._control = control
        self._audit = Audit(redis, control)
        self._clock = clock
        self._used: dict[str, float] = {}

    async def find(self, text: str) -> ApiKey | None:
        """The key of this text, if it is good."""
        read = KeyText.read(text)
        key = await self.get(read.id) if read is not None else None
        if read is None or key is None or not key.opens(read, self._clock()):
            return None
        await self._touch(key.id)
        return key

    async def get(self, key_id: str) -> ApiKey | None:
        """The record of a key, whether or not it is good."""
        return _read(await cast("Awaitable[bytes | None]", self._redis.hget(self._control.api_keys, key_id)))

    async def create(
        self, actor: Actor, rights: KeyRights, *, admin: bool = False, lifetime: float | None = None
    ) -> tuple[ApiKey, KeyText]:
        """Make a key; its text is known only now. ``lifetime`` in seconds."""
        text, now = KeyText.new(), self._clock()
        key = ApiKey(
            **rights.model_dump(),
            id=text.id,
            digest=text.digest,
            created=now,
            admin=admin,
            expires=None if lifetime is None else now + lifetime,
        )
        await self._redis.hset(self._control.api_keys, key.id, key.model_dump_json())
        await self._audit.record(actor, "create_key", f"key:{key.id}", name=key.name, admin=admin)
        return key, text

    async def all(self) -> list[tuple[ApiKey, float | None]]:
        """Each, the oldest first, with about when it was last used."""
        found = await self._redis.hgetall(self._control.api_keys)
        used = await self._redis.hgetall(self._control.api_keys_used)
        keys = sorted(filter(None, map(_read, found.values())), key=lambda key: (key.created, key.id))
        return [(key, float(used[key.id.encode()]) if key.id.encode() in used else None) for key in keys]

    async def rotate(self, actor: Actor, key_id: str, grace: float) -> tuple[ApiKey, KeyText]:
        """Give a key another secret; the one before stays good for ``grace`` seconds.

        Raises `NoSuchKeyError`.
        """
        text = KeyText.new(key_id)
        key = await self._change(key_id, lambda key: key.rotated(text, self._clock(), grace))
        await self._audit.record(actor, "rotate_key", f"key:{key_id}", name=key.name, grace=grace)
        return key, text

    async def revoke(self, actor: Actor, key_id: str, longest: float) -> ApiKey:
        """End a key at once, and whatever came of it; ``longest`` is the longest life of a token, in seconds.

        Raises `NoSuchKeyError`.
        """
        if not _is_there(await self.get(key_id)):
            raise NoSuchKeyError(key_id)
        # First what came of it: where the second step fails, the key is there to be revoked again.
        await revoke(self._redis, self._control, longest, keys=[key_id])
        key = await self._change(key_id, lambda key: key.model_copy(update={"revoked": self._clock()}))
        await self._audit.record(actor, "revoke_key", f"key:{key_id}", name=key.name)
        return key

    async def _change(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey:
        """Apply a change to what is there; one by somebody else meanwhile is not lost."""
        changed: list[ApiKey] = []

        async def apply(pipe: Any) -> None:
            key = _read(await pipe.hget(self._control.api_keys, key_id))
            if key is None or not _is_there(key):
                raise NoSuchKeyError(key_id)
            changed.append(change(key))
            pipe.multi()
            pipe.hset(self._control.api_keys, key_id, changed[-1].model_dump_json())

        await self._redis.transaction(apply, self._control.api_keys)
        return changed[-1]

    async def _touch(self, key_id: str) -> None:
        now = self._clock()
        if now - self._used.get(key_id, 0.0) >= USED_INTERVAL:
            self._used[key_id] = now
            await self._redis.hset(self._control.api_keys_used, key_id, round(now))


def _is_there(key: ApiKey | None) -> bool:
    return key is not None and key.revoked is None


def _read(stored: bytes | None) -> ApiKey | None:
    """None also for what no version of ours has written: it opens nothing."""
    if stored is None:
        return None
    try:
        return ApiKey.model_validate_json(stored)
    except ValidationError:
        return None
