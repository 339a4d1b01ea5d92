"""How much is kept of a journal, and for how long. The journal's head has it, for whoever writes later."""

from __future__ import annotations

from dataclasses import dataclass

#: Records that a task's log keeps; older ones are dropped, and a client that wanted them gets a gap.
DEFAULT_LIMIT = 1000

#: Seconds that a tombstone outlives its journal: an expired task is told from an unknown one for a week.
DEFAULT_KEEP = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an application has configured. Only its own writers have limits; an entry by others has none.

    - ``limit``: records that the log keeps. ``keep``: seconds that the tombstone outlives the journal.
      None = not configured. The first writer that has configured one decides for the life of the journal.
    - ``expires``: seconds that the journal, and Celery's result, live after an event; 0 = for ever.
      ``failure_expires``: the same after a failure; None = as ``expires``. As for Celery's result, the
      newest writer decides.
    """

    limit: int | None = None
    keep: int | None = None
    expires: int = 0
    failure_expires: int | None = None

    def encode(self) -> str:
        """As the head has it, in the order above; ``-`` is what is not configured."""
        limit = "-" if self.limit is None else self.limit
        keep = "-" if self.keep is None else self.keep
        failure_expires = self.expires if self.failure_expires is None else self.failure_expires
        return f"{limit} {keep} {self.expires} {failure_expires}"
