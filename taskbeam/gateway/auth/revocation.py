"""Revoked tokens, owners and API keys: in a Redis stream, known to every gateway process within its interval.

Each process asks Redis for what is new every half second, and answers from memory: a check costs no
round trip, and it holds while Redis is away.

What is new is told by the order of the stream, never by a time. Redis makes the ids of a stream grow, also
when its clock goes back. A process reads from the last entry that it has, that one included: if Redis does
not begin with that very entry, it is another server, or has lost some, and everything is read anew.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.auth.identity import API_KEY_SOURCE, LEEWAY, OVERTIME
from taskbeam.gateway.auth.revoked import EVER, Revocation, Revoked
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.labels import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redis.asyncio import Redis

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Seconds that an entry is kept in Redis beyond the longest life of a token: as wrong as clocks may be.
MARGIN = 24 * 3600.0

_NAME, _UNTIL = b"name", b"until"


class Revocations:
    """What this process knows; ``longest`` is the longest life of a token, in seconds."""

    def __init__(self, redis: Redis, control: ControlKeys, longest: float) -> None:
        self._redis = redis
        self._control = control
        self._revoked = Revoked(longest + OVERTIME)
        #: The newest entry that was read: its id and its fields.
        self._last: tuple[bytes, Any] | None = None
        self._reachable = True
        self.known = False

    def revoked(self, identity: Identity) -> bool:
        """Whether it was: its token, all of its owner's up to a later time, or what it came of."""
        return self._revoked.concerns(identity)

    async def refresh(self) -> bool:
        """Ask Redis for what is new; returns whether there is something."""
        try:
            found = await self._new_entries()
        except REDIS_AWAY as error:
            if self._reachable:
                logger.warning("Cannot read revocations from Redis, using those known: %s", error)
            self._reachable = False
            return False
        self._reachable = self.known = True
        return self._revoked.learn(_read(fields for _, fields in found))

    async def _new_entries(self) -> list[tuple[bytes, Any]]:
        """Those behind the last one that is known; all, where Redis does not know that one."""
        found: Any
        if self._last is not None:
            found = await self._redis.xrange(self._control.revocations, self._last[0])
            if found and found[0] == self._last:
                self._last = found[-1]
                return list(found[1:])
        found = await self._redis.xrange(self._control.revocations)
        self._last = found[-1] if found else None
        return list(found)


def _read(entries: Iterable[dict[bytes, bytes]]) -> Iterator[Revocation]:
    """Those that can be read: what a newer version writes may be something else."""
    for fields in entries:
        try:
            yield Revocation(fields[_NAME].decode(), float(fields[_UNTIL]))
        except (KeyError, ValueError):
            logger.warning("Ignoring a revocation in Redis that this version cannot read.")


async def revoke(
    redis: Redis,
    control: ControlKeys,
    longest: float,
    *,
    tokens: Sequence[str] = (),
    owners: Sequence[str] = (),
    keys: Sequence[str] = (),
) -> None:
    """Revoke tokens by their ids, all that came of API keys, and what was issued about owners until now.

    Now is what the clock says here, and not in Redis, and `LEEWAY` later: whoever issues tokens may be ahead
    by as much. Who comes back has a token that was issued after that. Raises `ValueError` for what can be no
    owner, and then nothing is revoked; redis-py's errors.
    """
    now = time.time()
    until = {f"token:{token_id}": EVER for token_id in tokens}
    until |= {f"{API_KEY_SOURCE}{key_id}": EVER for key_id in keys}
    until |= {f"owner:{label(owner)}": now + LEEWAY for owner in owners}
    seconds, _ = await redis.time()
    oldest = max(0, int(min(now, seconds) - longest - MARGIN))
    pipeline = redis.pipeline(transaction=True)
    for name, end in until.items():
        fields: Any = {_NAME: name, _UNTIL: end}
        pipeline.xadd(control.revocations, fields, minid=f"{oldest}000")
    await pipeline.execute()
