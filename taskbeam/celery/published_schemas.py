"""The schemas of payloads, published by the workers that check them: so a gateway need not load any task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from taskbeam.background.logger import logger_for
from taskbeam.celery.payloads import Payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis import Redis

    from taskbeam.journal.control_keys import ControlKeys

logger = logger_for(__name__)


def publish_schemas(tasks: Mapping[str, object], client: Redis, control: ControlKeys) -> None:
    """Publish those of a worker's tasks, by their names, and withdraw those that are none any more.

    Of several workers with a task of one name the last that has started counts. Raises nothing for a type
    that has no schema, nor because Redis is away.
    """
    schemas: dict[Any, Any] = {}
    for name, task in tasks.items():
        payloads = getattr(task, "taskbeam_payloads", None)
        if payloads is not None and (schema := _schema(name, payloads)):
            schemas[name] = schema
    others = [name for name in tasks if name not in schemas]
    try:
        if schemas:
            client.hset(control.schemas, mapping=schemas)
        if others:
            client.hdel(control.schemas, *others)
    except RedisError as error:
        logger.error(
            "Cannot publish the schemas of the payloads of %s, so no gateway serves them. Restart this "
            "worker when Redis takes them: %s",
            ", ".join(schemas) or "no task",
            error,
        )


def _schema(name: str, payloads: object) -> str:
    if not isinstance(payloads, Payloads):
        logger.error(
            "Task %s: its taskbeam_payloads is a %s, and not used. Write "
            "taskbeam_payloads=taskbeam.Payloads(result=…)",
            name,
            type(payloads).__name__,
        )
        return ""
    try:
        return payloads.schema(name)
    except ImportError:
        logger.error(
            "Task %s: nothing checks its payloads, nor publishes their types. Install pydantic where this "
            "worker runs",
            name,
        )
    except Exception as error:
        logger.error(
            "Task %s: its payloads have no JSON Schema, so no gateway serves one. Correct the types in its "
            "taskbeam_payloads: %s",
            name,
            error,
        )
    return ""
