"""The keys of another issuer, fetched from its JSON Web Key Set's URL and kept.

PyJWT's `PyJWKClient` blocks, reads answers of any size, and waits for each packet anew; so only its `PyJWK`
is used, which reads the keys.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.auth.jwk import UnusableKeyError, read_public_key
from taskbeam.gateway.connections.bounded_get import FetchError, bounded_get

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from taskbeam.gateway.auth.issuer import Issuer
    from taskbeam.gateway.auth.jwk import Key

logger = logging.getLogger(__name__)

#: Seconds for the whole answer.
TIMEOUT = 5.0

#: Bytes of a set, and keys in it that are looked at.
MAX_BYTES, MAX_KEYS = 256 * 1024, 100


class RemoteKeys:
    """Those that the last good answer had; nothing is fetched before `run` or `find`.

    A key that is not there is looked for at once, but not oftener than each ``retry_interval``, however many
    tokens name it.
    """

    def __init__(self, issuer: Issuer, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` in seconds."""
        assert issuer.jwks_url is not None
        self._issuer = issuer
        self._url = issuer.jwks_url
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._due = 0.0
        self._failing = False
        self._flight: asyncio.Task[None] | None = None

    def find(self, kid: object) -> Key | None:
        """The key that a token names; where it is not known, begin to look for it if it is time."""
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None and self._flight is None and self._clock() >= self._due:
            self._begin()
        return key

    @property
    def unsure(self) -> bool:
        """Whether a key that is not known may exist all the same: it is being looked for, or cannot be."""
        return self._flight is not None or self._failing or not self._keys

    async def settle(self) -> None:
        """Wait for the look that is under way, if there is one."""
        if self._flight is not None:
            # Whoever waits may be cancelled; the others wait on.
            await asyncio.shield(self._flight)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        self._flight = None  # of an event loop that is gone
        while True:
            await (self._flight or self._begin())
            pause = self._issuer.retry_interval if self._failing else self._issuer.refresh_interval
            await asyncio.sleep(pause)

    def _begin(self) -> asyncio.Task[None]:
        self._flight = asyncio.get_running_loop().create_task(self._refresh())
        self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[None]) -> None:
        if self._flight is flight:
            self._flight = None
        self._due = self._clock() + self._issuer.retry_interval

    async def _refresh(self) -> None:
        name = self._issuer.issuer
        try:
            document = await bounded_get(self._url, within=TIMEOUT, limit=MAX_BYTES)
            keys = usable_keys(document, self._issuer.algorithms)
        except FetchError as error:
            if not self._failing:
                logger.warning(
                    "Issuer %s: cannot fetch its keys from %s: %s. The %d that are known are used; "
                    "tokens by others get 503. Check TASKBEAM_ISSUERS and the network.",
                    name,
                    self._url,
                    error,
                    len(self._keys),
                )
            self._failing = True
            return
        self._failing = False
        if set(keys) != set(self._keys):
            logger.info("Issuer %s: its keys are now %s.", name, ", ".join(sorted(keys)))
        self._keys = keys


def usable_keys(document: bytes, algorithms: Collection[str]) -> dict[str, Key]:
    """The keys of a JSON Web Key Set that verify by one of ``algorithms``; others are passed over.

    Raises `FetchError` where there is none.
    """
    try:
        members: Any = json.loads(document)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        members = None
    if not isinstance(members, list):
        raise FetchError("the answer is no JSON Web Key Set")
    keys: dict[str, Key] = {}
    for member in members[:MAX_KEYS]:
        with suppress(UnusableKeyError):
            key = read_public_key(member, algorithms)
            keys.setdefault(key.kid, key)
    if not keys:
        raise FetchError(f"the answer has no key for {', '.join(sorted(algorithms))}")
    return keys
