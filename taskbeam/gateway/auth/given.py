"""The tokens that a gateway gives out, and the keys that it signs them with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.issuers import Issuers
from taskbeam.gateway.auth.keys import KeyConfigurationError, key_set
from taskbeam.gateway.auth.tokens import Tokens

if TYPE_CHECKING:
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.settings import GatewaySettings


def tokens_of(settings: GatewaySettings, *, needed: bool) -> Tokens | None:
    """What signs and verifies tokens by these settings; None where there are no keys, and none is ``needed``.

    Raises `KeyConfigurationError`: keys are needed, and there are none; or one is weak or malformed.
    """
    issuers = Issuers(settings.issuers)
    if not needed and settings.token_keys is None and not issuers:
        return None
    return Tokens(
        key_set(settings),
        settings.token_audience,
        settings.token_lifetime,
        settings.max_token_lifetime,
        issuers,
    )


def sign(tokens: Tokens | None, identity: Identity, owner: str | None, source: Identity | None) -> str:
    """Sign a token for the identity, as a part of its ``source`` where it has one.

    ``owner`` is whom the token is about, also where the source is somebody else's. Raises
    `KeyConfigurationError` where there are no keys.
    """
    if tokens is None:
        raise KeyConfigurationError(
            "This gateway has no keys to sign a token with. Set TASKBEAM_TOKEN_KEYS (taskbeam keys new)."
        )
    if source is not None:
        part = source.part(identity.scopes, identity.tasks, identity.feeds)
        identity = part if owner is None else replace(part, subject=owner)
    return tokens.issue(identity)
