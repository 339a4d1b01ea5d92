"""How a push service knows who sends: VAPID (RFC 8292)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from taskbeam.push.base64url import decoded, encoded
from taskbeam.push.encryption import point
from taskbeam.push.subscription import CURVE

if TYPE_CHECKING:
    from datetime import datetime

#: Seconds for which a signature holds; RFC 8292 §2 allows a day.
LIFETIME = 12 * 3600

#: Bytes of a private key as a number.
_SCALAR = 32

#: Whom a push service can ask (RFC 8292 §2.1). Apple's refuses whoever names nobody.
_CONTACT = re.compile(r"mailto:[^@\s<>]+@[^@\s<>]+|https://[^\s/]+\S*")


class BadVapidError(ValueError):
    """The key or the contact cannot be used; it says why, and shows nothing of the key."""


class Vapid:
    """Signs for a push service.

    Args:
        key: the private key: its number, 32 bytes, in Base64 of URLs, as most tools for Web Push write it.
        contact: ``mailto:…`` or ``https://…`` of whoever runs the application.

    Raises `BadVapidError`.
    """

    def __init__(self, key: str, contact: str) -> None:
        try:
            scalar = decoded(key)
            if len(scalar) != _SCALAR:
                raise ValueError
            self._private = ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE)
        except ValueError:
            raise BadVapidError("the key is no private key of P-256, 32 bytes in Base64 of URLs") from None
        if not _CONTACT.fullmatch(contact):
            raise BadVapidError("the contact is neither mailto:… nor https://…")
        self._contact = contact
        #: What a page subscribes with: its `applicationServerKey`.
        self.public_key = encoded(point(self._private))

    def authorization(self, endpoint: str, now: datetime) -> str:
        """The header `Authorization` for a request to an endpoint; ``now`` is aware of its zone."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(now.timestamp()) + LIFETIME,
            "sub": self._contact,
        }
        token = jwt.encode(claims, self._private, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def new_vapid_key() -> str:
    """A fresh key, as `Vapid` takes it."""
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return encoded(number.to_bytes(_SCALAR, "big"))
