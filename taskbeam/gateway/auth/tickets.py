"""Single-use tickets: what stands in a URL instead of a token, where a client can set no header.

A ticket is good for one request within a few seconds, so what a log keeps of it opens nothing.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError
from taskbeam.journal.keys import ticket_key

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Tickets:
    """Tickets in Redis, each standing for a token; ``lifetime`` in seconds."""

    def __init__(self, redis: Redis, lifetime: float) -> None:
        self._redis = redis
        self._lifetime = lifetime

    async def issue(self, token: str) -> str:
        """Make a ticket; raises redis-py's errors."""
        ticket = secrets.token_urlsafe(24)
        await self._redis.set(_key(ticket), token, px=round(self._lifetime * 1000))
        return ticket

    async def redeem(self, ticket: str) -> str:
        """The token that the ticket stands for, once; else raises `TaskbeamError` ``unauthenticated``."""
        token = cast("bytes | None", await self._redis.getdel(_key(ticket)))
        if token is None:
            raise TaskbeamError(UNAUTHENTICATED)
        return token.decode()


def _key(ticket: str) -> str:
    """Whoever reads Redis finds no ticket that is still good."""
    return ticket_key(sha256(ticket.encode()).hexdigest())
