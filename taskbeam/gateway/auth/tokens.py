"""Tokens: JSON Web Tokens (RFC 7519) that say which tasks their bearer may follow, and for how long.

Claims: ``aud``, ``iat``, ``exp`` and ``jti``; ``sub``, whom the token is about; ``scope``, the actions
separated by spaces; the tasks: ``tasks`` (ids), ``groups`` (Celery's group ids), ``owner``; and ``feeds``, by
their names. One with ``iss`` is another issuer's, whose claims `Issuer` maps to these. ``sources`` says what
a derived token came of (`token:…`, `owner:…`): it is revoked with each of them. ``uses`` and ``names`` say
how many tasks a token sends at the most, and which.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt

from taskbeam.gateway.auth.claims import (
    ACCESS_TOKEN_TYPES,
    issued_identity,
    own_identity,
    seconds,
    type_of,
)
from taskbeam.gateway.auth.early_tokens import EarlyTokens
from taskbeam.gateway.auth.identity import LEEWAY
from taskbeam.gateway.auth.issuers import Issuers
from taskbeam.gateway.problems import TOKEN_EXPIRED, UNAUTHENTICATED, UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.jwk import Key
    from taskbeam.gateway.auth.keys import KeySet

#: Characters of a token. A longer one is not looked at.
MAX_TOKEN = 4096

_REQUIRED = ("aud", "exp", "iat")

#: What a text that is no good token raises. PyJWT raises its own errors for most, and lets through what its
#: parsers raise.
_NO_TOKEN = (jwt.InvalidTokenError, ValueError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Tokens:
    """``lifetime`` is that of a token which the gateway issues, ``longest`` of any it takes, in seconds."""

    keys: KeySet
    audience: str
    lifetime: float
    longest: float
    issuers: Issuers = field(default_factory=Issuers)
    clock: Callable[[], float] = time.time
    early: EarlyTokens = field(default_factory=EarlyTokens, compare=False)

    def issue(self, identity: Identity) -> str:
        """Sign a token that says what the identity does; a missing id or time is made up now.

        What came of another identity was issued with that one, so that it does not outlive a revocation.
        """
        now = self.clock()
        expires = now + self.lifetime
        if identity.expires is not None:
            expires = min(expires, identity.expires)
        claims = {
            "aud": self.audience,
            # A login may be older than a token may be, and a revocation is not remembered for longer, either.
            "iat": max(identity.issued or now, expires - self.longest),
            "exp": expires,
            "jti": identity.token_id or uuid4().hex,
            "sub": identity.subject,
            "scope": " ".join(sorted(identity.scopes)),
            "tasks": list(identity.tasks),
            "groups": list(identity.groups),
            "owner": identity.owner,
            "feeds": list(identity.feeds),
            "sources": list(identity.sources),
            "uses": identity.uses,
        }
        if identity.names is not None:
            claims["names"] = list(identity.names)
        key = self.keys.signing
        return jwt.encode(
            {name: value for name, value in claims.items() if value or name == "names"},
            key.private,
            key.algorithm,
            {"kid": key.kid},
        )

    def verify(self, token: str) -> Identity:
        """Read a token: by its `iss` one of another issuer, without `iss` one by our own keys.

        Raises `TaskbeamError` ``token_expired`` for one that was good, ``unavailable`` as long as its
        issuer's keys are not known (see `settle`), ``unauthenticated`` for all others.
        """
        if len(token) > MAX_TOKEN:
            raise TaskbeamError(UNAUTHENTICATED)
        try:
            identity = self._identity(token)
        except _NO_TOKEN:
            raise TaskbeamError(UNAUTHENTICATED) from None
        assert identity.ends is not None
        assert identity.expires is not None
        now = self.clock()
        too_long = identity.expires - identity.issued > self.longest + LEEWAY
        if too_long or self.early.is_early(identity.issued, now):
            raise TaskbeamError(UNAUTHENTICATED)
        if identity.ends <= now:
            raise TaskbeamError(TOKEN_EXPIRED)
        return identity

    async def settle(self, token: str) -> None:
        """Wait until the keys of the token's issuer are known, where they are being fetched."""
        with suppress(*_NO_TOKEN):
            if (found := self.issuers.of(token)) is not None:
                await found[1].settle()

    def _identity(self, token: str) -> Identity:
        """Raises one of `_NO_TOKEN`, or `TaskbeamError`."""
        header = jwt.get_unverified_header(token)
        found = self.issuers.of(token)
        if found is None:
            claims = self._claims(token, self.keys.find(header.get("kid")), self.audience, "jti")
            if "iss" in claims or type_of(header) not in ACCESS_TOKEN_TYPES:
                raise TaskbeamError(UNAUTHENTICATED)
            return own_identity(claims)
        issuer, keys = found
        key = keys.find(header.get("kid"))
        if key is None and keys.unsure:
            raise TaskbeamError(UNAVAILABLE, "The keys of the token's issuer are not known at the moment.")
        claims = self._claims(token, key, issuer.audience, "iss")
        wanted = (
            ACCESS_TOKEN_TYPES if issuer.typ is None else {issuer.typ.lower().removeprefix("application/")}
        )
        if claims["iss"] != issuer.issuer or type_of(header) not in wanted:
            raise TaskbeamError(UNAUTHENTICATED)
        return issued_identity(issuer, claims)

    def _claims(self, token: str, key: Key | None, audience: str, required: str) -> dict[str, Any]:
        if key is None:
            raise TaskbeamError(UNAUTHENTICATED)
        # Times are judged by our own clock.
        options: Any = {
            "require": [*_REQUIRED, required],
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        claims: dict[str, Any] = jwt.decode(
            token, key.public, algorithms=[key.algorithm], audience=audience, options=options
        )
        if self.early.is_early(seconds(claims.get("nbf", 0)), self.clock()):
            raise TaskbeamError(UNAUTHENTICATED)
        return claims
