"""Which identity a token proves, now: signed by us, in time, and not revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.errors import TOKEN_REVOKED, UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.revocation import Revocations
    from taskbeam.gateway.auth.tokens import Tokens


class Authority:
    """Verifies tokens."""

    def __init__(self, tokens: Tokens, revocations: Revocations) -> None:
        self._tokens = tokens
        self._revocations = revocations

    def verify(self, token: str) -> Identity:
        """Raises ``unauthenticated``, ``token_expired``, ``token_revoked``; or ``unavailable``,
        as long as nothing is known of revocations.
        """
        identity = self._tokens.verify(token)
        if not self._revocations.known:
            raise TaskbeamError(UNAVAILABLE)
        if self._revocations.revoked(identity):
            raise TaskbeamError(TOKEN_REVOKED)
        return identity
