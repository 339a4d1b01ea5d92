"""Another service whose tokens the gateway takes: where its keys are, and what they may sign for.

Each key is bound to its issuer, and each issuer to the scopes and owners that it may name (RFC 8725, 3.8).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator, model_validator

from taskbeam.gateway.auth.identity import READ_ONLY, Action
from taskbeam.gateway.auth.name_patterns import OwnerPattern, allows
from taskbeam.journal.labels import composed

_Text = Annotated[str, Field(min_length=1)]


class Issuer(BaseModel):
    """One entry of `TASKBEAM_ISSUERS`. Times are in seconds.

    A claim's name is that of a member, such as ``https://shop.example/owner``, or dotted, such as
    ``realm_access.roles``, for a member of a member.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    # What its tokens have as `iss`, to the letter, and among their `aud`.
    issuer: _Text
    audience: _Text
    # Where its JSON Web Key Set is; or the members of the set.
    jwks_url: str | None = None
    keys: tuple[dict[str, Any], ...] = ()
    algorithms: frozenset[Literal["RS256", "ES256", "EdDSA"]] = frozenset({"RS256", "ES256", "EdDSA"})
    # What its tokens have as `typ`, such as at+jwt (RFC 9068); None: nothing, JWT or at+jwt.
    typ: _Text | None = None

    owner_claim: _Text | None = "sub"
    # A text of words, or a list. None: each of its tokens has all `allowed_scopes`.
    scope_claim: _Text | None = "scope"
    # Its names for our scopes; empty: the same.
    scope_names: dict[str, Action] = {}
    # Whoever may name tasks, groups or feeds may name anybody's.
    tasks_claim: _Text | None = None
    groups_claim: _Text | None = None
    feeds_claim: _Text | None = None

    # What it may sign for. An owner is spelt out, or by its beginning: `shop-*`.
    allowed_scopes: frozenset[Action] = READ_ONLY
    owners: tuple[OwnerPattern, ...] = ("*",)

    # From one look at `jwks_url` to the next, and at least, where one failed or a token names an unknown key.
    refresh_interval: PositiveFloat = 300.0
    retry_interval: PositiveFloat = 10.0

    @field_validator("jwks_url")
    @classmethod
    def _safe(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if not url.isascii() or not url.isprintable() or " " in url or not parts.hostname or parts.username:
            raise ValueError("jwks_url is no plain URL")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
            raise ValueError("jwks_url is to be https, but for loopback addresses")
        return url

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) == (not self.keys):
            raise ValueError(f"issuer {self.issuer} needs either jwks_url or keys")
        return self

    def may_name(self, owner: str) -> bool:
        """Whether its tokens may be about this owner."""
        return allows(self.owners, composed(owner))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
