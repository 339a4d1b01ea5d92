"""Signals as something to wait for, at a place of our choosing, instead of something that interrupts."""

from __future__ import annotations

import select
import signal
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType

STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
#: The gateway asks by it, for whoever looks at the page, that the worker is killed and started again.
KILL_WORKER = signal.SIGUSR1
WATCHED = (*STOP_SIGNALS, signal.SIGCHLD, KILL_WORKER)


class Signals:
    """While entered, stop signals and the death of a child only wake `wait`. Main thread only.

    Python writes the number of each signal to a socket pair as it arrives (signal.set_wakeup_fd), so none
    is missed between two waits.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old_handlers = {number: signal.signal(number, _only_wake) for number in WATCHED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float | None = None) -> frozenset[int]:
        """The numbers of the signals that came since the last call; waits for one, at most `seconds`."""
        readable, _, _ = select.select([self._reader], [], [], seconds)
        return frozenset(self._reader.recv(4096)) if readable else frozenset()


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    pass
