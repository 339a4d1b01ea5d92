"""How a backend's entries leave. While Redis is away progress is lost and output waits; ends are durable."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import ConnectionError, DataError, ResponseError  # noqa: A004

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.flusher import Flusher
from taskbeam.celery.kept_ends import kept_ends
from taskbeam.celery.outage import PAUSE, Outages
from taskbeam.celery.run import Turn
from taskbeam.journal.away import REDIS_AWAY, refuses_for_good
from taskbeam.journal.dependents import end_dependents
from taskbeam.journal.entry import Delivery, Verdict
from taskbeam.journal.events import FINAL_STATES, RETRY, STARTED
from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from taskbeam.celery.kept_ends import KeptEnd
    from taskbeam.celery.outage import Outage
    from taskbeam.celery.run import Run
    from taskbeam.journal.entry import Appended, Entry
    from taskbeam.journal.feeds.canvas_news import CanvasNews
    from taskbeam.journal.writer import Writer

    #: Sends an entry; returns the newest answer that is known by then.
    Send = Callable[[Entry], Appended | None]

logger = logger_for(__name__)

#: Seconds that a task which is acknowledged late waits until its end is told.
PATIENCE = 20.0

#: What must not be lost. Every other state may be, when Redis is away.
TRANSITIONS = frozenset({RETRY, *FINAL_STATES})

#: Types of events whose words no later event says again.
_OUTPUT = frozenset({"log", "data", "output"})


class Connections(Protocol):
    """Where an outbox writes, and whether that can be written now."""

    def server(self, key: str) -> Hashable:
        """Which server has the key, as far as it is known: what names it; '' = there is one only."""

    def answers(self, server: Hashable) -> bool:
        """Whether a server takes what is written. One that has no keys any more is in nobody's way."""

    def serves(self, server: Hashable) -> bool:
        """Whether a server has keys, as `answers` has found last."""


class MakesWriter(Protocol):
    """Makes what appends entries."""

    def __call__(self, *, patient: bool) -> Writer:
        """One that keeps to the deadline of an append, or a patient one."""


