"""One JSON Web Key (RFC 7517): read by PyJWT, and refused where it is too weak to trust.

The algorithm belongs to the key and never to the token, so a token cannot choose how it is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Algorithm = Literal["HS256", "EdDSA", "ES256", "RS256"]

#: Bytes of an HMAC key: as many as the hash has (RFC 7518, 3.2).
MIN_SECRET = 32

#: Different bytes in it. Of 32 random ones some 30 differ, of 32 random hexadecimal digits some 14.
MIN_DIFFERENT = 8

#: Bits of an RSA key (RFC 7518, 3.3). A longer one than any that is in use makes each check slow.
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192

MAX_KID = 64

#: The y of each Ed25519 point of low order, and the two spellings that are not canonical. Whoever has such a
#: "public key" needs no private one: a signature of zeros holds for many a message.
LOW_ORDER = frozenset(
    bytes.fromhex(y)
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)

#: The private members of a key (RFC 7518, 6; RFC 8037, 2).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_NO_KEY = (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm)


class UnusableKeyError(Exception):
    """The key cannot be used; the message says why, and shows nothing of it but its kid."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """``private`` signs, ``public`` verifies; with HS256 they are the same bytes. A key may only verify."""

    kid: str
    algorithm: Algorithm
    public: Any
    private: Any = None

    def __repr__(self) -> str:
        return f"<Key {self.kid} {self.algorithm}>"


class _Kind(NamedTuple):
    """What a key of an algorithm is made of, and why one is too weak: None where it is not."""

    type: tuple[str, str | None]
    weakness: Callable[[Any], str | None]
    secret: str | None


def _weak_secret(secret: bytes) -> str | None:
    if len(secret) < MIN_SECRET:
        return f"its secret is shorter than {MIN_SECRET} bytes"
    steps = {(after - before) % 256 for before, after in pairwise(secret)}
    repeats = secret in (secret + secret)[1:-1]
    if repeats or len(steps) == 1 or len(set(secret)) < MIN_DIFFERENT:
        return "its secret is easily guessed"
    return None


def _weak_point(public: Any) -> str | None:
    spelt = bytearray(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    spelt[31] &= 0x7F  # the sign of x
    return "its x is a point of low order" if bytes(spelt) in LOW_ORDER else None


def _weak_modulus(public: Any) -> str | None:
    if MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS:
        return None
    return f"its modulus has {public.key_size} bits, and not {MIN_RSA_BITS} to {MAX_RSA_BITS}"


_KINDS: Mapping[Algorithm, _Kind] = {
    "HS256": _Kind(("oct", None), _weak_secret, None),
    "EdDSA": _Kind(("OKP", "Ed25519"), _weak_point, "d"),
    "ES256": _Kind(("EC", "P-256"), lambda _: None, "d"),
    "RS256": _Kind(("RSA", None), _weak_modulus, "d"),
}


def algorithm_of(member: Mapping[str, Any]) -> Algorithm | None:
    """The one algorithm that a key of this form is for, whatever it says itself; None for another form."""
    form = (member.get("kty"), member.get("crv"))
    return next((algorithm for algorithm, kind in _KINDS.items() if kind.type == form), None)


def read_key(member: object) -> Key:
    """Read a member of a JSON Web Key Set, which names its algorithm; raises `UnusableKeyError`."""
    if not isinstance(member, dict):
        raise UnusableKeyError("a key is no JSON object")
    kid: Any = member.get("kid")
    algorithm: Any = member.get("alg")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise UnusableKeyError(f"each key needs a kid of 1 to {MAX_KID} characters")
    if algorithm not in get_args(Algorithm):
        raise UnusableKeyError(f"the alg of key {kid!r} is not one of {', '.join(get_args(Algorithm))}")
    kind = _KINDS[algorithm]
    try:
        if algorithm_of(member) != algorithm:
            raise ValueError
        private, public = _parts(member, algorithm, kind)
    except _NO_KEY:
        raise UnusableKeyError(f"key {kid!r} is no {algorithm} key (RFC 7517, RFC 8037)") from None
    weakness = kind.weakness(public)
    if weakness is not None:
        raise UnusableKeyError(f"key {kid!r} is too weak: {weakness}")
    return Key(kid, algorithm, public, private)


def read_public_key(member: object, algorithms: Collection[str]) -> Key:
    """Read a key of somebody else's, for one of ``algorithms``; private parts are not looked at.

    One that names no algorithm is for the one of its form. Raises `UnusableKeyError`.
    """
    if not isinstance(member, dict):
        raise UnusableKeyError("a key is no JSON object")
    algorithm = member.get("alg", algorithm_of(member))
    if algorithm not in algorithms or member.get("use", "sig") != "sig":
        wanted = ", ".join(sorted(algorithms))
        raise UnusableKeyError(f"key {member.get('kid')!r} does not sign by one of {wanted}")
    public = {name: value for name, value in member.items() if name not in _PRIVATE}
    return read_key(public | {"alg": algorithm})


def _parts(member: dict[str, Any], algorithm: Algorithm, kind: _Kind) -> tuple[Any, Any]:
    """The private and the public part; raises one of `_NO_KEY`."""
    key = jwt.PyJWK(member, algorithm).key
    if kind.secret is None:
        return key, key
    if kind.secret not in member:
        return None, key
    public = key.public_key()
    without = {name: value for name, value in member.items() if name != kind.secret}
    if jwt.PyJWK(without, algorithm).key != public:
        raise ValueError
    return key, public
