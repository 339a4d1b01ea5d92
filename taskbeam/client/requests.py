"""What httpx is asked, and how its failures are understood."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from taskbeam.background.backoff import Backoff
from taskbeam.client.exchange import SentTask
from taskbeam.client.following import Failure
from taskbeam.contract.errors import Refused, Unauthenticated

if TYPE_CHECKING:
    from taskbeam.client.following import Ask

#: Seconds to connect, and for the answer to a plain call.
CONNECT, ANSWER = 10.0, 30.0

#: Each follower has a connection of its own.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)

CALL_TIMEOUT = httpx.Timeout(ANSWER, connect=CONNECT, pool=None)


#: How often a plain call is made at the most, and the limits of the pauses between (seconds).
MOST_CALLS, FIRST_PAUSE, LAST_PAUSE = 3, 0.5, 2.0


class Attempts:
    """Of one plain call.

    Args:
        renewable: whether another token can be had.
        repeatable: whether it does no harm where the call was heard and only its answer was lost.
    """

    def __init__(self, *, renewable: bool, repeatable: bool) -> None:
        self._renewable = renewable
        self._repeatable = repeatable
        self._left = MOST_CALLS - 1
        self._backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)

    def may_follow(self, error: httpx.TransportError | Refused) -> bool:
        """Whether the call is made again after this."""
        if isinstance(error, Unauthenticated):
            renews, self._renewable = self._renewable, False
            return renews
        if isinstance(error, Refused):
            may_pass = error.retry
        else:
            unheard = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            may_pass = unheard or self._repeatable
        self._left -= 1
        return may_pass and self._left >= 0

    def pause(self) -> float:
        """Seconds until the next one."""
        return self._backoff.next()


def stream_timeout(ask: Ask) -> httpx.Timeout:
    """How long a followed stream may be silent."""
    return httpx.Timeout(ask.silence, connect=CONNECT, pool=None)


def stream_headers(ask: Ask, token: str | None) -> dict[str, str]:
    """The header fields to follow with. Whatever compresses a stream may hold it back."""
    return {"Accept": ask.accept, "Accept-Encoding": "identity", "Cache-Control": "no-store"} | bearer(token)


def bearer(token: str | None) -> dict[str, str]:
    """RFC 6750, section 2.1."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def idempotency(key: str | None) -> dict[str, str]:
    """The key by which a repeated call sends no second task; a new one unless the caller has one."""
    return {"Idempotency-Key": key or uuid4().hex}


def failure_of(error: httpx.TransportError | httpx.DecodingError) -> Failure:
    """What the break of a request means for the next one."""
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return Failure.REFUSED
    return Failure.SILENT if isinstance(error, httpx.TimeoutException) else Failure.CUT


def id_of(task: str | SentTask) -> str:
    """The id of a task that is named by it, or was sent."""
    return task.task_id if isinstance(task, SentTask) else task
