"""How `AsyncResult.get()` hears of results on a cluster."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from celery.backends.redis import ResultConsumer  # type: ignore[attr-defined]
from celery.states import READY_STATES

from taskbeam.cluster.sharded_channels import Heard, ShardedChannels
from taskbeam.cluster.waker import Waker
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Seconds from one look for results that were published, and not heard.
LOOK_INTERVAL = 5.0

#: Seconds that are waited at once; Celery asks again.
LONGEST_WAIT = 1.0


class ClusterResultConsumer(ResultConsumer):  # type: ignore[misc]
    """What Celery's does, by sharded channels: each server tells its own tasks, and not those of all others.

    When a server says that it is listened to, the task's end is looked for: it may have come before. So is
    each end now and then, for a master that vanishes does not close its connections.

    Any thread (or greenlet) begins and ends to listen; one at a time waits for what comes, and tells it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        connections = self.backend.outbox_connections()
        self._channels = ShardedChannels(connections.topology, connections.subscriptions)
        # Of the channels. Nobody waits for a server's message while it is held, and none is told.
        self._lock = threading.Lock()
        # What `cancel_for` could not release at once.
        self._cancelled: deque[bytes] = deque()
        # Whoever waits and tells; it may do so again within what it tells, and goes on with what is left.
        self._draining = threading.RLock()
        self._heard = Heard()
        self._looked = time.monotonic()
        # Wakes who waits when there is a server more to wait for.
        self._waker: Waker | None = None

    def start(self, initial_task_id: str, **_: Any) -> None:
        """As Celery's."""
        self.consume_from(initial_task_id)

    def consume_from(self, task_id: str) -> None:
        """Listen to the task from now on."""
        self._begin_after_a_fork()
        with self._exclusive() as channels:
            channels.want(self._get_key_for_task(task_id))
            is_server_new = channels.settle()
        if is_server_new and self._waker is not None:
            self._waker.wake()

    def cancel_for(self, task_id: str) -> None:
        """Listen to it no longer. Never waits: `AsyncResult.__del__` calls it, in any thread at any time."""
        self._begin_after_a_fork()
        self._cancelled.append(self._get_key_for_task(task_id))
        self._release_cancelled()

    def drain_events(self, timeout: float | None = None) -> None:
        """Tell what has come, or comes within ``timeout`` s; nobody waits longer than `LONGEST_WAIT`."""
        self._begin_after_a_fork()
        wait = LONGEST_WAIT if timeout is None else min(timeout, LONGEST_WAIT)
        if not self._draining.acquire(blocking=False):
            # What another one tells may be what this one waits for.
            if self._draining.acquire(timeout=wait):
                self._draining.release()
            return
        try:
            if not self._hears():
                self._wait(wait)
                self._hears()
            self._tell()
        finally:
            self._draining.release()

    def stop(self) -> None:
        """Close all that is open."""
        self._begin_after_a_fork()
        with self._lock:
            self._close()

    def on_after_fork(self) -> None:
        """As `drain_events` and the others do of themselves: of Celery's releases none calls this."""
        self._begin_after_a_fork()

    def _begin_after_a_fork(self) -> None:
        """Forget the connections, which are the parent's, and the locks, which its threads may have held."""
        if self._pid != os.getpid():
            self._close()
            self._begin()

    def _close(self) -> None:
        self._channels.close()
        if self._waker is not None:
            self._waker.close()
            self._waker = None

    @contextmanager
    def _exclusive(self) -> Iterator[ShardedChannels]:
        with self._lock:
            self._release_now()
            yield self._channels
        self._release_cancelled()

    def _release_cancelled(self) -> None:
        # Whoever holds the lock releases what comes meanwhile.
        while self._cancelled and self._lock.acquire(blocking=False):
            try:
                self._release_now()
            finally:
                self._lock.release()

    def _release_now(self) -> None:
        while self._cancelled:
            self._channels.release(self._cancelled.popleft())

    def _hears(self) -> bool:
        with self._exclusive() as channels:
            channels.settle()
            channels.read(self._heard)
        return bool(self._heard)

    def _tell(self) -> None:
        while self._heard.messages:
            self.on_state_change(self._decode_result(self._heard.messages.popleft()), None)
        begun, self._heard.begun = self._heard.begun, []
        self._look(begun)

    def _wait(self, seconds: float) -> None:
        """Until something comes, or there is something to do."""
        with self._exclusive() as channels:
            if self._waker is None:
                self._waker = Waker()
            waker, sockets = self._waker, list(channels.sockets)
            if channels.pause is not None:
                seconds = min(seconds, channels.pause)
        # Another thread may close one of them.
        with selectors.DefaultSelector() as selector, suppress(OSError, ValueError):
            for each in (waker.socket, *sockets):
                selector.register(each, selectors.EVENT_READ)
            selector.select(seconds)
        waker.clear()

    def _look(self, begun: Sequence[bytes]) -> None:
        """Tell the ends of tasks to which it has begun to listen, and, now and then, of all."""
        now = time.monotonic()
        channels: Sequence[bytes] = begun
        if now - self._looked >= LOOK_INTERVAL:
            self._looked = now
            with self._exclusive() as all_channels:
                all_channels.look_after()
                channels = all_channels.wanted
        if not channels:
            return
        try:
            metas = self.backend.client.mget(channels)
        except (*REDIS_AWAY, *self.backend.connection_errors):
            return  # the next look finds them
        wanted = set(self._wanted())  # but for those that were told a moment ago
        for channel, meta in zip(channels, metas, strict=True):
            if meta and channel in wanted:
                decoded = self._decode_result(meta)
                # Whoever hears each state has heard of one that goes on.
                if decoded["status"] in READY_STATES:
                    self.on_state_change(decoded, None)

    def _wanted(self) -> list[bytes]:
        with self._exclusive() as channels:
            return channels.wanted
