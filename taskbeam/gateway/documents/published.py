"""What workers have published in Redis, read for the documents, as much as fits into them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.documents.catalogue import MOST_BYTES, Catalogue, catalogue

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger(__name__)

#: Tasks that a document tells of.
MOST_TASKS = 500

#: Payloads that one line of the log names.
MOST_NAMED = 20


class PublishedPayloads:
    """The newest of what was published; made into a catalogue once, and in a thread: it may take long."""

    def __init__(self) -> None:
        self._read: tuple[dict[str, bytes], int] = {}, 0
        self._found = Catalogue()

    async def read(self, redis: Redis, control: ControlKeys) -> Catalogue:
        """The types of all tasks' payloads; raises redis-py's errors."""
        read = await _read(redis, control.schemas)
        if read != self._read:
            found = await asyncio.to_thread(catalogue, *read)
            self._read, self._found = read, found
            _say_what_is_missing(found)
        return self._found


async def _read(redis: Any, schemas: str) -> tuple[dict[str, bytes], int]:
    """The schemas of the first tasks by name, as far as there is room, and how many others there are."""
    names = sorted(name for name in await redis.hkeys(schemas) if _is_text(name))
    asked = names[:MOST_TASKS]
    if not asked:
        return {}, 0
    async with redis.pipeline(transaction=False) as pipeline:
        for name in asked:
            pipeline.hstrlen(schemas, name)
        sizes = await pipeline.execute()
    room, taken = MOST_BYTES, []
    for name, size in zip(asked, sizes, strict=True):
        if size <= room:
            room -= size
            taken.append(name)
    found = zip(taken, await redis.hmget(schemas, taken) if taken else (), strict=True)
    published = {name.decode(): schema for name, schema in found if schema is not None}
    return published, len(names) - len(taken)


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False  # no worker of ours has a task of this name
    return True


def _say_what_is_missing(found: Catalogue) -> None:
    if found.unfit:
        logger.warning(
            "The documents of the API lack types of payloads that may stand in none (%s). Correct what these "
            "tasks have registered; until then /schemas/{task name} has them",
            "; ".join([*found.unfit[:MOST_NAMED], *(["…"] if len(found.unfit) > MOST_NAMED else [])]),
        )
    if found.more:
        logger.warning(
            "The documents of the API lack the types of payloads of %s tasks: they tell of %s tasks, in %s "
            "bytes. /schemas/{task name} has all",
            found.more,
            MOST_TASKS,
            MOST_BYTES,
        )
