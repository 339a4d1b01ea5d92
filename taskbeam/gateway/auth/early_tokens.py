"""Tokens from the future: their signature is good, so some machine's clock is not. The log says so."""

from __future__ import annotations

from taskbeam.background.logger import logger_for
from taskbeam.gateway.auth.identity import LEEWAY

logger = logger_for(__name__)

#: Seconds between two warnings.
PAUSE = 60.0


class EarlyTokens:
    """Of one process."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def is_early(self, since: float, now: float) -> bool:
        """Whether a token that holds ``since`` then is not taken yet; both in Unix seconds."""
        if since <= now + LEEWAY:
            return False
        if not 0 <= self._quiet_until - now <= PAUSE:
            self._quiet_until = now + PAUSE
            logger.warning(
                "Refused a token that holds from %.0f s after this machine's time on; %.0f s are allowed. "
                "The clock here is behind, or its signer's is ahead. Synchronize both (NTP)",
                since - now,
                LEEWAY,
            )
        return True
