"""A forked child that does one thing, and is killed where it does not come to its end."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable


def forked(work: Callable[[], object]) -> int:
    """Fork; the child does the work and ends, by code 0 unless that raises. Returns the child's pid."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(DEADLINE) + 1)
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int) -> int:
    """Wait for the child's end, and return its exit code; -SIGALRM where it waited for something in vain."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ended_beside(work: Callable[[], object], *locks: AbstractContextManager[Any]) -> int:
    """The exit code of a child that does the work, and is forked while another thread holds the locks."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as holding:
            for lock in locks:
                holding.enter_context(lock)
            held.set()
            over.wait(2 * DEADLINE)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(DEADLINE)
        return ended(forked(work))
    finally:
        over.set()
        thread.join()
