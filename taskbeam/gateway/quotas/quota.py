"""How much a tenant may take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from taskbeam.gateway.problems import RATE_LIMITED, TOO_MANY_JOBS, TaskbeamError

if TYPE_CHECKING:
    from taskbeam.gateway.settings import GatewaySettings

#: Seconds after which a client may try again where only the workers know: when a job has begun.
RETRY_WAITING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one tenant may take; None = as much as it likes.

    - ``waiting_jobs``: jobs that were sent and have not begun.
    - ``jobs_per_minute``: a minute's worth may come at once.
    - ``upload_bytes_per_hour``: an hour's worth may come at once.
    """

    waiting_jobs: int | None = None
    jobs_per_minute: float | None = None
    upload_bytes_per_hour: float | None = None

    @classmethod
    def of(cls, settings: GatewaySettings) -> Quota:
        """What the settings allow each tenant; 0 stands for no limit."""
        return cls(
            waiting_jobs=settings.max_waiting_jobs or None,
            jobs_per_minute=settings.max_jobs_per_minute or None,
            upload_bytes_per_hour=settings.max_upload_bytes_per_hour or None,
        )


def too_many_waiting(waiting: int, most: int) -> TaskbeamError:
    """The answer to a job more than may wait."""
    return TaskbeamError(
        TOO_MANY_JOBS, f"{waiting} jobs are waiting, and at most {most} may.", retry_after=RETRY_WAITING
    )


def too_fast(what: str, wait: float) -> TaskbeamError:
    """The answer to more than a rate allows; ``wait``: seconds until the same would be taken."""
    seconds = max(1, ceil(wait))
    return TaskbeamError(RATE_LIMITED, f"At most {what}. Try again in {seconds} s.", retry_after=seconds)
