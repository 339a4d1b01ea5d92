"""Several worker processes on one listening socket: one that dies is replaced, and all are drained
together.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

logger = logging.getLogger(__name__)

#: Exit codes of a worker that could not begin: what it says is wrong will be wrong again.
CANNOT_BEGIN = frozenset({2, 3})

#: Seconds until a worker that died is replaced, at first and at the most: doubled while workers die young.
FIRST_DELAY, LAST_DELAY = 0.1, 10.0

#: Seconds; a worker that lived for longer did not die young.
YOUNG = 10.0


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next worker is started. No I/O; times are in seconds."""

    delay: float = 0.0

    def died(self, lived: float) -> float:
        """A worker died after so many seconds; returns the delay until its successor."""
        self.delay = FIRST_DELAY if lived > YOUNG else min(max(self.delay * 2, FIRST_DELAY), LAST_DELAY)
        return self.delay


class Workers:
    """Runs ``work(listener)`` in ``count`` processes, which share the listening socket."""

    def __init__(self, work: Callable[[socket.socket], int], listener: socket.socket, count: int) -> None:
        """``work`` is picklable, serves until SIGTERM, and returns its process' exit code."""
        self._work = work
        self._listener = listener
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, tuple[SpawnProcess, float]] = {}
        self._backoff = Backoff()
        self._signals, self._wake = multiprocessing.Pipe(duplex=False)
        self._stopping = 0

    def run(self) -> int:
        """Serve until SIGTERM or Ctrl-C, twice for at once; returns an exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)
        for _ in range(self._count):
            self._start()
        code = 0
        while self._processes:
            ready = wait([self._signals, *(process.sentinel for process, _ in self._processes.values())])
            if self._signals in ready:
                self._signals.recv()
                self._stop()
            code = self._replace_the_dead() or code
        return code

    def _heard(self, number: int, frame: Any) -> None:  # noqa: ARG002
        # A handler runs between two instructions of the loop; the loop does the rest.
        self._wake.send(number)

    def _start(self) -> None:
        process = self._context.Process(
            target=_begin, args=(self._work, self._listener), name="taskbeam-worker"
        )
        process.start()
        assert process.pid is not None
        self._processes[process.pid] = (process, time.monotonic())
        logger.info("Started worker process %d", process.pid)

    def _stop(self) -> None:
        self._stopping += 1
        number = signal.SIGTERM if self._stopping == 1 else signal.SIGKILL
        for pid in self._processes:
            os.kill(pid, number)

    def _replace_the_dead(self) -> int:
        """Returns the exit code of a worker that could not begin, which ends the others, too."""
        code = 0
        for pid, (process, began) in tuple(self._processes.items()):
            if process.exitcode is None:
                continue
            process.join()
            del self._processes[pid]
            if self._stopping:
                continue
            if process.exitcode in CANNOT_BEGIN:
                logger.error(
                    "Worker process %d could not start (exit code %d): stopping", pid, process.exitcode
                )
                code = process.exitcode
                self._stop()
                continue
            delay = self._backoff.died(time.monotonic() - began)
            logger.error(
                "Worker process %d died (exit code %d), starting another in %.1f s",
                pid,
                process.exitcode,
                delay,
            )
            if not self._signals.poll(delay):
                self._start()
        return code


def _begin(work: Callable[[socket.socket], int], listener: socket.socket) -> None:
    """In the worker's process, which also ends when whoever would replace it is gone."""
    Thread(target=_follow_parent, name="parent-watch", daemon=True).start()
    raise SystemExit(work(listener))


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
