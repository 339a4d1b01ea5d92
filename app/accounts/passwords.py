"""Passwords, kept as scrypt hashes (RFC 7914). Pure; each call takes about a fifth of a second of CPU."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

#: What OWASP's "Password Storage Cheat Sheet" gives for scrypt with 16 MiB of memory.
_LOG_N, _R, _P = 14, 8, 5

#: Bytes that OpenSSL may take for it: a little more than 128 · N · r.
_MEMORY = 32 * 1024 * 1024

#: A hash that is of no password: who looks at it for an unknown name takes as long as for a known one.
NOBODYS = f"scrypt${_LOG_N}${_R}${_P}${'A' * 22}==${'A' * 43}="

#: NIST SP 800-63B-4, 3.1.1.2: at least 8 characters, and room for long ones. None has to be of a kind.
SHORTEST, LONGEST = 8, 128


def hash_password(password: str) -> str:
    """The text to keep: with its parameters, so that they may change, and with a salt of its own."""
    salt = os.urandom(16)
    return f"scrypt${_LOG_N}${_R}${_P}${_flat(salt)}${_flat(_scrypt(password, salt, _LOG_N, _R, _P))}"


def is_password(password: str, kept: str) -> bool:
    """Whether the hash is of this password; takes the same time for each wrong one."""
    _, log_n, r, p, salt, digest = kept.split("$")
    found = _scrypt(password, b64decode(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, b64decode(digest))


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=1 << log_n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _flat(value: bytes) -> str:
    return b64encode(value).decode()
