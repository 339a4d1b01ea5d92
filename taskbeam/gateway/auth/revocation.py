"""Revoked tokens and owners: kept in Redis, known to every gateway process within its interval.

Each process asks Redis for what is new every half second, and answers from memory: a check costs no
round trip, and it holds while Redis is away. An entry is of no use once every token that it concerns
has run out; then it is dropped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from taskbeam.journal.keys import REVOKED

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.auth.identity import Identity

logger = logging.getLogger(__name__)

#: Seconds that are looked at again: another server that took over may have had an earlier clock.
OVERLAP = 10.0


class Revocations:
    """What this process knows; ``longest`` is the longest life of a token, in seconds."""

    def __init__(self, redis: Redis, longest: float) -> None:
        self._redis = redis
        self._longest = longest
        self._revoked: dict[str, float] = {}
        self._newest = 0.0
        self._reachable = True
        self.known = False

    def revoked(self, identity: Identity) -> bool:
        """Whether the identity's token, or all of its subject's up to a later time, were revoked."""
        if not self._revoked:
            return False
        if identity.token_id is not None and f"token:{identity.token_id}" in self._revoked:
            return True
        names = {identity.subject, identity.owner} - {None}
        return any(identity.issued <= self._revoked.get(f"owner:{name}", -1.0) for name in names)

    async def refresh(self) -> bool:
        """Ask Redis for what is new; returns whether there is something."""
        since = self._newest - OVERLAP if self.known else "-inf"
        try:
            found: Any = await self._redis.zrangebyscore(REVOKED, since, "+inf", withscores=True)
        except (RedisError, OSError) as error:
            if self._reachable:
                logger.warning("Cannot read revocations from Redis, using those known: %s", error)
            self._reachable = False
            return False
        self._reachable = self.known = True
        names = [(name.decode(errors="replace"), at) for name, at in found]
        fresh = {name: at for name, at in names if self._revoked.get(name) != at}
        if not fresh:
            return False
        self._newest = max(self._newest, *fresh.values())
        self._revoked |= fresh
        oldest = self._newest - self._longest
        self._revoked = {name: at for name, at in self._revoked.items() if at >= oldest}
        return True


async def revoke(redis: Redis, longest: float, *, tokens: list[str], owners: list[str]) -> None:
    """Revoke tokens by their ids, and all that was issued about the owners until now.

    Raises redis-py's errors.
    """
    seconds, micros = await redis.time()
    now = seconds + micros / 1e6
    names = [f"token:{token_id}" for token_id in tokens] + [f"owner:{owner}" for owner in owners]
    pipeline = redis.pipeline(transaction=True)
    pipeline.zadd(REVOKED, dict.fromkeys(names, now))
    pipeline.zremrangebyscore(REVOKED, "-inf", now - longest)
    await pipeline.execute()
