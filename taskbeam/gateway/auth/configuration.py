"""Which keys the settings ask for, and what is refused in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.auth.keys import KeyConfigurationError, KeySet, development_keys, parse_keys

if TYPE_CHECKING:
    from taskbeam.gateway.settings import Settings

HELP = """\
Set TASKBEAM_TOKEN_KEYS to a JSON Web Key Set (python -m app.new_key makes one), or, on a machine where \
everybody who reaches the gateway may see every task, TASKBEAM_AUTH=open."""


def key_set(settings: Settings) -> KeySet:
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
