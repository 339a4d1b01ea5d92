"""Single-use tickets: what stands in a URL instead of a token, where a client can set no header.

A ticket is good for one request within a few seconds, so what a log keeps of it opens nothing. Redis has the
token that it stands for under a hash of the ticket, and encrypted with the ticket: whoever reads Redis, its
file or its replication finds neither.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys


#: Each key encrypts one token only, so the nonce need not differ (NIST SP 800-38D, 8).
_NONCE = bytes(12)


class Tickets:
    """Tickets in Redis, each standing for a token; ``lifetime`` in seconds. Each ``purpose`` has its own."""

    def __init__(self, redis: Redis, control: ControlKeys, lifetime: float, purpose: str = "ticket") -> None:
        self._redis = redis
        self._control = control
        self._lifetime = lifetime
        self._purpose = purpose

    async def issue(self, token: str) -> str:
        """Make a ticket; raises redis-py's errors."""
        ticket = secrets.token_urlsafe(24)
        sealed = self._cipher(ticket).encrypt(_NONCE, token.encode(), None)
        await self._redis.set(self._name(ticket), sealed, px=round(self._lifetime * 1000))
        return ticket

    async def redeem(self, ticket: str) -> str:
        """The token that the ticket stands for, once; else raises `TaskbeamError` ``unauthenticated``."""
        return self._opened(ticket, await self._redis.getdel(self._name(ticket)))

    async def read(self, ticket: str) -> str:
        """The same, and the ticket stays good."""
        return self._opened(ticket, await self._redis.get(self._name(ticket)))

    def _opened(self, ticket: str, found: object) -> str:
        sealed = cast("bytes | None", found)
        if sealed is None:
            raise TaskbeamError(UNAUTHENTICATED)
        try:
            return self._cipher(ticket).decrypt(_NONCE, sealed, None).decode()
        except InvalidTag:
            raise TaskbeamError(UNAUTHENTICATED) from None

    def _name(self, ticket: str) -> str:
        return self._control.ticket(self._derived(ticket, "name").hex())

    def _cipher(self, ticket: str) -> AESGCM:
        return AESGCM(self._derived(ticket, "key"))

    def _derived(self, ticket: str, what: str) -> bytes:
        """32 bytes that only the ticket gives, for each use others (the idea of HKDF, RFC 5869)."""
        return hmac.digest(ticket.encode(), f"taskbeam {self._purpose} {what}".encode(), "sha256")
