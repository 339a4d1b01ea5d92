"""From the claims of a verified token to an identity: our own claims, or those of another issuer.

All of them raise `ValueError` or `TypeError` for claims of another form.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.operators import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.gateway.auth.issuer import Issuer

#: Tasks, groups, and feeds, that one token may name.
MAX_NAMED = 50

#: The types of an access token (RFC 9068, 2.1; RFC 8725, 3.11). Others, as of a logout token, are for
#: something else.
ACCESS_TOKEN_TYPES = frozenset({None, "jwt", "at+jwt"})


def own_identity(claims: Mapping[str, Any]) -> Identity:
    """What a token by the gateway's own keys says."""
    return Identity(
        subject=_text(claims.get("sub")),
        scopes=_scopes(_text(claims.get("scope")) or ""),
        tasks=_texts(claims.get("tasks", [])),
        groups=_texts(claims.get("groups", [])),
        owner=_text(claims.get("owner")),
        feeds=_texts(claims.get("feeds", [])),
        token_id=_text(claims["jti"]) or "",
        issued=seconds(claims["iat"]),
        expires=seconds(claims["exp"]),
        sources=_texts(claims.get("sources", [])),
        uses=_count(claims.get("uses")),
        names=_texts(claims["names"]) if claims.get("names") is not None else None,
    )


def issued_identity(issuer: Issuer, claims: Mapping[str, Any]) -> Identity:
    """What a token of another issuer says, cut down to the scopes that it may sign for.

    Its subject is the owner, too, so that nobody is revoked or counted under a name that it may not use.
    `ValueError` also where it names an owner that it may not, the dashboard, or nothing at all.
    """
    owner = _text(find_claim(claims, issuer.owner_claim))
    tasks = _texts(find_claim(claims, issuer.tasks_claim) or [])
    groups = _texts(find_claim(claims, issuer.groups_claim) or [])
    feeds = _texts(find_claim(claims, issuer.feeds_claim) or [])
    if owner is not None and not issuer.may_name(owner):
        raise ValueError
    if not (owner or tasks or groups or feeds) or not RESERVED.isdisjoint(tasks):
        raise ValueError
    return Identity(
        subject=owner or None,
        scopes=_issued_scopes(issuer, claims),
        tasks=tasks,
        groups=groups,
        owner=owner or None,
        feeds=feeds,
        token_id=_text(claims.get("jti")),
        issued=seconds(claims["iat"]),
        expires=seconds(claims["exp"]),
    )


def find_claim(claims: Mapping[str, Any], name: str | None) -> Any:
    """The claim of this name, or else what a dotted name leads to; None where there is none."""
    if name is None or name in claims:
        return None if name is None else claims[name]
    found: Any = claims
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def type_of(header: Mapping[str, Any]) -> str | None:
    """A token's `typ` as it is compared: in lower case, without ``application/`` (RFC 7515, 4.1.9)."""
    typ = _text(header.get("typ"))
    return None if typ is None else typ.lower().removeprefix("application/")


def seconds(value: object) -> float:
    """A time in Unix seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise ValueError
    return float(value)


def _issued_scopes(issuer: Issuer, claims: Mapping[str, Any]) -> frozenset[Action]:
    if issuer.scope_claim is None:
        return issuer.allowed_scopes
    found = find_claim(claims, issuer.scope_claim) or []
    words = found.split(" ") if isinstance(found, str) else found
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TypeError
    names: Mapping[str, Action] = issuer.scope_names or {action.value: action for action in Action}
    return issuer.allowed_scopes & {names[word] for word in words if word in names}


@lru_cache(maxsize=64)
def _scopes(text: str) -> frozenset[Action]:
    """The actions that are known; others are another service's."""
    return frozenset(action for action in Action if action in text.split(" "))


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _count(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMED:
        raise TypeError
    if not all(isinstance(each, str) for each in value):
        raise TypeError
    return tuple(value)
