"""The Celery setting `taskbeam_options`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from celery.exceptions import ImproperlyConfigured

from taskbeam.celery.backlog import DEFAULT_BYTES, DEFAULT_EVENTS
from taskbeam.celery.labels import LabelsOf
from taskbeam.celery.option_kinds import fault_of
from taskbeam.celery.written_text import DEFAULT_OUTPUT_BYTES
from taskbeam.journal.failures import PublicErrors
from taskbeam.journal.limits import Limits

#: Seconds that a worker's lease lasts. With the watchdog's interval it makes the bound for STALLED.
DEFAULT_LEASE = 10.0

#: Seconds; ten pictures a second look smooth.
DEFAULT_INTERVAL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an application may choose about its journals.

    - ``limit``: records that a log keeps, ``limit_bytes``: bytes of them. ``keep``: seconds that a tombstone
      outlives its journal. None = as the journal's other writers have it, or else the default.
    - ``sharded``: publish with SPUBLISH, for a proxy before a cluster; runs are then not watched. With
      ``taskbeam+rediscluster://`` it is implied, and they are.
    - ``lease``: seconds after which a silent worker is taken for gone.
    - ``interval``: seconds within which only the latest `progress()` goes out.
    - ``cancel_updates``: in a task that somebody cancelled, plain `update_state()` raises `Cancelled`, as
      `progress()` does.
    - ``buffer_events``, ``buffer_bytes``: events of `emit`, `log` and `write`, and bytes of them, that a run
      keeps while Redis is away.
    - ``output_bytes``: bytes of the text that an attempt writes by `taskbeam.write`, as JSON has them.
    - ``labels_of``: a function of a task's name, args and kwargs, which says whose it is where nobody else
      does: a mapping with `owner`, `tags` and `title`, or None.
    - ``weights``: what a task counts for in the progress of its group and its tree, by its name; else 1.
    - ``public_errors``: class name or dotted path of an exception → code and message for the client.
    """

    limit: int | None = None
    limit_bytes: int | None = None
    keep: int | None = None
    sharded: bool = False
    lease: float = DEFAULT_LEASE
    interval: float = DEFAULT_INTERVAL
    cancel_updates: bool = True
    buffer_events: int = DEFAULT_EVENTS
    buffer_bytes: int = DEFAULT_BYTES
    output_bytes: int = DEFAULT_OUTPUT_BYTES
    labels_of: LabelsOf | None = None
    weights: Mapping[str, int] = field(default_factory=dict)
    public_errors: PublicErrors = field(default_factory=dict)

    @classmethod
    def of(cls, setting: Mapping[str, Any] | None) -> Self:
        """Raises `ImproperlyConfigured` for an option that does not exist or has no such value."""
        unknown = set(setting or {}) - {option.name for option in fields(cls)}
        if unknown:
            raise ImproperlyConfigured(f"taskbeam_options has no {', '.join(sorted(map(str, unknown)))}")
        options = cls(**(setting or {}))
        for option in fields(cls):
            if fault := fault_of(option.name, getattr(options, option.name)):
                raise ImproperlyConfigured(f"taskbeam_options: {fault}")
        return options

    def limits(self, expires: int, failure_expires: int) -> Limits:
        """Of journals whose results live for so many seconds; 0 = for ever."""
        return Limits(
            limit=self.limit,
            limit_bytes=self.limit_bytes,
            keep=self.keep,
            expires=expires,
            failure_expires=failure_expires,
        )
