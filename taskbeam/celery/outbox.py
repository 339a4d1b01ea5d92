"""How a backend's entries leave: progress quickly, and lost when Redis is away; transitions durably."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from taskbeam.journal.events import FINAL_STATES, RETRY
from taskbeam.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis import Redis
    from redis.connection import AbstractConnection

    from taskbeam.celery.run import Run
    from taskbeam.journal.entry import Appended, Entry

logger = logging.getLogger(__name__)

#: Seconds that an append may take before progress is given up, or a transition is tried again patiently.
DEADLINE = 1.0

#: What must not be lost. Every other state may be, when Redis is away.
_TRANSITIONS = frozenset({RETRY, *FINAL_STATES})


class LossyWriter:
    """Offers entries to ``append`` while it works.

    After a failure nothing is tried for ``pause`` seconds, so that a task which reports in a loop
    is not slowed by a Redis that is away. What was lost meanwhile is counted and told once.
    """

    def __init__(
        self,
        append: Callable[[Entry], Appended | None],
        errors: tuple[type[BaseException], ...],
        pause: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._append = append
        self._errors = errors
        self._pause = pause
        self._clock = clock
        self._closed_until = float("-inf")
        self.lost = 0

    def offer(self, entry: Entry) -> Appended | None:
        """Append the entry, or lose it; returns what ``append`` does, None when it is lost."""
        if self._clock() < self._closed_until:
            self.lost += 1
            return None
        try:
            appended = self._append(entry)
        except self._errors as error:
            if not self.lost:
                logger.warning(
                    "Cannot write the journal to Redis, progress events are lost until it answers: %s", error
                )
            self.lost += 1
            self._closed_until = self._clock() + self._pause
            return None
        if self.lost:
            logger.warning("The journal can be written again; %d progress events were lost.", self.lost)
            self.lost = 0
        return appended


class Outbox:
    """Writes over connections of its own, made as ``client``'s pool makes them.

    ``ensure`` is Celery's retry policy: it calls a function again while that raises one of ``errors``.
    """

    def __init__(
        self, client: Callable[[], Redis], ensure: Callable[..., Any], errors: tuple[type[Exception], ...]
    ) -> None:
        self._client = client
        self._ensure = ensure
        self._errors = errors
        self._quick = JournalWriter(lambda: self.connect(DEADLINE))
        self._patient = JournalWriter(self.connect)
        self._posted = LossyWriter(self._quick.post, (RedisError, OSError))
        self._awaited = LossyWriter(self._quick.append, (RedisError, OSError))

    def write(self, entry: Entry, run: Run | None = None) -> Appended | None:
        """Append; returns the newest answer that is known, and lets the run know if it was cancelled."""
        if run is None:
            return self._append(entry, self._awaited)
        with run.lock:
            # Only the run's own thread need not wait: what it sends, it sends over one connection, in order.
            at_home = run.thread == threading.get_ident()
            answer = self._append(entry, self._posted if at_home else self._awaited)
        if answer is not None and answer.cancelled and answer.run == run.id:
            run.cancelled = True
        return answer

    def write_together(self, entries: Sequence[Entry]) -> None:
        """Append what may be lost, in one round trip."""
        *before, last = entries
        for entry in before:
            self._posted.offer(entry)
        self._awaited.offer(last)

    def close(self) -> None:
        """Drop this thread's connections."""
        self._quick.close()
        self._patient.close()

    def connect(self, deadline: float | None = None) -> AbstractConnection:
        """An unconnected connection as the pool makes them, with another deadline (seconds)."""
        pool = self._client().connection_pool
        kwargs = dict(pool.connection_kwargs, retry=Retry(NoBackoff(), 0))
        if deadline is not None:
            kwargs["socket_timeout"] = deadline
            if "path" not in kwargs:
                kwargs["socket_connect_timeout"] = deadline
        connection: AbstractConnection = pool.connection_class(**kwargs)
        return connection

    def _append(self, entry: Entry, lossy: LossyWriter) -> Appended | None:
        return self._append_durably(entry) if entry.state in _TRANSITIONS else lossy.offer(entry)

    def _append_durably(self, entry: Entry) -> Appended:
        """As stock stores a result: with its retry policy, after one quick attempt."""
        try:
            return self._quick.append(entry)
        except self._errors:
            appended: Appended = self._ensure(self._patient.append, (entry,))
            self._patient.close()
            return appended
