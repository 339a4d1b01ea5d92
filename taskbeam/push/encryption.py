"""Encrypt a message for one browser: RFC 8291 over the content coding `aes128gcm` (RFC 8188).

Written over `cryptography`, which tokens need anyway. `http-ece` has had no release since August 2024, names
no Python after 3.12, comes as a source archive alone, and splits what is too long into records that no
browser takes. The tests decrypt with it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from taskbeam.push.base64url import decoded
from taskbeam.push.subscription import CURVE

if TYPE_CHECKING:
    from taskbeam.push.subscription import Keys

#: Bytes of a message with its header: what each push service takes (RFC 8030 §7.2). It is one record.
RECORD = 4096

#: Bytes of salt, and of all that stands before the record: salt, record size, length of the key, the key.
SALT = 16
HEADER = SALT + 4 + 1 + 65

#: Bytes that may be encrypted: the record has a delimiter and a tag, too.
LARGEST = RECORD - HEADER - 1 - 16


def encrypt(
    plaintext: bytes,
    keys: Keys,
    private: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Encrypt ``plaintext`` for the browser with these keys.

    Args:
        plaintext: at most `LARGEST` bytes.
        keys: the subscription's.
        private: the sender's key for this message alone; None = a fresh one.
        salt: 16 bytes; None = random ones.

    Returns the body of the request, whose `Content-Encoding` is `aes128gcm`. Raises `ValueError` for too many
    bytes.
    """
    if len(plaintext) > LARGEST:
        raise ValueError(f"A push message has at most {LARGEST} bytes, and not {len(plaintext)}.")
    private = private or ec.generate_private_key(CURVE)
    salt = salt or secrets.token_bytes(SALT)
    receiver, sender = decoded(keys.p256dh), point(private)
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver))
    # RFC 8291 §3.4
    secret = _derived(decoded(keys.auth), shared, b"WebPush: info\0" + receiver + sender, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    # The delimiter of a last record, and no padding (RFC 8188 §2).
    record = AESGCM(key).encrypt(nonce, plaintext + b"\2", None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(sender)]) + sender + record


def point(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half of a key, uncompressed, as Web Push sends it."""
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
