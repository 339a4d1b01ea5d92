"""The key with which the gateway pushes to this machine's browsers (Web Push)."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes of a private key; nearly all numbers of this size are one (NIST P-256).
KEY_BYTES = 32


def kept_vapid_key(file: Path) -> str:
    """The private key in `file`; made at first, for a browser that has subscribed knows one key alone."""
    try:
        return file.read_text("ascii").strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(KEY_BYTES)
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(key + "\n")
        return key
