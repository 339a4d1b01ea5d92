"""What every job of ours is tried again for."""

from typing import TypedDict

from celery.exceptions import SoftTimeLimitExceeded

#: Retries of one task.
MOST = 5


class Retried(TypedDict):
    """Options of a task, as Celery has them."""

    autoretry_for: tuple[type[Exception], ...]
    throws: tuple[type[Exception], ...]
    dont_autoretry_for: tuple[type[Exception], ...]
    retry_backoff: bool | int
    retry_jitter: bool
    max_retries: int


def retried(*hopeless: type[Exception], pause: int = 0) -> Retried:
    """The options of a task that is tried again, later each time, whatever goes wrong.

    Except for what would go wrong again: the ``hopeless`` errors, which are expected and so logged in one
    line, without a traceback; and a run that takes longer than a task may.

    ``pause``: seconds until the first retry, exactly, for a task that knows how long it has to wait; with 0
    it is one or less, by chance.
    """
    return Retried(
        autoretry_for=(Exception,),
        throws=hopeless,
        dont_autoretry_for=(*hopeless, SoftTimeLimitExceeded),
        retry_backoff=pause or True,
        retry_jitter=not pause,
        max_retries=MOST,
    )
