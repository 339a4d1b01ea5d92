"""The other issuers whose tokens this gateway takes, and which of them a token is of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import jwt

from taskbeam.gateway.auth.jwk import UnusableKeyError, read_public_key
from taskbeam.gateway.auth.keys import KeyConfigurationError
from taskbeam.gateway.auth.remote_keys import RemoteKeys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.gateway.auth.issuer import Issuer
    from taskbeam.gateway.auth.jwk import Key

_UNVERIFIED: Any = {"verify_signature": False}


class Keys(Protocol):
    """The keys of one issuer."""

    @property
    def unsure(self) -> bool:
        """Whether a key that is not known may exist all the same."""

    def find(self, kid: object) -> Key | None:
        """The key that a token names."""

    async def settle(self) -> None:
        """Wait until it is known whether there are more."""


class InlineKeys:
    """The keys that stand in the settings."""

    unsure = False

    def __init__(self, issuer: Issuer) -> None:
        """Raises `KeyConfigurationError`."""
        try:
            keys = [read_public_key(member, issuer.algorithms) for member in issuer.keys]
        except UnusableKeyError as error:
            raise KeyConfigurationError(
                f"TASKBEAM_ISSUERS cannot be used: issuer {issuer.issuer}: {error}."
            ) from None
        self._keys = {key.kid: key for key in keys}

    def find(self, kid: object) -> Key | None:
        """The key that a token names."""
        return self._keys.get(kid) if isinstance(kid, str) else None

    async def settle(self) -> None:
        """There is nothing to wait for."""


class Issuers:
    """By their `iss`. Nothing is fetched before `run`."""

    def __init__(self, issuers: Iterable[Issuer] = ()) -> None:
        """Raises `KeyConfigurationError`."""
        self._issuers: dict[str, tuple[Issuer, Keys]] = {}
        self._remote: list[RemoteKeys] = []
        for issuer in issuers:
            if issuer.issuer in self._issuers:
                raise KeyConfigurationError(
                    f"TASKBEAM_ISSUERS cannot be used: it names issuer {issuer.issuer} twice."
                )
            self._issuers[issuer.issuer] = issuer, self._keys_of(issuer)

    def of(self, token: str) -> tuple[Issuer, Keys] | None:
        """Whose token it says it is, and their keys; None where that is nobody here.

        Nothing is verified. Raises PyJWT's errors, and others, for what is no token.
        """
        if not self._issuers:
            return None
        named = jwt.decode(token, options=_UNVERIFIED).get("iss")
        return self._issuers.get(named) if isinstance(named, str) else None

    async def run(self) -> None:
        """Fetch the keys of those that have a URL, again and again, until cancelled."""
        await asyncio.gather(*(remote.run() for remote in self._remote))

    def __bool__(self) -> bool:
        return bool(self._issuers)

    def _keys_of(self, issuer: Issuer) -> Keys:
        if issuer.jwks_url is None:
            return InlineKeys(issuer)
        remote = RemoteKeys(issuer)
        self._remote.append(remote)
        return remote
