"""How much is kept of a journal, and for how long. The journal's head has it, for whoever writes later."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Records that a task's log keeps; older ones are dropped, and a client that wanted them gets a gap.
DEFAULT_LIMIT = 1000

#: Bytes that its records have together: 16 of the largest events, or 8 KiB for each of a thousand.
DEFAULT_LIMIT_BYTES = 8 * 1024 * 1024

#: Seconds that a tombstone outlives its journal: an expired task is told from an unknown one for a week.
DEFAULT_KEEP = 7 * 24 * 3600


#: Seconds that the journal of a task which has not ended lives after its newest event, if not for longer: a
#: task may wait, or be silent. One that is forgotten in a queue leaves its journal for no longer than that.
OPEN_EXPIRES = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an application has configured. Only its own writers have limits; an entry by others has none.

    - ``limit``: records that the log keeps, ``limit_bytes``: bytes of them. ``keep``: seconds that the
      tombstone outlives the journal. None = not configured. The first writer that has configured one decides
      for the life of the journal.
    - ``expires``: seconds that the journal lives after the task's end, and Celery's result after it was
      stored; 0 = for ever.
      ``failure_expires``: the same after a failure; None = as ``expires``. As for Celery's result, the
      newest writer decides.
    - ``encoded``: all of them as the head has them, ``limit keep expires failure_expires limit_bytes``, where
      ``-`` is what is not configured.
    """

    limit: int | None = None
    limit_bytes: int | None = None
    keep: int | None = None
    expires: int = 0
    failure_expires: int | None = None
    encoded: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        configured = (self.limit, self.keep, self.limit_bytes)
        limit, keep, limit_bytes = ("-" if each is None else each for each in configured)
        failure_expires = self.expires if self.failure_expires is None else self.failure_expires
        encoded = f"{limit} {keep} {self.expires} {failure_expires} {limit_bytes}"
        object.__setattr__(self, "encoded", encoded)
