"""What stands between a client and a task, for one gateway process."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.access import Access
from taskbeam.gateway.auth.authority import Authority
from taskbeam.gateway.auth.configuration import key_set
from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.auth.policy import anyone, by_token
from taskbeam.gateway.auth.revocation import Revocations
from taskbeam.gateway.auth.tickets import Tickets
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.limits.connections import Limits, Visitors

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.settings import Settings
    from taskbeam.journal.reader import JournalReader

logger = logging.getLogger(__name__)

#: Seconds between two looks at whose time is over; tokens tell it in whole seconds.
SWEEP_INTERVAL = 1.0

#: Seconds between two looks at what was revoked, which holds within a second.
REFRESH_INTERVAL = 0.5


class Guard:
    """Made without a connection; raises `KeyConfigurationError`."""

    def __init__(
        self, settings: Settings, redis: Redis, journal: JournalReader, authorize: Authorize | None
    ) -> None:
        self.open = settings.auth == "open"
        policy = authorize or (anyone if self.open else by_token)
        self.tokens = Tokens(
            key_set(settings),
            settings.token_audience,
            settings.token_lifetime,
            settings.longest_token_lifetime,
        )
        self.revocations = Revocations(redis, settings.longest_token_lifetime)
        self.authority = Authority(self.tokens, self.revocations)
        self.tickets = Tickets(redis, settings.ticket_lifetime)
        self.access = Access(journal, settings.key_prefix, policy)
        limits = Limits(
            settings.max_connections,
            settings.max_connections_per_address,
            settings.max_connections_per_identity,
            settings.max_message_rate,
            settings.max_byte_rate,
        )
        self.visitors = Visitors(limits, self.revocations)

    def verify(self, token: str) -> Identity:
        """Whom a token speaks for; where nobody is asked for one, it is not looked at either.

        Raises `TaskbeamError`, see `Authority.verify`.
        """
        return ANYONE if self.open else self.authority.verify(token)

    async def keep_time(self) -> None:
        """Dismiss whose time is over, until cancelled."""
        while True:
            try:
                self.visitors.sweep()
            except Exception:
                logger.exception("A connection could not be ended; the others go on.")
            await asyncio.sleep(SWEEP_INTERVAL)

    async def keep_informed(self) -> None:
        """Dismiss whoever was revoked, until cancelled."""
        while not self.open:
            try:
                if await self.revocations.refresh():
                    self.visitors.expel()
            except Exception:
                logger.exception("A connection could not be ended; the others go on.")
            await asyncio.sleep(REFRESH_INTERVAL)