class Outbox:
    """Writes over ``connections`` of its own.

    ``ensure`` is Celery's retry policy: it calls a function again while that raises a connection error.
    ``store_alone`` stores Celery's result where Redis refuses the journal for good, with what it said.
    ``writer`` makes what appends the entries.
    """

    def __init__(
        self,
        connections: Connections,
        ensure: Callable[..., Any],
        store_alone: Callable[[Entry, Exception], None],
        writer: MakesWriter,
    ) -> None:
        self._connections = connections
        self._ensure = ensure
        self._store_alone = store_alone
        self._quick = writer(patient=False)
        self._patient = writer(patient=True)
        self._outages = Outages()
        # Runs whose output waits, each with a key of its task. When Redis is back it is sent, though the run
        # itself may be silent.
        self._behind: dict[Run, str] = {}

    def write(self, entry: Entry, run: Run | None = None) -> Appended | None:
        """Append; returns the newest answer that is known, and lets the run know if it was cancelled.

        What interrupts this thread while it writes (a signal handler, a logging handler) is written later.
        """
        if self._interrupts(run):
            self._write_later(entry, run)
            return None
        if entry.state in TRANSITIONS:
            return self._append_durably(entry, run)
        if run is None:
            return self._append(entry, None, self._quick.append)
        with Turn(run):
            # Only the run's own thread need not wait: what it sends, it sends over one connection, in order.
            # A run that begins waits to hear whether it may.
            may_post = run.thread == threading.get_ident() and entry.state != STARTED
            answer = self._append(entry, run, self._quick.post if may_post else self._quick.append)
        if answer is not None and answer.run == run.id:
            run.revoked = run.revoked or answer.verdict is Verdict.REVOKED
            run.cancelled = run.cancelled or answer.cancelled
        return answer

    def _interrupts(self, run: Run | None) -> bool:
        return (
            self._quick.busy
            or self._patient.busy
            or (run is not None and run.writer == threading.get_ident())
        )

    def _write_later(self, entry: Entry, run: Run | None) -> None:
        """Once this thread has written, or on another one."""
        if entry.state in TRANSITIONS:
            self._keep_end(entry, run, may_wait=False)
        elif run is not None:
            run.aside.append(entry)
            self._behind[run] = entry.keys.result
            _looks.later(self, 0.0)
        else:
            self._outage(entry.keys.result).lost += 1

    def write_at_once(self, entry: Entry) -> Appended | None:
        """Append, or lose what nobody can wait for."""
        return None if self._interrupts(None) else self._append(entry, None, self._quick.append)

    def write_together(self, entries: Sequence[Entry]) -> None:
        """Append what may be lost, in one round trip."""
        for place, entry in enumerate(entries, 1):
            self._append(entry, None, self._quick.post if place < len(entries) else self._quick.append)
        if entries and entries[-1].delivery is Delivery.UNSENT:
            self._collect()

    def tell_canvas(self, news: CanvasNews) -> None:
        """Tell groups and trees, after what this thread has written. On one server it may be lost."""
        # Before the end of its task it would find nothing to put right.
        if not kept_ends.tell_behind(news.task_id, partial(self._tell_canvas_late, news)):
            self._tell_canvas(news)

    def close(self) -> None:
        """Drop this thread's connections."""
        self._quick.close()
        self._patient.close()

    def _tell_canvas(self, news: CanvasNews) -> None:
        outage = self._outage(news.key)
        if outage.closed or self._interrupts(None):
            outage.lost += not self._quick.keep(news)
            return
        try:
            self._quick.tell_canvas(news)
        except Exception as error:  # a credential provider may raise anything
            if self._quick.keep(news):
                # What has failed was posted before, and says nothing of the server that is to be told.
                logger.warning(
                    "Events sent earlier may be lost; %s is updated soon: %s",
                    news,
                    error,
                    extra=about(task_id=news.task_id or None),
                )
                return
            if refuses_for_good(error):
                logger.warning(
                    "Cannot update %s: %s. That feed may never end.",
                    news,
                    error,
                    extra=about(task_id=news.task_id or None),
                )
                return
            outage.lost += 1
            self._failed(error, outage)

    def _tell_canvas_late(self, news: CanvasNews) -> None:
        """On the thread of the ends that are kept, which writes no more by this connection."""
        self._tell_canvas(news)
        self._quick.close()

    def _collect(self) -> None:
        """Read the answers to what was posted, by which feeds are told: this thread may write no more."""
        try:
            self._quick.collect()
        except Exception as error:  # a credential provider may raise anything
            logger.warning("Events sent earlier may be lost: %s", error)

    def _append(self, entry: Entry, run: Run | None, send: Send) -> Appended | None:
        if run is None:
            return self._append_or_lose(entry, send)
        if not entry.state and entry.type in _OUTPUT:
            return self._append_or_keep(entry, run, send)
        if run.backlog.dropped and not self._outage(entry.keys.result).closed:
            # What tells how much was lost is not lost itself.
            return self._append_or_keep(entry, run, send)
        return self._append_or_lose(entry, send, run)

    # What must not be lost.

    def _append_durably(self, entry: Entry, run: Run | None) -> Appended | None:
        """A worker keeps the end that Redis does not take; others who store one wait as stock does."""
        if not presence.active:
            return self._append_patiently(entry, run)
        outage = self._outage(entry.keys.result)
        if not outage.closed and not kept_ends.holds(entry.task_id):
            try:
                return self._append_or_store(entry, run, self._quick)
            except Exception as error:  # a credential provider may raise anything
                self._failed(error, outage, entry, run)
        kept = self._keep_end(entry, run, may_wait=run is not None)
        if kept is not None and run is not None and run.redelivered:
            # Once the task is over its message is acknowledged, and nobody delivers it again.
            kept.told.wait(PATIENCE)
        return None

    def _append_patiently(self, entry: Entry, run: Run | None) -> Appended | None:
        """As stock stores a result: with its retry policy, after one quick attempt."""
        try:
            return self._append_or_store(entry, run, self._quick)
        except REDIS_AWAY:
            appended: Appended | None = self._ensure(self._append_or_store, (entry, run, self._patient))
            self._patient.close()
            return appended

    def _keep_end(self, entry: Entry, run: Run | None, *, may_wait: bool) -> KeptEnd | None:
        """It is told when its server takes it; None where there is no room for it."""
        server = partial(self._connections.server, entry.keys.result)
        return kept_ends.keep(entry, partial(self._append_late, run=run), server, may_wait=may_wait)

    def _append_late(self, entry: Entry, run: Run | None) -> None:
        """On the thread of the ends that are kept. Those that wait for the task are told here, too."""
        appended = self._append_or_store(entry, run, self._patient)
        if len(kept_ends) == 1:
            self._patient.close()
        if appended is not None and appended.dependents:
            end_dependents(appended.dependents, partial(entry.keys.of, entry.task_id), self.write)

    def _append_or_store(self, entry: Entry, run: Run | None, writer: Writer) -> Appended | None:
        """Append, after what the run still has to say. Raises errors after which it may be tried again.

        Where Redis refuses for good, Celery's result is stored alone.
        """
        try:
            if run is None:
                appended = writer.append(entry)
            else:
                with Turn(run):
                    self._catch_up(run, writer)
                    run.backlog.carry(entry)
                    appended = writer.append(entry)
            if entry.delivery is Delivery.OVERTAKEN:  # it is not there yet; now it has no number
                appended = writer.append(entry)
        except (ResponseError, DataError) as error:
            if entry.delivery is not Delivery.REFUSED:
                # It passes, and Celery's policy tries again after this one.
                raise ConnectionError(str(error)) from error
            self._store_alone(entry, error)
            return None
        self._outage(entry.keys.result).written()
        return appended

    # What waits for Redis.

    def _append_or_keep(self, entry: Entry, run: Run, send: Send) -> Appended | None:
        outage = self._outage(entry.keys.result)
        if outage.closed:
            run.backlog.keep(entry)
            self._behind[run] = entry.keys.result
            return None
        run.backlog.add(entry)
        try:
            appended = _send_backlog(run, send)
        except Exception as error:  # a credential provider or an encoder may raise anything
            self._failed(error, outage, entry, run)
            return None
        outage.written()
        return appended

    def _catch_up(self, run: Run, writer: Writer) -> None:
        """Send what waits, and wait for the answers. Raises errors after which it may be tried again."""
        while True:
            try:
                writer.collect()
                _send_backlog(run, writer.post)
                writer.collect()
            except Exception as error:
                if not refuses_for_good(error):
                    raise
            else:
                self._behind.pop(run, None)
                return

    # What may be lost.

    def _append_or_lose(self, entry: Entry, send: Send, run: Run | None = None) -> Appended | None:
        outage = self._outage(entry.keys.result)
        if outage.closed:
            outage.lost += 1
            return None
        try:
            if run is not None:
                _send_backlog(run, send)
            appended = send(entry)
        except Exception as error:
            outage.lost += 1
            self._failed(error, outage, entry, run)
            return None
        outage.written()
        return appended

    # Redis is away, or back.

    def _outage(self, key: str) -> Outage:
        """That of the server which has the key."""
        return self._outages.of(self._connections.server(key))

    def _failed(
        self, error: Exception, outage: Outage, entry: Entry | None = None, run: Run | None = None
    ) -> None:
        """Nothing more is tried there until somebody else has seen that the server answers."""
        outage.failed(error)
        if entry is not None and run is not None:
            self._behind[run] = entry.keys.result
        _looks.later(self, PAUSE)

    def look(self) -> None:
        """Which servers answer again; then the runs there that are not writing themselves catch up."""
        behind = [self._connections.server(key) for key in list(self._behind.values())]
        answering = [server for server in {*self._outages.away, *behind} if self._look_at(server)]
        if answering:
            for run, key in list(self._behind.items()):
                if self._connections.server(key) in answering and run.lock.acquire(blocking=False):
                    try:
                        with Turn(run):
                            self._catch_up_later(run, key)
                    finally:
                        run.lock.release()
            self._quick.close()
        if self._behind or self._outages.closed:
            _looks.later(self, PAUSE)

    def _look_at(self, server: Hashable) -> bool:
        if not self._connections.answers(server):
            self._outages.of(server).still_away()
            return False
        self._outages.of(server).answers()
        if not self._connections.serves(server):
            self._outages.over(server)
        return True

    def _catch_up_later(self, run: Run, key: str) -> None:
        outage = self._outage(key)
        if outage.closed:
            return
        try:
            self._catch_up(run, self._quick)
        except Exception as error:
            self._failed(error, outage)
        else:
            outage.written()


def _send_backlog(run: Run, send: Send) -> Appended | None:
    """Oldest first; returns the newest answer that is known."""
    newest = None
    while (entry := run.backlog.next()) is not None:
        newest = send(entry) or newest
    return newest


#: Looks at Redis for those whose attempt failed.
_looks = Flusher(Outbox.look, "taskbeam-outage")
