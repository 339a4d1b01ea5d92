"""What stands between a client and a task, for one gateway process."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.access import Access
from taskbeam.gateway.auth.api_keys import ApiKeys
from taskbeam.gateway.auth.feed_access import FeedAccess
from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.auth.policy import anyone, by_token
from taskbeam.gateway.auth.revocation import Revocations
from taskbeam.gateway.auth.tickets import Tickets
from taskbeam.gateway.limits.admission import AdmissionControl, Limits
from taskbeam.gateway.limits.census import Census
from taskbeam.gateway.problems import TOKEN_REVOKED, UNAUTHENTICATED, UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from taskbeam.gateway.auth.feed_access import AuthorizeFeed
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.auth.tokens import Tokens
    from taskbeam.gateway.settings import GatewaySettings
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames
    from taskbeam.journal.reader import JournalReader
    from taskbeam.measures.client_counts import ClientCounts

logger = logging.getLogger(__name__)

#: Seconds between two looks at whose time is over; tokens tell it in whole seconds.
SWEEP_INTERVAL = 1.0

#: Seconds between two looks at what was revoked, which holds within a second.
REFRESH_INTERVAL = 0.5

#: Connections that are dismissed in one turn of the event loop: a few milliseconds' work.
AT_ONCE = 50


class Guard:
    """Made without a connection."""

    def __init__(
        self,
        settings: GatewaySettings,
        tokens: Tokens | None,
        redis: Redis,
        control: ControlKeys,
        journal: JournalReader,
        names: JournalNames,
        authorize: Authorize | None,
        authorize_feed: AuthorizeFeed | None = None,
        *,
        open_to_all: bool,
        counts: ClientCounts | None = None,
    ) -> None:
        """``tokens`` is None where the gateway has no keys.

        ``authorize`` and ``authorize_feed`` replace the policy. ``counts``: where connections are counted.
        """
        self.open = open_to_all
        policy = authorize or (anyone if self.open else by_token)
        self.tokens = tokens
        self.api_keys = ApiKeys(redis, control)
        self.revocations = Revocations(redis, control, settings.max_token_lifetime)
        self.tickets = Tickets(redis, control, settings.ticket_lifetime)
        self.logins = Tickets(redis, control, settings.ticket_lifetime, "login")
        self.access = Access(journal, names, policy)
        self.feeds = FeedAccess(authorize, authorize_feed, open_to_all=open_to_all)
        limits = Limits(
            settings.max_connections,
            settings.max_connections_per_address,
            settings.max_connections_per_identity,
            settings.max_message_rate,
            settings.max_byte_rate,
            settings.max_subscriptions_per_identity,
            settings.max_connections_per_key,
            settings.max_subscriptions_per_key,
        )
        self.admissions = AdmissionControl(limits, self.revocations, counts=counts)
        headcount = self.admissions.headcount
        self.census = Census(redis, control, (headcount.connections, headcount.subscriptions))

    def verify(self, token: str) -> Identity:
        """Return whom a token speaks for: it was signed by us, is in time, and was not revoked.

        An open gateway asks nobody for a token, and looks at none. Raises `TaskbeamError`:
        ``unauthenticated``, ``token_expired``, ``token_revoked``; ``unavailable`` as long as nothing is
        known of revocations.
        """
        if self.open:
            return ANYONE
        if self.tokens is None:
            raise TaskbeamError(UNAUTHENTICATED)
        identity = self.tokens.verify(token)
        self.check(identity)
        return identity

    def check(self, identity: Identity) -> None:
        """Raise `TaskbeamError` ``token_revoked`` for one that was revoked, as far as this process knows.

        ``unavailable`` as long as it knows nothing; an open gateway does not ask.
        """
        if self.open:
            return
        if not self.revocations.known:
            raise TaskbeamError(UNAVAILABLE)
        if self.revocations.revoked(identity):
            raise TaskbeamError(TOKEN_REVOKED)

    async def recognize(self, identity: Identity | None) -> None:
        """Wait for what is needed to check whom an application knows by itself, then do as `check`."""
        if identity is not None:
            await self.ready()
            self.check(identity)

    async def identify(self, token: str) -> Identity:
        """Wait for what is needed to verify the token, then do as `verify`, with the same errors."""
        await self.ready()
        try:
            return self.verify(token)
        except TaskbeamError as error:
            if error.problem is not UNAVAILABLE or self.tokens is None:
                raise
        await self.tokens.settle(token)
        return self.verify(token)

    async def ready(self) -> None:
        """Learn what was revoked, where nothing is known yet: a gateway may start with its first request."""
        if not self.open and not self.revocations.known:
            await self.revocations.refresh()

    async def expire_tokens(self) -> None:
        """Dismiss whose time is over, until cancelled."""
        while True:
            await _in_turns(self.admissions.sweep)
            await asyncio.sleep(SWEEP_INTERVAL)

    async def poll_revocations(self) -> None:
        """Dismiss whoever was revoked, until cancelled."""
        while not self.open:
            if await self.revocations.refresh():
                await _in_turns(self.admissions.expel)
            await asyncio.sleep(REFRESH_INTERVAL)


async def _in_turns(dismiss: Callable[[int], bool]) -> None:
    """Let the others be served in between, however many have to go."""
    more = True
    while more:
        more = dismiss(AT_ONCE)
        await asyncio.sleep(0)
