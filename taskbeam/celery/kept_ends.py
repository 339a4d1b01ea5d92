"""The ends that Redis did not take: kept in order, in bounded memory, and sent again until it takes them.

On a cluster one server that is away does not keep the others from theirs.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from taskbeam.background.backoff import Backoff
from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.background.threads import IDLE, BackgroundThread
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from taskbeam.journal.entry import Entry

logger = logger_for(__name__)

#: What a process keeps at the most. Whoever has one more waits until there is room.
MOST_ENDS = 1000
MOST_BYTES = 16 * 1024 * 1024

#: Seconds between two tries: a random part of a limit that doubles.
FIRST_PAUSE, LAST_PAUSE = 0.1, 2.0

#: Seconds after which somebody who waits looks whether the worker is to stop at once.
LOOK = 0.2


class KeptEnd:
    """An end that waits for Redis. ``told`` is set when it is there, or cannot be.

    ``behind``: what is told when it is there.
    """

    __slots__ = ("behind", "bytes", "entry", "server", "since", "tell", "told")

    def __init__(self, entry: Entry, tell: Callable[[Entry], None], server: Callable[[], Hashable]) -> None:
        self.entry = entry
        self.tell = tell
        self.server = server
        self.since = time.monotonic()
        self.bytes = len(entry.meta) + sum(len(value) for value in entry.members.values())
        self.told = threading.Event()
        self.behind: deque[Callable[[], None]] = deque()


class KeptEnds:
    """One per process; a thread of its own, which is there while it is needed, sends what is kept.

    A fork begins with none: the parent's ends are told by the parent.
    """

    def __init__(self, most_ends: int = MOST_ENDS, most_bytes: int = MOST_BYTES) -> None:
        self._most_ends = most_ends
        self._most_bytes = most_bytes
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._ends: deque[KeptEnd] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._works = False
        self._told = 0
        self._why = ""
        self._registered = self._named = False

    def __len__(self) -> int:
        return len(self._ends)

    def holds(self, task_id: str) -> bool:
        """Whether an end of the task waits: what is told of it later has to come after that."""
        if not self._ends:
            return False
        with self._changed:
            return any(end.entry.task_id == task_id for end in self._ends)

    def tell_behind(self, task_id: str, tell: Callable[[], None]) -> bool:
        """Call ``tell``, on the same thread, when the ends of the task that wait are told.

        Returns whether one waits; else ``tell`` is not called.
        """
        if not self._ends:
            return False
        with self._changed:
            ends = [end for end in self._ends if end.entry.task_id == task_id]
            if ends:
                ends[-1].behind.append(tell)
            return bool(ends)

    def keep(
        self,
        entry: Entry,
        tell: Callable[[Entry], None],
        server: Callable[[], Hashable] = lambda: None,
        *,
        may_wait: bool,
    ) -> KeptEnd | None:
        """Keep an end until ``tell`` succeeds, on a thread of this process.

        ``tell`` raises while Redis does not take the entry; ``server`` says which one has its task now. Where
        no room is left this waits for some, or returns None for whoever may not wait: Celery's main process
        serves all others.
        """
        end = KeptEnd(entry, tell, server)
        with self._changed:
            while not self._has_room(end):
                if not may_wait:
                    logger.error(
                        "Task %s: its %s is lost. Redis does not take it, and %d others wait already",
                        entry.task_id,
                        entry.state,
                        len(self._ends),
                        extra=about(task_id=entry.task_id),
                    )
                    return None
                self._changed.wait()
            self._ends.append(end)
            self._bytes += end.bytes
            if not self._registered:
                atexit.register(self._name_lost)
                self._registered = True
            if not self._works:
                BackgroundThread("taskbeam-kept-ends", self._work, threading.Event()).start()
                self._works = True
            self._changed.notify_all()
        return end

    def drain(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """The process is about to end: wait until all are told, so many seconds at most, or until ``stop``.

        The log names those that are lost with the process.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            if self._ends and not stop():
                logger.warning(
                    "%d ends of tasks wait for Redis; the worker stops when they are reported, or in %.0f s",
                    len(self._ends),
                    seconds,
                )
            while self._ends and time.monotonic() < deadline and not stop():
                self._changed.wait(LOOK)
        self._name_lost()

    def _name_lost(self) -> None:
        """The process ends now. Celery sends no signal of a cold shutdown, so Python calls this, too."""
        with self._changed:
            named, self._named = self._named, True
            for end in () if named else self._ends:
                logger.error(
                    "Task %s: its %s is lost. Redis did not take it before the worker stopped",
                    end.entry.task_id,
                    end.entry.state,
                    extra=about(task_id=end.entry.task_id),
                )

    def _has_room(self, end: KeptEnd) -> bool:
        if not self._ends:
            return True  # a single one may be as large as it is
        return len(self._ends) < self._most_ends and self._bytes + end.bytes <= self._most_bytes

    def _work(self) -> None:
        backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)
        away: set[Hashable] = set()  # since the last pause
        while True:
            with self._changed:
                while not self._ends:
                    if not self._changed.wait(IDLE) and not self._ends:
                        self._works = False
                        return
                due = next(((each, at) for each in self._ends if (at := each.server()) not in away), None)
            if due is None:
                away.clear()
                time.sleep(backoff.next())
                continue
            end, server = due
            try:
                end.tell(end.entry)
            except REDIS_AWAY as error:
                self._note(end, error)
                away.add(server)
            except Exception as error:
                self._note(end, error)
                self._put_last(end)
                time.sleep(backoff.next())
            else:
                backoff.reset()
                while not self._remove(end):
                    end.behind.popleft()()

    def _note(self, end: KeptEnd, error: Exception) -> None:
        """Log why, once as long as it is the same."""
        if str(error) != self._why:
            self._why = str(error)
            logger.warning(
                "Task %s: its %s is kept, and sent again until Redis takes it: %s",
                end.entry.task_id,
                end.entry.state,
                error,
                exc_info=None if isinstance(error, REDIS_AWAY) else error,
                extra=about(task_id=end.entry.task_id),
            )

    def _put_last(self, end: KeptEnd) -> None:
        """Perhaps it has a reason of its own: it is not in the way of the others."""
        with self._changed:
            self._ends.remove(end)
            self._ends.append(end)

    def _remove(self, end: KeptEnd) -> bool:
        """It is told; False, and it stays, where something is to be told behind it."""
        with self._changed:
            if end.behind:
                return False
            self._ends.remove(end)
            self._bytes -= end.bytes
            self._told += 1
            if not self._ends:
                logger.warning(
                    "Redis takes the ends of tasks again: %d are reported, the last one %.1f s late",
                    self._told,
                    time.monotonic() - end.since,
                )
                self._told, self._why = 0, ""
            self._changed.notify_all()
        end.told.set()
        return True


#: Of this process.
kept_ends = KeptEnds()
