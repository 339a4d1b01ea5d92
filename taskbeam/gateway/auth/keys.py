"""The gateway's own keys, which sign and verify tokens: a JSON Web Key Set (RFC 7517), one of which signs."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import get_algorithm_by_name

from taskbeam.gateway.auth.jwk import MIN_RSA_BITS, MIN_SECRET, Key, UnusableKeyError, read_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskbeam.gateway.auth.jwk import Algorithm
    from taskbeam.gateway.settings import GatewaySettings

DEVELOPMENT_KID = "development"


HELP = """\
Set TASKBEAM_TOKEN_KEYS to a JSON Web Key Set (`taskbeam keys new` makes one), or, on a machine where \
everybody who reaches the gateway may see every task, TASKBEAM_AUTH=open."""


class KeyConfigurationError(Exception):
    """The keys cannot be used; the message is for the operator, and shows none of them."""


class KeySet:
    """Several keys verify, one signs; a key is replaced by adding another and moving ``signing``."""

    def __init__(self, keys: list[Key], signing: str | None = None) -> None:
        """``signing`` is the kid of the key that signs; without it, the first that can.

        Raises `KeyConfigurationError`.
        """
        self._keys = {key.kid: key for key in keys}
        if len(self._keys) < len(keys):
            raise KeyConfigurationError("two keys have the same kid")
        able = [key for key in keys if key.private is not None and signing in (None, key.kid)]
        if not able:
            wanted = "no key" if signing is None else f"no key with the kid {signing!r}"
            raise KeyConfigurationError(f"{wanted} has a private part to sign with")
        self.signing = able[0]

    def find(self, kid: object) -> Key | None:
        """The key that a token names."""
        return self._keys.get(kid) if isinstance(kid, str) else None

    @property
    def for_development(self) -> bool:
        """Whether one of the keys is the one that everybody knows."""
        return DEVELOPMENT_KID in self._keys or any(
            key.public == _DEVELOPMENT_SECRET for key in self._keys.values()
        )


def parse_keys(text: str, signing: str | None = None) -> KeySet:
    """Read a JSON Web Key Set, or one key; raises `KeyConfigurationError`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyConfigurationError("they are no JSON") from None
    members = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(members, list) or not members:
        raise KeyConfigurationError('they are no JSON Web Key Set: {"keys": [...]}')
    try:
        return KeySet([read_key(member) for member in members], signing)
    except UnusableKeyError as error:
        raise KeyConfigurationError(str(error)) from None


def key_set(settings: GatewaySettings) -> KeySet:
    """Raises `KeyConfigurationError`, with what to do."""
    if settings.token_keys is None:
        if settings.auth == "open":
            return development_keys()
        raise KeyConfigurationError(f"The gateway asks for tokens, and has no key to verify them. {HELP}")
    try:
        keys = parse_keys(settings.token_keys.get_secret_value(), settings.signing_key)
    except KeyConfigurationError as error:
        raise KeyConfigurationError(f"TASKBEAM_TOKEN_KEYS cannot be used: {error}. {HELP}") from None
    if keys.for_development and settings.auth != "open":
        raise KeyConfigurationError(
            f"TASKBEAM_TOKEN_KEYS has the development key, which everybody knows. {HELP}"
        )
    return keys


def new_key(algorithm: Algorithm, kid: str) -> dict[str, Any]:
    """A fresh key as a JSON Web Key."""
    made: dict[str, Any] = get_algorithm_by_name(algorithm).to_jwk(_GENERATE[algorithm](), as_dict=True)
    members = {name: value for name, value in made.items() if name != "key_ops"}
    return {"kid": kid, "alg": algorithm} | members


def development_keys() -> KeySet:
    """The key that everybody knows: it signs where nobody's token is asked for."""
    secret = _DEVELOPMENT_SECRET
    return KeySet([Key(DEVELOPMENT_KID, "HS256", secret, secret)])


_DEVELOPMENT_SECRET = b"everybody knows this development key"

_GENERATE: Mapping[Algorithm, Callable[[], Any]] = {
    "HS256": lambda: secrets.token_bytes(MIN_SECRET),
    "EdDSA": Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(65537, MIN_RSA_BITS),
}
