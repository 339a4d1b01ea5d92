"""A token that sends so many tasks and no more: each use is counted in Redis, for all gateways."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from taskbeam.gateway.problems import FORBIDDEN, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.journal.control_keys import ControlKeys

#: Seconds that a count outlives its token: by no clock of Redis is a spent one good again.
MARGIN = 24 * 3600.0


class TokenUses:
    """Counts in Redis, each incremented before its task is sent: of two at once only one is the last."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis = redis
        self._control = control

    @asynccontextmanager
    async def spent(self, identity: Identity | None) -> AsyncIterator[None]:
        """Spend a use of the identity's token on what the block does; one that fails has spent nothing.

        Raises `TaskbeamError` ``forbidden`` when there is none left; redis-py's errors.
        """
        if identity is None or identity.uses is None:
            yield
            return
        if identity.token_id is None:
            raise TaskbeamError(FORBIDDEN, "The token has no id, by which its uses could be counted.")
        name = self._control.uses(sha256(identity.token_id.encode()).hexdigest())
        lasts = MARGIN + max(0.0, (identity.expires or 0.0) - time.time())
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.incr(name)
        pipeline.expire(name, int(lasts) + 1)
        count, _ = await pipeline.execute()
        try:
            if count > identity.uses:
                raise TaskbeamError(FORBIDDEN, "The token has sent as many tasks as it may.")
            yield
        except BaseException:
            await self._redis.decr(name)
            raise
