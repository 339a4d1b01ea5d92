"""Bytes as Web Push writes them: the URL's alphabet of Base64, without padding (RFC 7515 §2)."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode


def encoded(raw: bytes) -> str:
    """The text of these bytes."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of a text, which may have its padding; raises `ValueError` for any other character."""
    bare = text.rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
