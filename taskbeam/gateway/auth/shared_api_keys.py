"""The API keys of `TASKBEAM_API_KEYS`: without names, each sends everything on anybody's behalf."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.jwk import MIN_DIFFERENT
from taskbeam.gateway.auth.keys import KeyConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.gateway.settings import GatewaySettings

#: Characters of a key.
MIN_LENGTH = 16


class SharedApiKeys:
    """Known by their hashes."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises `KeyConfigurationError`, which shows no key."""
        for number, key in enumerate(keys, 1):
            weakness = _weakness(key)
            if weakness is not None:
                raise KeyConfigurationError(
                    f"TASKBEAM_API_KEYS cannot be used: key {number} of {len(keys)} {weakness}. "
                    "`openssl rand -hex 32` makes a good one."
                )
        self._digests = [sha256(key.encode()).digest() for key in keys]
        if len(set(self._digests)) < len(keys):
            raise KeyConfigurationError("TASKBEAM_API_KEYS cannot be used: it names a key twice.")

    @classmethod
    def of(cls, settings: GatewaySettings) -> SharedApiKeys:
        """Raises `KeyConfigurationError`."""
        return cls([key.get_secret_value() for key in settings.api_keys])

    def has(self, key: str) -> bool:
        """Each is compared, so that the time tells nothing."""
        digest = sha256(key.encode()).digest()
        return bool(sum(compare_digest(known, digest) for known in self._digests))


def _weakness(key: str) -> str | None:
    if not key:
        return "is empty; is a variable of your template unset?"
    if len(key) < MIN_LENGTH:
        return f"has fewer than {MIN_LENGTH} characters"
    if len(set(key)) < MIN_DIFFERENT:
        return f"has fewer than {MIN_DIFFERENT} different characters"
    if not key.isascii() or not key.isprintable() or key != key.strip():
        return "has characters that no header carries"
    return None
