"""Which queue a message goes to, as Celery publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def queue_of(
    exchange: Any = None,
    routing_key: str | None = None,
    declare: Sequence[Any] | None = None,
    properties: Mapping[str, Any] | None = None,
    **_: Any,
) -> str:
    """The name of the queue; '' where there is not one that it waits in, in order.

    The parameters are those of `before_task_publish`. The anonymous exchange delivers to the queue that is
    named by the routing key (AMQP 0-9-1, 3.1.3.1); Celery declares its default queue also for a message that
    goes elsewhere. A message with a priority overtakes others.
    """
    if properties and properties.get("priority"):
        return ""
    if exchange == "":
        return routing_key or ""
    route = (getattr(exchange, "name", exchange), routing_key)
    names = [queue.name for queue in declare or () if (queue.exchange.name, queue.routing_key) == route]
    return names[0] if len(names) == 1 else ""
