"""Whether a worker runs a task, as it has registered in the slot of what belongs to no task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.journal.control_keys import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.exchange import Exchange

    Then = Callable[[bool | Exception], None]


def ask_for_run(exchange: Exchange, result: str, then: Then) -> None:
    """``then`` gets whether a worker has registered a run of the task with this result key.

    Where that cannot be read: one of redis-py's errors.
    """
    exchange.ask(partial(_ask_workers, exchange, result, then), "ZRANGE", CLUSTER.workers, 0, -1)


def _ask_workers(exchange: Exchange, result: str, then: Then, workers: list[bytes] | Exception) -> None:
    if isinstance(workers, Exception):
        then(workers)
        return
    if not workers:
        then(False)
        return
    replies: list[Any] = []

    def replied(reply: Any) -> None:
        replies.append(reply)
        if len(replies) == len(workers):
            errors = [each for each in replies if isinstance(each, Exception)]
            then(True if 1 in replies else errors[0] if errors else False)

    for worker in workers:
        exchange.ask(replied, "HEXISTS", CLUSTER.runs(worker.decode()), result)
