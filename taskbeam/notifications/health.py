"""How sending to a target goes, for its owner to see. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

#: Seconds for which a target may fail before it is disabled; Standard Webhooks leaves that to the sender.
LONG_FAILING = 5 * 24 * 3600.0


class Health(BaseModel):
    """Times are Unix seconds.

    - ``sent``: when it last took a message. ``failed``, ``error``: when it last did not, and why.
    - ``failing_since``: when the row of failures began that goes on; None = the last message was taken.
    """

    model_config = ConfigDict(frozen=True)

    sent: float | None = None
    failed: float | None = None
    error: str | None = None
    failing_since: float | None = None

    def taken(self, now: float) -> Health:
        """It took a message."""
        return self.model_copy(update={"sent": now, "failing_since": None})

    def refused(self, now: float, error: str) -> Health:
        """It did not."""
        return self.model_copy(
            update={"failed": now, "error": error, "failing_since": self.failing_since or now}
        )

    def is_given_up(self, now: float) -> bool:
        """Whether it has failed for so long that it is to be disabled."""
        return self.failing_since is not None and now - self.failing_since >= LONG_FAILING
