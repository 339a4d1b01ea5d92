"""Whether the worker shuts down cold: then nobody waits for what Redis does not take.

Celery tells its main process alone, and stops a prefork pool's processes as at a warm shutdown. So the main
process says it in memory that it shares with those that it forks.
"""

from __future__ import annotations

import mmap
from typing import Any

#: One byte, shared by this process and its forks: 1 once the main process shuts down cold.
_shared = mmap.mmap(-1, 1)


def tell_pool(pool: Any) -> None:
    """Have the pool's processes know, before they are stopped, whether they are stopped for that."""
    stop = pool.on_stop

    def on_stop() -> None:
        if _is_cold_here():
            _shared[0] = 1
        stop()

    pool.on_stop = on_stop


def is_cold() -> bool:
    """Whether the worker is to stop at once; in the main process, and in a process that it has forked."""
    return _shared[0] == 1 or _is_cold_here()


def _is_cold_here() -> bool:
    from celery.worker import state

    return state.should_terminate not in (None, False)
