"""A process that waits for tasks, in one of the ways that `await_cost` compares.

    python -m benchmarks.awaiting aresult|threads BROKER RESULT_BACKEND < ids

It says ``waiting`` when it has begun, with the bytes of memory that it had before; and at the end how many
seconds of CPU that took.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
from celery.result import AsyncResult

from taskbeam import aresult

from .jobs import jobs_app

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds until the tasks must have ended.
PATIENCE = 300.0


def in_an_event_loop(results: list[AsyncResult[Any]], begun: Callable[[], None]) -> None:
    """All of them by `aresult`."""

    async def wait() -> None:
        waiting = [asyncio.create_task(aresult(each, timeout=PATIENCE)) for each in results]
        await asyncio.sleep(0)
        begun()
        await asyncio.gather(*waiting)

    asyncio.run(wait())


def in_threads(results: list[AsyncResult[Any]], begun: Callable[[], None]) -> None:
    """Each by Celery's `get` in a thread of its own."""
    threads = [threading.Thread(target=each.get, kwargs={"timeout": PATIENCE}) for each in results]
    for thread in threads:
        thread.start()
    begun()
    for thread in threads:
        thread.join()


WAYS = {"aresult": in_an_event_loop, "threads": in_threads}


def main(way: str, broker: str, result_backend: str) -> None:
    """Wait for the tasks whose ids come by standard input, and tell what it cost."""
    app = jobs_app(broker, result_backend)
    app.conf.redis_max_connections = 10_000  # `get` fails in threads for which there are not enough
    results = [AsyncResult[Any](line.strip(), app=app) for line in sys.stdin]
    before, memory = time.process_time(), psutil.Process().memory_info().rss
    WAYS[way](results, lambda: print("waiting", memory, flush=True))
    print(time.process_time() - before, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
