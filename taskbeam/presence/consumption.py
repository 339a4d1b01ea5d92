"""What a worker consumes at this moment."""

from __future__ import annotations

from typing import Any, NamedTuple


class Consumption(NamedTuple):
    """The names of the queues, how many tasks run at once, and what Celery calls the worker."""

    queues: tuple[str, ...]
    slots: int
    worker: str = ""

    @classmethod
    def of(cls, consumer: Any) -> Consumption:
        """Of Celery's consumer; `add_consumer`, `cancel_consumer` and a shutdown change it while it lives."""
        tasks = consumer.task_consumer
        names = [queue.name for queue in tasks.queues] if tasks else []
        consumed = tuple(name for name in names if tasks.consuming_from(name))
        return cls(consumed, consumer.pool.num_processes or 1, str(getattr(consumer, "hostname", "") or ""))


#: Of a process that runs tasks and consumes nothing itself.
NOTHING = Consumption((), 0)
