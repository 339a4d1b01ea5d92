"""Wakes a thread that waits for sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from weakref import finalize


class Waker:
    """``socket`` has something to read when it was woken, until `clear`. It is closed with its owner."""

    def __init__(self) -> None:
        self.socket, self._other = socket.socketpair()
        for each in (self.socket, self._other):
            each.setblocking(False)
        self.close = finalize(self, _close, self.socket, self._other)

    def wake(self) -> None:
        """Wake whoever waits, or waits next."""
        with suppress(OSError):  # it is full, and so it wakes
            self._other.send(b"\0")

    def clear(self) -> None:
        """Whoever waits next is not woken by what was before."""
        with suppress(OSError):  # there is nothing to read
            self.socket.recv(4096)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        each.close()
