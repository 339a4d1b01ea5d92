"""Locks that no child waits for in vain: a fork copies a lock as it is, but not the thread that holds it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    import threading

#: As long as somebody uses them.
_locks: WeakSet[Any] = WeakSet()


def free_in_children(lock: threading.RLock) -> threading.RLock:
    """Let each process that is forked find the lock free, unless the thread that forks holds it.

    So does Python with the locks of `logging`. Returns the lock.
    """
    _locks.add(lock)
    return lock


def _free() -> None:
    for lock in list(_locks):
        if lock.acquire(blocking=False):
            lock.release()  # nobody had it, or this thread, which keeps it
        else:
            lock._at_fork_reinit()  # as Python does with its own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free)
