"""The keys that sign and verify tokens: a JSON Web Key Set (RFC 7517), one of which signs.

The algorithm belongs to the key and never to the token, so a token cannot choose how it is checked.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.gateway.settings import GatewaySettings

Algorithm = Literal["HS256", "EdDSA"]

#: Bytes of an HMAC key: as many as the hash has (RFC 7518, 3.2).
MIN_SECRET = 32

MAX_KID = 64

DEVELOPMENT_KID = "development"


HELP = """\
Set TASKBEAM_TOKEN_KEYS to a JSON Web Key Set (`taskbeam keys new` makes one), or, on a machine where \
everybody who reaches the gateway may see every task, TASKBEAM_AUTH=open."""


class KeyConfigurationError(Exception):
    """The keys cannot be used; the message is for the operator, and shows none of them."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """``private`` signs, ``public`` verifies; with HS256 they are the same. A key may only verify."""

    kid: str
    algorithm: Algorithm
    public: bytes | Ed25519PublicKey
    private: bytes | Ed25519PrivateKey | None

    def __repr__(self) -> str:
        return f"<Key {self.kid} {self.algorithm}>"


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
    return KeySet([_parse_key(member) for member in members], signing)


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


def new_key(algorithm: Algorithm, kid: str) -> dict[str, str]:
    """A fresh key as a JSON Web Key."""
    if algorithm == "HS256":
        secret = secrets.token_bytes(MIN_SECRET)
        return {"kty": "oct", "kid": kid, "alg": algorithm, "k": _encode(secret)}
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    seed = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": kid,
        "alg": algorithm,
        "x": _encode(public),
        "d": _encode(seed),
    }


def development_keys() -> KeySet:
    """The key that everybody knows: it signs where nobody's token is asked for."""
    secret = _DEVELOPMENT_SECRET
    return KeySet([Key(DEVELOPMENT_KID, "HS256", secret, secret)])


_DEVELOPMENT_SECRET = b"everybody knows this development key"


def _parse_key(member: object) -> Key:
    if not isinstance(member, dict):
        raise KeyConfigurationError("a key is no JSON object")
    kid, algorithm = member.get("kid"), member.get("alg")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise KeyConfigurationError(f"each key needs a kid of 1 to {MAX_KID} characters")
    if algorithm not in get_args(Algorithm):
        raise KeyConfigurationError(f"the alg of key {kid!r} is neither HS256 nor EdDSA")
    try:
        return _hmac_key(kid, member) if algorithm == "HS256" else _ed25519_key(kid, member)
    except (KeyError, TypeError, ValueError, UnsupportedAlgorithm):
        raise KeyConfigurationError(f"key {kid!r} is no {algorithm} key (RFC 7517, RFC 8037)") from None


def _hmac_key(kid: str, member: Mapping[str, Any]) -> Key:
    if member["kty"] != "oct":
        raise ValueError
    secret = _decode(member["k"])
    if len(secret) < MIN_SECRET:
        raise KeyConfigurationError(f"the secret of key {kid!r} is shorter than {MIN_SECRET} bytes")
    return Key(kid, "HS256", secret, secret)


def _ed25519_key(kid: str, member: Mapping[str, Any]) -> Key:
    if (member["kty"], member["crv"]) != ("OKP", "Ed25519"):
        raise ValueError
    public = Ed25519PublicKey.from_public_bytes(_decode(member["x"]))
    if "d" not in member:
        return Key(kid, "EdDSA", public, None)
    private = Ed25519PrivateKey.from_private_bytes(_decode(member["d"]))
    if private.public_key() != public:
        raise KeyConfigurationError(f"x and d of key {kid!r} do not belong together")
    return Key(kid, "EdDSA", public, private)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
