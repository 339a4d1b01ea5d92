"""Tokens: JSON Web Tokens (RFC 7519) that say which tasks their bearer may follow, and for how long.

Claims: ``aud``, ``iat``, ``exp`` and ``jti``; ``sub``, whom the token is about; ``scope``, the actions
separated by spaces; and the tasks: ``tasks`` (ids), ``groups`` (Celery's group ids), ``owner``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt

from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.problems import TOKEN_EXPIRED, UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.keys import KeySet

#: Characters of a token. A longer one is not looked at.
MAX_TOKEN = 4096

#: Tasks, and groups, that one token may name.
MAX_NAMED = 50

#: Seconds that the clocks of whoever signs and of the gateway may differ.
LEEWAY = 5.0

_REQUIRED = ["aud", "exp", "iat", "jti"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """``lifetime`` is that of a token which the gateway issues, ``longest`` of any it takes, in seconds."""

    keys: KeySet
    audience: str
    lifetime: float
    longest: float
    clock: Callable[[], float] = time.time

    def issue(self, identity: Identity) -> str:
        """Sign a token that says what the identity does; a missing id or time is made up now.

        An identity that has a token id keeps it, so that revoking a token revokes what was derived from it.
        """
        now = self.clock()
        expires = now + self.lifetime
        if identity.expires is not None:
            expires = min(expires, identity.expires)
        claims = {
            "aud": self.audience,
            "iat": identity.issued or now,
            "exp": expires,
            "jti": identity.token_id or uuid4().hex,
            "sub": identity.subject,
            "scope": " ".join(sorted(identity.scopes)),
            "tasks": list(identity.tasks),
            "groups": list(identity.groups),
            "owner": identity.owner,
        }
        key = self.keys.signing
        return jwt.encode(
            {name: value for name, value in claims.items() if value},
            key.private,  # type: ignore[arg-type]
            key.algorithm,
            {"kid": key.kid},
        )

    def verify(self, token: str) -> Identity:
        """Read a token.

        Raises `TaskbeamError` ``token_expired`` for one that was good, ``unauthenticated`` for all others.
        """
        if len(token) > MAX_TOKEN:
            raise TaskbeamError(UNAUTHENTICATED)
        try:
            identity = _identity(self._claims(token))
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            # PyJWT raises its own errors for most, and lets through what its parsers raise.
            raise TaskbeamError(UNAUTHENTICATED) from None
        assert identity.expires is not None
        now = self.clock()
        if identity.issued > now + LEEWAY or identity.expires - identity.issued > self.longest + LEEWAY:
            raise TaskbeamError(UNAUTHENTICATED)
        if identity.expires <= now:
            raise TaskbeamError(TOKEN_EXPIRED)
        return identity

    def _claims(self, token: str) -> dict[str, Any]:
        key = self.keys.find(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise TaskbeamError(UNAUTHENTICATED)
        # Times are judged by our own clock, above.
        options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(
            token, key.public, algorithms=[key.algorithm], audience=self.audience, options=options
        )
        return claims


def _identity(claims: dict[str, Any]) -> Identity:
    """Raises `ValueError` or `TypeError` for claims of another form."""
    return Identity(
        subject=_text(claims.get("sub")),
        scopes=_scopes(_text(claims.get("scope")) or ""),
        tasks=_texts(claims.get("tasks", [])),
        groups=_texts(claims.get("groups", [])),
        owner=_text(claims.get("owner")),
        token_id=_text(claims["jti"]) or "",
        issued=_time(claims["iat"]),
        expires=_time(claims["exp"]),
    )


@lru_cache(maxsize=64)
def _scopes(text: str) -> frozenset[Action]:
    """The actions that are known; others are another service's."""
    return frozenset(action for action in Action if action in text.split(" "))


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMED:
        raise TypeError
    if not all(isinstance(each, str) for each in value):
        raise TypeError
    return tuple(value)


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise ValueError
    return float(value)
