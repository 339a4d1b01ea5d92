"""A forked child that does one thing, and is killed where it does not come to its end."""

from __future__ import annotations

import os
import signal
import traceback
from typing import TYPE_CHECKING

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
