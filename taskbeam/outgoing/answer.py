"""What comes of a request, and when to send it again. Pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple


class Answer(NamedTuple):
    """What somebody answered, as far as it matters.

    ``status``: of HTTP; 0 = there was no answer, and ``error`` says why. ``retry_after``: seconds for which
    the receiver wants to be left alone.
    """

    status: int
    error: str = ""
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has what was sent. A redirect is a failure: nobody follows it."""
        return 200 <= self.status <= 299

    def __str__(self) -> str:
        return self.error or f"HTTP {self.status}"


def seconds_of_retry_after(value: str, now: datetime) -> float | None:
    """Read the header Retry-After (RFC 9110 §10.2.3): seconds, or a date.

    Returns None for what is neither.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    with suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # "-0000" says so
            date = date.replace(tzinfo=UTC)
        return max((date - now).total_seconds(), 0.0)
    return None
