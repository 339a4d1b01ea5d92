"""The Celery setting `taskbeam_options`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from celery.exceptions import ImproperlyConfigured

from taskbeam.journal.failures import PublicErrors
from taskbeam.journal.limits import Limits

#: Seconds that a worker's lease lasts. With the watchdog's interval it makes the bound for STALLED.
DEFAULT_LEASE = 10.0

#: Seconds; ten pictures a second look smooth.
DEFAULT_INTERVAL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an application may choose about its journals.

    - ``limit``: records that a log keeps. ``keep``: seconds that a tombstone outlives its journal. None = as
      the journal's other writers have it, or else the default.
    - ``sharded``: publish with SPUBLISH, for a cluster with sharded pub/sub; runs are then not watched.
    - ``lease``: seconds after which a silent worker is taken for gone.
    - ``interval``: seconds within which only the latest `progress()` goes out.
    - ``public_errors``: class name or dotted path of an exception → code and message for the client.
    """

    limit: int | None = None
    keep: int | None = None
    sharded: bool = False
    lease: float = DEFAULT_LEASE
    interval: float = DEFAULT_INTERVAL
    public_errors: PublicErrors = field(default_factory=dict)

    @classmethod
    def of(cls, setting: Mapping[str, Any] | None) -> Self:
        """Raises `ImproperlyConfigured` for an option that does not exist or has no such value."""
        unknown = set(setting or {}) - {option.name for option in fields(cls)}
        if unknown:
            raise ImproperlyConfigured(f"taskbeam_options has no {', '.join(sorted(unknown))}")
        options = cls(**(setting or {}))
        for name, least in (("limit", 1), ("keep", 0)):
            value = getattr(options, name)
            if value is not None and (type(value) is not int or value < least):
                raise ImproperlyConfigured(
                    f"taskbeam_options: {name} must be an integer of at least {least}, not {value!r}"
                )
        return options

    def limits(self, expires: int, failure_expires: int) -> Limits:
        """Of journals whose results live for so many seconds; 0 = for ever."""
        return Limits(limit=self.limit, keep=self.keep, expires=expires, failure_expires=failure_expires)
