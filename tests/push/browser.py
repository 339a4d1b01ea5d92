"""A browser that has subscribed: it has keys, and decrypts with a library that is not ours."""

from __future__ import annotations

import secrets

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec

from taskbeam.push.base64url import encoded
from taskbeam.push.encryption import point
from taskbeam.push.subscription import CURVE, PushSubscription


class Browser:
    """One subscription, at a push service."""

    def __init__(self, endpoint: str = "https://push.example/send/1") -> None:
        self._private = ec.generate_private_key(CURVE)
        self._auth = secrets.token_bytes(16)
        #: As `PushSubscription.toJSON()` gives it.
        self.json = {
            "endpoint": endpoint,
            "expirationTime": None,
            "keys": {"p256dh": encoded(point(self._private)), "auth": encoded(self._auth)},
        }
        self.subscription = PushSubscription.model_validate(self.json)

    def read(self, body: bytes) -> bytes:
        """What the message says."""
        decrypted: bytes = http_ece.decrypt(
            body, private_key=self._private, auth_secret=self._auth, version="aes128gcm"
        )
        return decrypted
